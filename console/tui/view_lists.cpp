// Lists that scroll: the log, the raw view, the keys.

#include <algorithm>
#include <format>

#include "console/text.hpp"
#include "console/tui/view_parts.hpp"

namespace celeriac::console::tui {
using namespace ftxui;

namespace {

/// The last `rows` of what is shown, down to where the person has scrolled.
template <class Ring, class Draw>
Element list_of(const Ring& ring, const std::vector<std::uint64_t>& shown, const Scroll& scroll, int rows,
                Draw draw) {
  const std::uint64_t oldest = ring.count() - ring.entries().size();
  const std::size_t end = scroll.visible(shown);
  const std::size_t begin =
      end > static_cast<std::size_t>(std::max(rows, 0)) ? end - static_cast<std::size_t>(rows) : 0;
  Elements lines;
  for (std::size_t i = begin; i < end; ++i)
    lines.push_back(draw(ring.entries()[static_cast<std::size_t>(shown[i] - oldest)]));
  while (static_cast<int>(lines.size()) < rows) lines.push_back(text(""));
  return vbox(std::move(lines));
}

std::string scrolled(const Scroll& scroll, const std::vector<std::uint64_t>& shown) {
  const auto below = shown.size() - scroll.visible(shown);
  return below > 0 ? std::format("  {} below, End", below) : std::string();
}

std::string filter_text(const std::string& filter) {
  return filter.empty() ? std::string() : std::format("  filter \"{}\"", filter);
}

}  // namespace

std::string log_remark(const Scene& scene) {
  return std::format("{}+{}{}", name_of(scene.ui.least), filter_text(scene.ui.log_filter),
                     scrolled(scene.ui.log_scroll, scene.shown));
}

Element log_part(const Scene& scene, int rows) {
  return list_of(scene.model.log, scene.shown, scene.ui.log_scroll, rows, [&](const LogEntry& entry) {
    auto line = row(line_of(entry), scene.size.columns);
    if (entry.level == Level::error) return line | bold | color(Color::Red);
    if (entry.level == Level::warn) return line | color(Color::Yellow);
    if (entry.word == "success") return line | color(Color::Green);
    return line;
  });
}

std::string raw_remark(const Scene& scene) {
  std::string taps;
  for (const auto tap : {Tap::vm, Tap::hypervisor, Tap::wire})
    if (scene.ui.taps[static_cast<std::size_t>(tap)])
      taps += (taps.empty() ? "" : " ") + std::string(name_of(tap));
  std::string text = (taps.empty() ? "nothing" : taps) + (scene.ui.routine ? " routine" : "");
  if (scene.ui.paused) text += std::format("  PAUSED, {} missed", scene.model.raw_missed);
  return text + filter_text(scene.ui.raw_filter) + scrolled(scene.ui.raw_scroll, scene.shown);
}

Element raw_part(const Scene& scene, int rows) {
  if (scene.shown.empty())
    return vbox({row("Nothing that is shown here has passed yet; k shows keep-alives and polls as well.",
                     scene.size.columns) |
                 dim}) |
           ftxui::size(HEIGHT, EQUAL, rows);
  return list_of(scene.model.raw, scene.shown, scene.ui.raw_scroll, rows, [&](const RawEntry& entry) {
    auto line = row(line_of(entry), scene.size.columns);
    return entry.outward ? line : line | bold;
  });
}

Element help_part(const Scene& scene, int rows) {
  struct Part {
    Scope scope;
    const char* name;
  };
  constexpr Part parts[] = {{Scope::everywhere, "everywhere"},
                            {Scope::browsing, ""},
                            {Scope::lists, "log and raw view"},
                            {Scope::log, ""},
                            {Scope::raw, ""},
                            {Scope::jog, "jog mode"}};
  std::vector<Element> lines;
  const int columns = scene.size.columns / 2;
  for (const auto& part : parts) {
    if (part.name[0] != 0) lines.push_back(text(part.name) | bold | underlined);
    for (const auto& binding : bindings())
      if (binding.scope == part.scope && !binding.help.empty())
        lines.push_back(row(std::format("{:<6}{}", binding.key, binding.help), columns - 1));
  }
  const auto high = std::min(lines.size(), static_cast<std::size_t>(std::max(rows, 1)));
  const auto middle = lines.begin() + static_cast<std::ptrdiff_t>(high);
  return hbox({vbox(Elements(lines.begin(), middle)) | ftxui::size(WIDTH, EQUAL, columns),
               vbox(Elements(middle, lines.end()))}) |
         ftxui::size(HEIGHT, EQUAL, rows);
}

}  // namespace celeriac::console::tui
