#include "vm/assets/iso_time.hpp"

#include <chrono>

namespace celeriac::vm {
namespace {

/// Takes texts from the front of another.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool empty() const { return rest_.empty(); }
  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  /// Just so many digits; -1 if there are fewer.
  int digits(std::size_t count) {
    if (rest_.size() < count) return -1;
    int number = 0;
    for (const char c : rest_.substr(0, count)) {
      if (c < '0' || c > '9') return -1;
      number = number * 10 + (c - '0');
    }
    rest_.remove_prefix(count);
    return number;
  }
  /// ".123456" as milliseconds; 0 if there is no fraction.
  std::optional<int> fraction() {
    if (!take('.')) return 0;
    int milliseconds = 0, scale = 100, taken = 0;
    for (int digit = digits(1); digit >= 0; digit = digits(1), ++taken) {
      milliseconds += digit * scale;
      scale /= 10;
    }
    return taken > 0 ? std::optional(milliseconds) : std::nullopt;
  }

 private:
  std::string_view rest_;
};

/// The zone's distance from UTC.
std::optional<std::chrono::minutes> zone(Reader& reader) {
  using std::chrono::minutes;
  if (reader.empty() || reader.take('Z') || reader.take('z')) return minutes(0);
  const int sign = reader.take('-') ? -1 : 1;
  if (sign > 0 && !reader.take('+')) return std::nullopt;
  const int hour = reader.digits(2);
  reader.take(':');
  const int minute = reader.digits(2);
  if (hour < 0 || minute < 0) return std::nullopt;
  return minutes(sign * (hour * 60 + minute));
}

}  // namespace

std::optional<std::int64_t> milliseconds_of(std::string_view iso_time) {
  using namespace std::chrono;
  Reader reader(iso_time);
  const int y = reader.digits(4);
  if (!reader.take('-')) return std::nullopt;
  const int m = reader.digits(2);
  if (!reader.take('-')) return std::nullopt;
  const int d = reader.digits(2);
  if (y < 0 || m < 0 || d < 0) return std::nullopt;
  const year_month_day date{year(y), month(static_cast<unsigned>(m)), day(static_cast<unsigned>(d))};
  if (!date.ok()) return std::nullopt;
  milliseconds time = sys_days(date).time_since_epoch();
  if (reader.empty()) return time.count();

  if (!reader.take('T') && !reader.take(' ')) return std::nullopt;
  const int hour = reader.digits(2);
  if (!reader.take(':')) return std::nullopt;
  const int minute = reader.digits(2);
  int second = 0;
  if (reader.take(':')) second = reader.digits(2);
  const auto fraction = reader.fraction();
  const auto offset = zone(reader);
  if (hour < 0 || hour > 24 || minute < 0 || minute > 59 || second < 0 || second > 60 || !fraction ||
      !offset || !reader.empty())
    return std::nullopt;
  time += hours(hour) + minutes(minute) + seconds(second) + milliseconds(*fraction) - *offset;
  return time.count();
}

}  // namespace celeriac::vm
