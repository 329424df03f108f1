#include "hal/system/readings.hpp"

#include <sys/statvfs.h>
#include <sys/timex.h>

#include <algorithm>
#include <charconv>
#include <fstream>

#include "hal/system/throttling.hpp"

namespace celeriac::hal::system {
namespace {

namespace fs = std::filesystem;
using protocol::Json;

// The beginning of a file without the blanks at its end; nothing if it cannot be read.
std::optional<std::string> text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::string text(max_reading, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  // The device tree ends its texts with a 0.
  while (!text.empty() && (text.back() == '\0' || text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

template <class T>
std::optional<T> number_in(std::string_view text, int base = 10) {
  if (base == 16 && text.starts_with("0x")) text.remove_prefix(2);
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return error == std::errc() && end != text.data() ? std::optional(value) : std::nullopt;
}

template <class T>
std::optional<T> number_of(const fs::path& path, int base = 10) {
  const auto text = text_of(path);
  return text ? number_in<T>(*text, base) : std::nullopt;
}

/// The rest of the line that begins with `key`, without blanks before it.
std::optional<std::string_view> line_of(std::string_view text, std::string_view key) {
  for (std::size_t at = 0; at < text.size();) {
    auto line = text.substr(at, std::min(text.find('\n', at), text.size()) - at);
    at += line.size() + 1;
    if (!line.starts_with(key)) continue;
    line.remove_prefix(std::min(line.find_first_not_of(' ', key.size()), line.size()));
    return line;
  }
  return std::nullopt;
}

std::vector<fs::path> entries(const fs::path& folder, std::string_view prefix = "") {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error))
    if (entry->path().filename().string().starts_with(prefix)) found.push_back(entry->path());
  std::ranges::sort(found);
  return found;
}

std::string model_of(const fs::path& root) {
  for (const char* path : {"proc/device-tree/model", "sys/class/dmi/id/product_name"})
    if (const auto text = text_of(root / path); text && !text->empty()) return *text;
  return {};
}

std::string os_of(const fs::path& root) {
  const auto text = text_of(root / "etc/os-release");
  auto name = text ? line_of(*text, "PRETTY_NAME=").value_or("") : "";
  if (name.size() >= 2 && name.front() == '"' && name.back() == '"') name = name.substr(1, name.size() - 2);
  return std::string(name);
}

// Thousandths of a degree. The processor's zone has a name on a Pi; elsewhere the hottest one counts.
std::optional<double> temperature_of(const fs::path& root) {
  std::optional<double> hottest;
  for (const auto& zone : entries(root / "sys/class/thermal", "thermal_zone")) {
    const auto value = number_of<int>(zone / "temp");
    if (!value) continue;
    const double degrees = *value / 1000.0;
    if (text_of(zone / "type") == "cpu-thermal") return degrees;
    if (!hottest || degrees > *hottest) hottest = degrees;
  }
  return hottest;
}

// Values 1 to 10 are tenths of the life, 11 is beyond it (EXT_CSD 268 and 269, eMMC 5.0).
std::optional<int> worn_percent(std::string_view text) {
  std::optional<int> worst;
  for (const auto part : {text.substr(0, text.find(' ')), text.substr(text.rfind(' ') + 1)})
    if (const auto value = number_in<int>(part, 16); value && *value >= 1 && *value <= 11)
      worst = std::max(worst.value_or(0), *value * 10);
  return worst;
}

CardHealth card_of(const fs::path& root) {
  constexpr std::string_view reserves[] = {"", "normal", "warning", "urgent"};
  CardHealth health;
  for (const auto& card : entries(root / "sys/block", "mmcblk")) {
    if (const auto text = text_of(card / "device/life_time")) {
      const auto worn = worn_percent(*text);
      if (worn && (!health.worn_percent || *worn > *health.worn_percent)) health.worn_percent = worn;
    }
    if (const auto value = number_of<unsigned>(card / "device/pre_eol_info", 16);
        value && *value < std::size(reserves) && health.reserve.empty())
      health.reserve = reserves[*value];
  }
  return health;
}

std::optional<std::uint64_t> disk_errors_of(const fs::path& root) {
  std::optional<std::uint64_t> sum;
  for (const auto& disk : entries(root / "sys/fs/ext4"))
    if (const auto value = number_of<std::uint64_t>(disk / "errors_count")) sum = sum.value_or(0) + *value;
  return sum;
}

// timesyncd leaves a mark when it has set the clock. Without timesyncd the kernel's own flag counts, which
// chrony and ntpd keep.
std::optional<bool> synchronized(const fs::path& root) {
  std::error_code error;
  const auto timesyncd = root / "run/systemd/timesync";
  if (fs::exists(timesyncd, error)) return fs::exists(timesyncd / "synchronized", error);
  if (root != "/") return std::nullopt;  // the kernel is not below another root
  timex kernel{};
  if (::adjtimex(&kernel) < 0) return std::nullopt;
  return (kernel.status & STA_UNSYNC) == 0;
}

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}
Json or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

}  // namespace

Readings read(const Sources& sources) {
  const auto& root = sources.root;
  Readings made{.model = model_of(root), .os = os_of(root), .folder = sources.folder};
  if (const auto text = text_of(root / "proc/uptime")) {
    double seconds = 0;  // "3600.25 14000.10": the second number is idle time
    if (std::from_chars(text->data(), text->data() + text->size(), seconds).ec == std::errc())
      made.uptime_s = seconds;
  }
  made.temperature_c = temperature_of(root);
  made.throttling =
      number_of<std::uint32_t>(root / "sys/devices/platform/soc/soc:firmware/get_throttled", 16);
  if (const auto text = text_of(root / "proc/meminfo")) {
    const auto bytes = [&](std::string_view key) -> std::optional<std::uint64_t> {
      const auto line = line_of(*text, key);
      const auto kibibytes = line ? number_in<std::uint64_t>(*line) : std::nullopt;
      return kibibytes ? std::optional(*kibibytes * 1024) : std::nullopt;
    };
    made.memory_total = bytes("MemTotal:");
    made.memory_available = bytes("MemAvailable:");
  }
  struct statvfs disk{};
  if (::statvfs(sources.folder.c_str(), &disk) == 0) {
    made.disk_total = std::uint64_t{disk.f_blocks} * disk.f_frsize;
    made.disk_free = std::uint64_t{disk.f_bavail} * disk.f_frsize;
  }
  made.card = card_of(root);
  made.disk_errors = disk_errors_of(root);
  made.synchronized = synchronized(root);
  return made;
}

Json document(const Readings& readings) {
  Json words = nullptr;
  if (readings.throttling) {
    words = Json::array();
    for (const auto word : throttling_words(*readings.throttling)) words.push_back(word);
  }
  return {{"model", or_null(readings.model)},
          {"os", or_null(readings.os)},
          {"uptime_s", or_null(readings.uptime_s)},
          {"temperature_c", or_null(readings.temperature_c)},
          {"throttling", std::move(words)},
          {"memory",
           {{"total", or_null(readings.memory_total)}, {"available", or_null(readings.memory_available)}}},
          {"disk",
           {{"path", readings.folder.string()},
            {"total", or_null(readings.disk_total)},
            {"free", or_null(readings.disk_free)},
            {"health",
             {{"worn_percent", or_null(readings.card.worn_percent)},
              {"reserve", or_null(readings.card.reserve)},
              {"errors", or_null(readings.disk_errors)}}}}},
          {"clock", {{"synchronized", or_null(readings.synchronized)}}}};
}

}  // namespace celeriac::hal::system
