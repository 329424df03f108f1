#include "console/doctor/bundle.hpp"

#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <format>
#include <fstream>
#include <ranges>

#include "console/doctor/report.hpp"

namespace celeriac::console::doctor {
namespace asio = boost::asio;
namespace fs = std::filesystem;
using protocol::Json;
using protocol::Result;
using protocol::Status;

namespace {

constexpr const char* hidden = "(left out)";

/// Words in a name that tell of a secret; a name that ends in "file" only tells where it is.
constexpr std::string_view secret_words[] = {"password", "passwd", "token", "secret", "key"};

bool is_secret(std::string_view name) {
  std::string lower(name.substr(0, name.find_last_not_of(" \t") + 1));
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  });
  if (lower.ends_with("file") || lower.ends_with("file\"")) return false;
  return std::ranges::any_of(secret_words, [&](std::string_view word) { return lower.contains(word); });
}

/// "mqtts://user:pass@host" without its user.
std::string without_users(std::string line) {
  for (auto at = line.find("://"); at != line.npos; at = line.find("://", at + 3)) {
    const auto begin = at + 3;
    const auto end = line.find_first_of(" \t\"'/?#", begin);
    const auto sign = line.substr(begin, end - begin).rfind('@');
    if (sign != std::string::npos) line.replace(begin, sign, hidden);
  }
  return line;
}

std::string json_text(const Json& value) {
  return value.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

void hide(Json& value, int depth) {
  if (value.is_string()) value = without_users(value.get<std::string>());
  if (!value.is_structured() || depth > protocol::max_document_depth) return;
  for (auto& [key, item] : value.items())
    if (value.is_object() && is_secret(key) && !item.is_null())
      item = hidden;
    else
      hide(item, depth + 1);
}

Json answer(const Answer& answer) {
  return answer ? *answer : Json{{"error", answer.error().document()}};
}

std::string status_text(const Facts& facts) {
  Json units = Json::array();
  if (facts.units)
    for (const auto& unit : *facts.units)
      units.push_back({{"name", unit.name},
                       {"load", unit.load},
                       {"active", unit.active},
                       {"sub", unit.sub},
                       {"result", unit.result},
                       {"enabled", unit.enabled},
                       {"restarts", unit.restarts},
                       {"watchdog", unit.watchdog}});
  return json_text({{"status", answer(facts.vm_status)},
                    {"hypervisor", answer(facts.hypervisor_status)},
                    {"image", answer(facts.image)},
                    {"packages", answer(facts.packages)},
                    {"sync_status", answer(facts.sync)},
                    {"processes", answer(facts.processes)},
                    {"units", std::move(units)}});
}

std::string versions_text(const Facts& facts) {
  std::string text;
  for (const auto& program : facts.programs)
    text += std::format("{}\t{}\t{}\n", program.name, program.version ? *program.version : "?",
                        program.path.string());
  utsname system{};
  if (::uname(&system) == 0)
    text += std::format("{} {} {} {}\n", system.sysname, system.release, system.version, system.machine);
  return text;
}

/// Collects files, and what is missing with its reason.
struct Basket {
  std::vector<BundleFile> files;
  std::string missing;

  void add(std::string name, std::string bytes) { files.push_back({std::move(name), std::move(bytes)}); }
  void miss(std::string_view name, std::string_view why) { missing += std::format("{}: {}\n", name, why); }

  void add_file(const std::string& name, const fs::path& path, std::size_t most, bool text) {
    std::ifstream stream(path, std::ios::binary);
    std::error_code error;
    const auto size = fs::file_size(path, error);
    if (!stream || error) return miss(name, error ? error.message() : "it cannot be read; try with sudo");
    if (size > most) return miss(name, std::format("its {} bytes are too many", size));
    std::string bytes(std::istreambuf_iterator<char>(stream), {});
    add(name, text ? without_secrets(bytes) : std::move(bytes));
  }

  /// Regular files of a directory, in order, a bounded number.
  void add_directory(const std::string& name, const fs::path& directory, std::size_t most) {
    std::vector<fs::path> found;
    std::error_code error;
    for (fs::directory_iterator at(directory, error), end; !error && at != end && found.size() < max_files;
         at.increment(error)) {
      std::error_code ignored;
      if (at->is_regular_file(ignored)) found.push_back(at->path());
    }
    if (error) return miss(name, error.message());
    std::ranges::sort(found);
    for (const auto& path : found)
      add_file(name + "/" + path.filename().string(), path, most, path.extension() != ".trace");
  }
};

asio::awaitable<void> add_journal(const Surroundings& at, const Facts& facts, Basket& basket) {
  if (!facts.systemd) {
    basket.miss("journal.txt", "systemd does not run here: the log stands where `celeriac up` was started");
    co_return;
  }
  // Named: g++ 14 does not take a list of texts inside the expression that awaits.
  std::vector<std::string> words{
      "journalctl",          "--no-pager",         "--output=short-iso",     journal_lines,
      "--unit=celeriac-hal", "--unit=celeriac-vm", "--unit=celeriac-gateway"};
  const Bounds bounds{.time = journal_patience, .bytes = max_journal_bytes};
  const auto said = co_await at.run(std::move(words), bounds);
  if (said && said->status == 0)
    basket.add("journal.txt", without_secrets(said->output));
  else
    basket.miss("journal.txt", said ? said->error : said.error().message);
}

asio::awaitable<void> add_trace(const Surroundings& at, const Facts& facts, Basket& basket) {
  const auto hal = std::ranges::find(facts.programs, "celeriac-hal", &Program::name);
  if (hal == facts.programs.end() || hal->path.empty()) {
    basket.miss("trace.trace", "celeriac-hal is not found");
    co_return;
  }
  std::string file = (fs::temp_directory_path() / "celeriac-doctor-XXXXXX").string();
  const int descriptor = ::mkstemp(file.data());
  if (descriptor < 0) {
    basket.miss("trace.trace", "no temporary file can be made");
    co_return;
  }
  ::close(descriptor);
  std::vector<std::string> words{
      hal->path.string(), "trace",    "export",   "--dir", at.context.recording_directory().string(),
      "--since",          trace_time, "--output", file};
  const Bounds bounds{.time = trace_patience};
  const auto said = co_await at.run(std::move(words), bounds);
  if (said && said->status == 0)
    basket.add_file("trace.trace", file, max_trace_bytes, false);
  else
    basket.miss("trace.trace", said ? said->error : said.error().message);
  std::error_code ignored;
  fs::remove(file, ignored);
}

/// The newest of what the hypervisor put aside: names begin with the time.
void add_fault(const fs::path& faults, Basket& basket) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator at(faults, error), end; !error && at != end; at.increment(error)) {
    std::error_code ignored;
    if (at->is_directory(ignored) && at->path().extension() != ".unfinished") found.push_back(at->path());
  }
  if (found.empty()) return basket.miss("fault", "the hypervisor has put nothing aside");
  const auto newest = std::ranges::max(found);
  basket.add("fault/name.txt", newest.filename().string() + "\n");
  basket.add_directory("fault", newest, max_trace_bytes);
}

}  // namespace

std::string without_secrets(std::string_view text) {
  if (Json document = Json::parse(text, nullptr, false); document.is_structured()) {
    hide(document, 0);
    return json_text(document);
  }
  std::string out;
  for (const auto part : std::views::split(text, '\n')) {
    std::string line(part.begin(), part.end());
    if (const auto sign = line.find('='); sign != line.npos && is_secret(line.substr(0, sign)))
      line = line.substr(0, sign + 1) + " " + hidden;
    out += without_users(std::move(line)) + "\n";
  }
  out.pop_back();  // what was split had one fewer
  return out;
}

asio::awaitable<std::vector<BundleFile>> collect(const Surroundings& at, const Facts& facts,
                                                 const Diagnosis& diagnosis) {
  Basket basket;
  basket.add("doctor.txt", report_text(diagnosis, false) + "\n" + summary(diagnosis) + "\n");
  basket.add("doctor.json", json_text(report_document(diagnosis)));
  basket.add("status.json", status_text(facts));
  basket.add("versions.txt", versions_text(facts));
  if (facts.remote) {
    basket.miss("everything else", "the machine is another one: make the bundle there");
  } else {
    if (!facts.files.empty()) basket.add_directory("configuration", facts.configuration, max_text_bytes);
    const fs::path state = at.context.recording_directory();
    for (const char* name :
         {"parameters.json", "settings.json", "outputs.json", "position.json", "lock.json"})
      basket.add_file(std::string("settings/") + name, state / name, max_text_bytes, true);
    add_fault(state / "faults", basket);
    co_await add_journal(at, facts, basket);
    co_await add_trace(at, facts, basket);
  }
  if (!basket.missing.empty()) basket.add("missing.txt", basket.missing);
  co_return std::move(basket.files);
}

}  // namespace celeriac::console::doctor
