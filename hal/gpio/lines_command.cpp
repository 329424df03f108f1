#include "hal/gpio/lines_command.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <format>
#include <iostream>

namespace celeriac::hal::gpio {
namespace {

constexpr std::string_view marks[] = {"ok      ", "remark  ", "fault   "};

}  // namespace

int lines_command(int count, char** words) {
  std::filesystem::path file;
  bool file_only = false;
  CLI::App app("celeriac-hal lines: the GPIO lines of this computer.", "celeriac-hal lines");
  app.add_option("--check", file, "says what is wrong with this file, and with its lines on this computer")
      ->type_name("FILE")
      ->required();
  app.add_flag("--file-only", file_only, "do not look at the computer");
  app.footer("Example: celeriac-hal lines --check /etc/celeriac/lines.json");
  CLI11_PARSE(app, count, words);
  boost::asio::io_context io(1);
  const auto chips = file_only ? nullptr : make_chips(io);
  const auto findings = check_lines(file, chips.get());
  for (const auto& [verdict, sentence] : findings)
    std::cout << marks[static_cast<std::size_t>(verdict)] << sentence << '\n';
  return std::ranges::contains(findings, Verdict::fault, &Finding::verdict) ? 1 : 0;
}

}  // namespace celeriac::hal::gpio
