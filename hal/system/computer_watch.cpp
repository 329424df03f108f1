#include "hal/system/computer_watch.hpp"

#include <algorithm>
#include <format>

namespace celeriac::hal::system {
namespace {

using firmware::Severity;
using protocol::Json;

constexpr std::uint64_t mebibyte = 1024 * 1024;
constexpr std::uint32_t under_voltage_bit = 1;

/// One thing that may be bad: the sentence while it is, nothing while it is not or nobody knows.
struct Row {
  std::string_view code;
  std::optional<std::string> (*look)(const Readings& readings, bool known);
  std::string_view relief;
};
constexpr Row rows[] = {
    {"disk_nearly_full",
     [](const Readings& readings, bool) -> std::optional<std::string> {
       if (!readings.disk_free || *readings.disk_free >= low_disk_bytes) return std::nullopt;
       return std::format(
           "The disk is nearly full: {} MB are left for {}, less than {} MB. Remove what is not "
           "needed: photos, packages, logs.",
           *readings.disk_free / mebibyte, readings.folder.string(), low_disk_bytes / mebibyte);
     },
     "The disk has room again."},
    {"too_hot",
     [](const Readings& readings, bool known) -> std::optional<std::string> {
       if (!readings.temperature_c || *readings.temperature_c < (known ? cool_c : hot_c)) return std::nullopt;
       return std::format(
           "The computer is at {:.0f} °C: from {:.0f} °C on it slows down. Give its box shade "
           "and air.",
           *readings.temperature_c, hot_c);
     },
     "The computer has cooled down."},
    {"under_voltage",
     [](const Readings& readings, bool) -> std::optional<std::string> {
       if (!readings.throttling || (*readings.throttling & under_voltage_bit) == 0) return std::nullopt;
       return "The computer's supply is below 4.63 V: it may crash, and spoil its card. Check the power "
              "supply "
              "and its cable.";
     },
     "The computer's supply is as it should be again."},
    {"clock_not_synchronized",
     [](const Readings& readings, bool) -> std::optional<std::string> {
       const bool early = readings.uptime_s.value_or(0) < clock_patience_s;
       if (early || readings.synchronized.value_or(true)) return std::nullopt;
       return "The clock is not set from the network, so farm events may come at wrong times: is there a "
              "network?";
     },
     "The clock is set from the network again."},
    {"card_worn",
     [](const Readings& readings, bool) -> std::optional<std::string> {
       const bool worn = readings.card.worn_percent.value_or(0) >= worn_percent_bound;
       if (!worn && readings.card.reserve != "warning" && readings.card.reserve != "urgent")
         return std::nullopt;
       return std::format(
           "The computer's memory card says that it is worn out{}: replace it soon, and keep a "
           "backup until then.",
           worn ? std::format(" ({} % of its life)", *readings.card.worn_percent) : "");
     },
     "The computer's memory card is another one."},
    {"disk_errors",
     [](const Readings& readings, bool) -> std::optional<std::string> {
       if (readings.disk_errors.value_or(0) == 0) return std::nullopt;
       return std::format("The file system has met {} errors: check the disk, and make a backup now.",
                          *readings.disk_errors);
     },
     "The file system has no errors any more."},
};

}  // namespace

std::vector<Finding> findings(const Readings& readings, const std::set<std::string>& known) {
  std::vector<Finding> found;
  for (const auto& row : rows)
    if (auto message = row.look(readings, known.contains(std::string(row.code))))
      found.push_back({std::string(row.code), std::move(*message)});
  return found;
}

std::string_view relief(std::string_view code) {
  const auto* row = std::ranges::find(rows, code, &Row::code);
  return row == std::end(rows) ? "" : row->relief;
}

ComputerWatch::ComputerWatch(Parts parts) : parts_(std::move(parts)), timer_(parts_.timers.make()) {}

ComputerWatch::~ComputerWatch() {
  *alive_ = false;
}

void ComputerWatch::start() {
  look();
}

void ComputerWatch::ask(Fresh fresh) {
  const bool recent = !document_.is_null() && parts_.timers.now() - seen_at_ < fresh_for;
  if (recent || waiting_.size() >= max_reading_waiters) return fresh(document_);
  waiting_.push_back(std::move(fresh));
  look();
}

void ComputerWatch::look() {
  if (std::exchange(looking_, true)) return;
  const auto readings = std::make_shared<Readings>();
  parts_.background([readings, read = parts_.read] { *readings = read(); },
                    [this, alive = alive_, readings] {
                      if (!*alive) return;
                      looking_ = false;
                      seen(*readings);
                    });
}

void ComputerWatch::seen(const Readings& readings) {
  seen_at_ = parts_.timers.now();
  timer_->set(watch_period, [this] { look(); });
  const auto found = findings(readings, bad_);
  std::set<std::string> now;
  for (const auto& finding : found) {
    now.insert(finding.code);
    if (!bad_.contains(finding.code)) parts_.say(Severity::warn, finding.message);
  }
  for (const auto& code : bad_)
    if (!now.contains(code)) parts_.say(Severity::info, std::string(relief(code)));
  bad_ = std::move(now);
  auto document = system::document(readings);
  const bool differs = document != document_;
  document_ = std::move(document);
  if (differs) parts_.changed();
  for (auto& waiter : std::exchange(waiting_, {})) waiter(document_);
}

}  // namespace celeriac::hal::system
