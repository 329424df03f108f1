#include "hal/recording/trace_command.hpp"

#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <thread>

#include "hal/recording/replay.hpp"
#include "hal/recording/ring.hpp"
#include "hal/recording/transcript.hpp"

namespace celeriac::hal::recording {
namespace {

namespace fs = std::filesystem;
using protocol::Result;
using protocol::Status;

constexpr std::chrono::milliseconds follow_period{200};

struct Options {
  fs::path dir, file, output;
  std::string since;
  bool follow = false, everything = false;
};

/// "90s", "10m", "2h", "1d".
Result<std::optional<std::chrono::milliseconds>> parse_since(std::string_view text) {
  if (text.empty()) return std::nullopt;
  constexpr std::pair<char, std::int64_t> units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const auto unit = std::ranges::find(units, text.back(), &std::pair<char, std::int64_t>::first);
  if (error != std::errc() || end != text.data() + text.size() - 1 || unit == std::end(units) ||
      number <= 0 || number > 100000)
    return protocol::fail(
        Status::malformed,
        std::format("--since takes a time such as 90s, 10m, 2h or 1d, and not \"{}\".", text));
  return std::chrono::seconds(number * unit->second);
}

Result<std::string> read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return protocol::fail(Status::not_found, std::format("{} cannot be read.", path.string()));
  return std::string(std::istreambuf_iterator<char>(file), {});
}

/// The recording that the arguments name: a file, or the ring of a folder.
Result<std::string> recording_of(const Options& options) {
  if (!options.file.empty()) return read_file(options.file);
  if (options.dir.empty())
    return protocol::fail(Status::malformed,
                          "Which recording? Name a file, or the hypervisor's folder with --dir.");
  const auto since = parse_since(options.since);
  if (!since) return std::unexpected(since.error());
  auto text = merged(options.dir / "trace", *since, protocol::now_milliseconds());
  if (text.empty())
    return protocol::fail(Status::not_found,
                          std::format("There is no recording in {}: has a hypervisor run there?",
                                      (options.dir / "trace").string()));
  return text;
}

template <class Take>
void each_line(std::string_view text, Take&& take) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size() - 1) + 1;
    take(text.substr(0, end));
    text.remove_prefix(end);
  }
}

Result<int> show(const Options& options) {
  const auto text = recording_of(options);
  if (!text) return std::unexpected(text.error());
  Transcript transcript(options.everything);
  const auto print = [&](std::string_view line) { std::cout << transcript.take(line); };
  each_line(*text, print);
  std::cout.flush();
  if (!options.follow) return 0;
  // From the end of the newest file on, and through those that come after it.
  const auto directory = options.dir / "trace";
  fs::path present;
  std::size_t position = 0;
  std::string rest;
  if (const auto segments = segments_of(directory); !segments.empty()) {
    present = segments.back();
    if (const auto now = read_file(present)) position = now->rfind('\n') + 1;
  }
  while (std::cout) {
    std::this_thread::sleep_for(follow_period);
    const auto segments = segments_of(directory);
    auto at = std::ranges::find(segments, present);
    if (at == segments.end()) at = segments.begin(), position = 0;
    for (; at != segments.end(); ++at, position = 0) {
      present = *at;
      std::ifstream file(present, std::ios::binary);
      file.seekg(static_cast<std::streamoff>(position));
      rest.assign(std::istreambuf_iterator<char>(file), {});
      rest.resize(rest.rfind('\n') + 1);
      each_line(rest, print);
      position += rest.size();
      if (at + 1 == segments.end()) break;
    }
    std::cout.flush();
  }
  return 0;
}

Result<int> write_out(const Options& options) {
  const auto text = recording_of(options);
  if (!text) return std::unexpected(text.error());
  if (options.output.empty() || options.output == "-") {
    std::cout << *text << std::flush;
    return 0;
  }
  std::ofstream file(options.output, std::ios::binary);
  if (!(file << *text).flush())
    return protocol::fail(Status::failed, std::format("{} cannot be written.", options.output.string()));
  std::cout << std::format("{}: {} lines, {} bytes\n", options.output.string(),
                           std::ranges::count(*text, '\n'), text->size());
  return 0;
}

Result<int> play(const Options& options) {
  const auto text = recording_of(options);
  if (!text) return std::unexpected(text.error());
  const auto replayed = replay(*text);
  if (!replayed) return std::unexpected(replayed.error());
  std::cout << report(*replayed);
  return replayed->difference ? 1 : 0;
}

}  // namespace

int trace_command(int count, char** words) {
  Options options;
  Result<int> (*action)(const Options&) = nullptr;
  CLI::App app("celeriac-hal trace: the recording of what went over the line to the board.",
               "celeriac-hal trace");
  app.require_subcommand(1);
  const auto command = [&](const char* name, const char* summary, Result<int> (*does)(const Options&)) {
    auto* made = app.add_subcommand(name, summary);
    made->add_option("--dir", options.dir, "folder of the hypervisor");
    made->add_option("--since", options.since, "only the last 90s, 10m, 2h, 1d");
    made->callback([&action, does] { action = does; });
    return made;
  };
  auto* shown = command("show", "Shows it for a person.", show);
  shown->add_option("file", options.file, "an exported recording; else the ring in --dir");
  auto* follow = shown->add_flag("--follow", options.follow, "and what comes, until Ctrl-C");
  shown->add_flag("--all", options.everything, "also what only a replay needs");
  follow->needs("--dir");
  auto* exported = command("export", "Makes one file of the ring.", write_out);
  exported->add_option("-o,--output", options.output, "file to write; else standard output");
  auto* replayed = command("replay", "Has it happen again, and compares what the hypervisor does.", play);
  replayed->add_option("file", options.file, "an exported recording; else the ring in --dir");
  CLI11_PARSE(app, count, words);
  spdlog::set_level(spdlog::level::off);
  const auto status = action(options);
  if (status) return *status;
  std::cerr << "celeriac-hal trace: " << status.error().message << '\n';
  return status.error().status == Status::malformed ? 2 : 1;
}

}  // namespace celeriac::hal::recording
