#include "hal/recording/fault_bundles.hpp"

#include <algorithm>
#include <format>
#include <fstream>

namespace celeriac::hal::recording {

namespace fs = std::filesystem;
using firmware::Severity;
using protocol::Json;

namespace {

using Files = std::vector<std::pair<std::string, std::string>>;

/// A code of an error may come from anywhere one day; a name of a folder does not.
std::string as_name(std::string_view code) {
  std::string name(code.substr(0, 40));
  for (char& letter : name)
    if (!((letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '_'))
      letter = '-';
  return name.empty() ? std::string(any_error) : name;
}

std::string time_name(std::int64_t wall_ms) {
  const auto wall = std::chrono::floor<std::chrono::seconds>(
      std::chrono::sys_time<std::chrono::milliseconds>(std::chrono::milliseconds(wall_ms)));
  return std::format("{:%FT%H-%M-%S}Z", wall);
}

std::string log_text(const std::deque<Json>& entries) {
  std::string text;
  for (const auto& entry : entries) {
    const std::chrono::sys_time<std::chrono::milliseconds> wall{
        std::chrono::milliseconds(entry["time"].get<std::int64_t>())};
    text += std::format("{:%FT%T}Z {}: {}\n", wall, entry["level"].get_ref<const std::string&>(),
                        entry["message"].get_ref<const std::string&>());
  }
  return text;
}

// Names begin with the time, so the first is the oldest.
void remove_oldest(const fs::path& directory) {
  std::vector<fs::path> bundles;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error))
    if (entry->is_directory(error)) bundles.push_back(entry->path());
  std::ranges::sort(bundles);
  for (std::size_t i = 0; i + max_bundles < bundles.size(); ++i) fs::remove_all(bundles[i], error);
}

// Under a name that says "not yet", then under its own: a bundle is whole or not there.
std::string write_bundle(const fs::path& path, const Files& files) {
  const fs::path unfinished = path.string() + ".unfinished";
  std::error_code error;
  fs::create_directories(unfinished, error);
  for (const auto& [name, text] : files) {
    std::ofstream file(unfinished / name, std::ios::binary);
    file << text;
    if (!file.flush()) {
      fs::remove_all(unfinished, error);
      return std::format("{} cannot be written", (unfinished / name).string());
    }
  }
  fs::rename(unfinished, path, error);
  if (error) return std::format("{}: {}", path.string(), error.message());
  remove_oldest(path.parent_path());
  return {};
}

}  // namespace

FaultBundles::FaultBundles(fs::path directory, Timers& timers, Ring& ring, const Recorder& recorder,
                           settings::Background background, Describe describe, Report report)
    : directory_(std::move(directory)),
      timers_(timers),
      ring_(ring),
      recorder_(recorder),
      background_(std::move(background)),
      describe_(std::move(describe)),
      report_(std::move(report)),
      timer_(timers.make()) {}

FaultBundles::~FaultBundles() {
  *alive_ = false;
}

void FaultBundles::fault(const std::string& code, const std::string& message) {
  if (fault_) {
    if (fault_->code == any_error && code != any_error) fault_->code = code, fault_->message = message;
    return;
  }
  if (last_ && timers_.now() - *last_ < bundle_spacing) return;
  last_ = timers_.now();
  fault_ = Fault{code, message, protocol::now_milliseconds()};
  timer_->set(collect_time, [this] { collect(); });
}

void FaultBundles::finish() {
  if (!fault_) return;
  timer_->cancel();
  collect();
}

void FaultBundles::collect() {
  auto fault = std::move(*fault_);
  fault_.reset();
  Files files = describe_();
  files.emplace_back("log.txt", log_text(recorder_.kept_log()));
  files.emplace_back("README.txt", std::format("{}\n\n`celeriac trace show trace.trace` shows what went over "
                                               "the line to the board, `celeriac trace "
                                               "replay trace.trace` has it happen again.\n",
                                               fault.message));
  ring_.flush([this, alive = alive_, files = std::move(files), fault = std::move(fault)]() mutable {
    if (!*alive) return;
    const auto path = directory_ / std::format("{}-{}", time_name(fault.wall_ms), as_name(fault.code));
    auto trouble = std::make_shared<std::string>();
    background_(
        [trouble, path, files = std::move(files), ring = ring_.directory()]() mutable {
          files.emplace_back("trace.trace", merged(ring, bundle_trace, protocol::now_milliseconds()));
          *trouble = write_bundle(path, files);
        },
        [this, alive, trouble, path] {
          if (*alive) done(path.string(), *trouble);
        });
  });
}

void FaultBundles::done(const std::string& path, const std::string& trouble) {
  const bool failed = !trouble.empty();
  if (!failed)
    report_(Severity::info, std::format("What happened is kept in {}.", path));
  else if (!in_trouble_)
    report_(Severity::warn, std::format("What happened could not be kept: {}.", trouble));
  in_trouble_ = failed;
}

}  // namespace celeriac::hal::recording
