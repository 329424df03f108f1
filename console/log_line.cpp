#include "console/log_line.hpp"

#include <algorithm>
#include <format>

#include "console/process_status.hpp"
#include "console/text.hpp"

namespace celeriac::console {
namespace {

struct LevelColour {
  std::string_view level, escape;
};
constexpr LevelColour colours[] = {{"warn", "\x1b[33m"},
                                   {"warning", "\x1b[33m"},
                                   {"error", "\x1b[31m"},
                                   {"assertion", "\x1b[31m"},
                                   {"success", "\x1b[32m"}};

}  // namespace

std::string log_line(const protocol::Json& entry, bool colour) {
  std::string level = text_of(entry, "type");  // of messages that sequences send
  if (level.empty()) level = text_of(entry, "level");
  const std::string source = text_of(entry, "source");
  std::string text = text_of(entry, "message");
  if (text.empty()) text = brief(entry);
  if (!source.empty()) text = source + ": " + text;
  if (const auto dropped = integer_of(entry, "dropped"); dropped > 0)
    text += std::format(" ({} entries before this one were lost)", dropped);
  const auto row = std::ranges::find(colours, level, &LevelColour::level);
  const bool shown = colour && row != std::end(colours);
  const auto time = entry.is_object() ? entry.value("time", protocol::Json()) : protocol::Json();
  return std::format("{}  {}{:<7}{}  {}", time_of_day(time), shown ? row->escape : "", level,
                     shown ? "\x1b[0m" : "", text);
}

}  // namespace celeriac::console
