// What our programs say of themselves, and systemd of our units.

#include <algorithm>
#include <charconv>
#include <format>
#include <ranges>

#include "console/doctor/gather.hpp"
#include "console/up/supervisor.hpp"

namespace celeriac::console::doctor {
namespace asio = boost::asio;
namespace fs = std::filesystem;
using protocol::Json;
using protocol::Result;
using protocol::Status;

namespace {

struct ProgramRow {
  const char* name;
  bool needed;
};
constexpr ProgramRow program_rows[] = {{"celeriac-hal", true},
                                       {"celeriac-vm", true},
                                       {"celeriac-guest", true},
                                       {"celeriac-gateway", false},
                                       {"celeriac-firmware-sim", false}};

constexpr const char* units[] = {"celeriac-hal.service", "celeriac-vm.service", "celeriac-gateway.service",
                                 "celeriac-hal.socket", "celeriac-vm.socket"};
constexpr const char* properties =
    "--property=Id,LoadState,ActiveState,SubState,Result,NRestarts,WatchdogUSec,UnitFileState";

/// The last word of the first line: "celeriac 0.4.0", or "0.4.0".
std::string version_of(std::string_view text) {
  text = text.substr(0, text.find('\n'));
  while (text.ends_with(' ')) text.remove_suffix(1);
  const auto blank = text.find_last_of(' ');
  return std::string(blank == text.npos ? text : text.substr(blank + 1));
}

asio::awaitable<Result<std::string>> ask_version(const Surroundings& at, const fs::path& program) {
  const auto said = co_await at.run({program.string(), "--version"}, {});
  if (!said) co_return std::unexpected(said.error());
  if (said->status != 0)
    co_return protocol::fail(Status::failed, std::format("its status is {}. {}", said->status, said->error));
  co_return version_of(said->output);
}

/// Blocks of NAME=VALUE lines with an empty line between: what `systemctl show` says of several units.
std::vector<Unit> read_units(std::string_view text) {
  std::vector<Unit> found;
  bool fresh = true;
  for (const auto part : std::views::split(text, '\n')) {
    const std::string_view line(part.begin(), part.end());
    const auto equals = line.find('=');
    if (equals == line.npos) {
      fresh = true;
      continue;
    }
    if (std::exchange(fresh, false)) found.emplace_back();
    const std::string_view key = line.substr(0, equals);
    const std::string value(line.substr(equals + 1));
    Unit& unit = found.back();
    if (key == "Id") unit.name = value;
    if (key == "LoadState") unit.load = value;
    if (key == "ActiveState") unit.active = value;
    if (key == "SubState") unit.sub = value;
    if (key == "Result") unit.result = value;
    if (key == "UnitFileState") unit.enabled = value;
    if (key == "NRestarts") std::from_chars(value.data(), value.data() + value.size(), unit.restarts);
    if (key == "WatchdogUSec") unit.watchdog = value != "0" && value != "infinity" && !value.empty();
  }
  return found;
}

asio::awaitable<Result<std::vector<Unit>>> ask_systemd(const Surroundings& at) {
  std::vector<std::string> words{"systemctl", "show", "--no-pager", properties};
  words.insert(words.end(), std::begin(units), std::end(units));
  const auto said = co_await at.run(std::move(words), {});
  if (!said) co_return std::unexpected(said.error());
  if (said->status != 0)
    co_return protocol::fail(Status::failed, std::format("systemctl does not tell: {}", said->error));
  co_return read_units(said->output);
}

/// The hypervisor's own program knows what makes a file of lines good. One that is older does not, and ends
/// with another status than that of a fault.
asio::awaitable<void> check_lines_file(const Surroundings& at, Facts& facts) {
  constexpr int fault_status = 1;
  const fs::path file = facts.configuration / "lines.json";
  const auto hal = std::ranges::find(facts.programs, "celeriac-hal", &Program::name);
  std::error_code error;
  if (hal == facts.programs.end() || hal->path.empty() || !fs::exists(file, error)) co_return;
  std::vector<std::string> words{hal->path.string(), "lines", "--check", file.string(), "--file-only"};
  const auto said = co_await at.run(std::move(words), {});
  if (!said || (said->status != 0 && said->status != fault_status)) co_return;
  if (said->status == 0)
    facts.lines = Json{{"said", said->output}};
  else
    facts.lines = std::unexpected(protocol::Error{
        .status = Status::malformed, .message = said->output + said->error, .code = "refused"});
}

}  // namespace

asio::awaitable<void> ask_system(const Surroundings& at, Facts& facts) {
  const auto& world = at.context.world();
  facts.programs.push_back(
      {.name = "celeriac", .path = world.programs / "celeriac", .version = std::string(CELERIAC_VERSION)});
  for (const auto& [name, needed] : program_rows) {
    Program program{.name = name, .needed = needed};
    if (auto path = find_program(world.programs, world.variable("PATH").value_or(""), name)) {
      program.path = std::move(*path);
      program.version = co_await ask_version(at, program.path);
    }
    facts.programs.push_back(std::move(program));
  }
  co_await check_lines_file(at, facts);
  std::error_code error;
  facts.systemd = fs::exists(at.root / "run/systemd/system", error);  // as sd_booted(3) looks
  if (facts.systemd) facts.units = co_await ask_systemd(at);
}

}  // namespace celeriac::console::doctor
