// The two rows at the bottom: what is being typed or has just happened, and the keys.

#include <algorithm>
#include <format>

#include "console/text.hpp"
#include "console/tui/view_parts.hpp"

namespace celeriac::console::tui {
using namespace ftxui;

namespace {

constexpr int offer_columns = 26;  // an offer and its note need two

/// The text with the cursor as an inverted cell; what is left of the columns scrolls with the cursor.
Element edited(const std::string& before, const LineEditor& line, int columns) {
  std::string head = before + line.text().substr(0, line.cursor());
  std::string tail = line.text().substr(line.cursor());
  std::string at = " ";
  if (!tail.empty()) {
    std::size_t length = 1;
    while (length < tail.size() && (static_cast<unsigned char>(tail[length]) & 0xc0) == 0x80) ++length;
    at = tail.substr(0, length);
    tail.erase(0, length);
  }
  while (static_cast<int>(width(head)) > columns - 2) {
    std::size_t length = 1;
    while (length < head.size() && (static_cast<unsigned char>(head[length]) & 0xc0) == 0x80) ++length;
    head.erase(0, length);
  }
  return hbox({text(head), text(at) | inverted, text(tail)});
}

std::string jog_text(const Scene& scene) {
  const auto& jogging = scene.jogging;
  std::string text = std::format(" JOG  arrows x y, PgUp PgDn z   step {} mm   speed {} %", scene.ui.step_mm,
                                 scene.ui.speed);
  if (jogging.holding())
    text += "   MOVING: any key stops";
  else if (jogging.steps() > 0)
    text += std::format("   {} step{} under way", jogging.steps(), jogging.steps() == 1 ? "" : "s");
  return text;
}

bool hinted(const Scene& scene, const Binding& binding) {
  if (binding.hint.empty() || binding.scope == Scope::everywhere) return false;
  if (scene.ui.jog) return binding.scope == Scope::jog;
  switch (binding.scope) {
    case Scope::browsing:
      return !(scene.ui.view == View::overview && binding.act == Act::overview) &&
             !(scene.ui.view == View::log && binding.act == Act::log) &&
             !(scene.ui.view == View::raw && binding.act == Act::raw);
    case Scope::lists:
      return scene.ui.view == View::log || scene.ui.view == View::raw;
    case Scope::log:
      return scene.ui.view == View::log;
    case Scope::raw:
      return scene.ui.view == View::raw;
    default:
      return false;
  }
}

/// Keys of the view first: what everybody knows gives way on a narrow screen.
std::string hints_text(const Scene& scene) {
  std::string own, general;
  for (const auto& binding : bindings())
    if (hinted(scene, binding))
      (binding.scope == Scope::browsing ? general : own) += std::format(" {} {} ", binding.key, binding.hint);
  return own + general;
}

std::string typing_text(const Scene& scene) {
  if (scene.ui.prompt == Prompt::filter) return " Enter keeps the filter, Esc clears it; -word hides";
  if (scene.ui.prompt == Prompt::confirm_unlock) return " y unlocks, any other key does not";
  const auto& suggestions = scene.ui.suggestions;
  if (!suggestions.usage.empty()) return ' ' + suggestions.usage;
  std::string text = " Tab:";
  for (const auto& offer : suggestions.offers) text += ' ' + offer.text;
  return text;
}

}  // namespace

Element prompt_row(const Scene& scene) {
  const auto& ui = scene.ui;
  const int columns = scene.size.columns;
  switch (ui.prompt) {
    case Prompt::command:
      return edited(":", ui.line, columns);
    case Prompt::filter:
      return edited("/", ui.line, columns);
    case Prompt::confirm_unlock:
      return alarm(
          padded(" Unlock the machine? It may move again.  y / n", static_cast<std::size_t>(columns)));
    case Prompt::none:
      break;
  }
  if (!ui.message.empty()) {
    auto line = row((ui.jog ? " JOG  " : " ") + ui.message, columns);
    if (ui.message_level == Level::error) return line | bold | color(Color::Red);
    return ui.message_level == Level::warn ? line | bold | color(Color::Yellow) : line;
  }
  if (ui.jog) return row(jog_text(scene), columns) | bold | inverted;
  if (ui.running > 0)
    return row(std::format(" {} command{} running; ^C ends {}", ui.running, ui.running == 1 ? "" : "s",
                           ui.running == 1 ? "it" : "them"),
               columns);
  return text("");
}

Element hints_row(const Scene& scene) {
  const std::string stop = std::format(" {} E-STOP ", stop_key);
  const int room = scene.size.columns - static_cast<int>(width(stop));
  return hbox(
      {alarm(stop), row(scene.ui.prompt == Prompt::none ? hints_text(scene) : typing_text(scene), room)});
}

int offers_rows(const Ui& ui) {
  if (ui.prompt != Prompt::command || !ui.offering) return 0;
  return std::min(static_cast<int>(ui.suggestions.offers.size()), 8) + 1;
}

Element offers_part(const Scene& scene, int rows) {
  const auto& offers = scene.ui.suggestions.offers;
  Elements lines;
  const auto fitting = static_cast<std::size_t>(std::max(rows - 1, 0));
  lines.push_back(heading(
      "completion", scene.size.columns,
      offers.size() > fitting ? std::format("{} more: type on", offers.size() - fitting) : std::string()));
  for (std::size_t i = 0; i < std::min(offers.size(), fitting); ++i)
    lines.push_back(row("  " + padded(offers[i].text, offer_columns) + "  " + printable(offers[i].note),
                        scene.size.columns));
  return vbox(std::move(lines));
}

}  // namespace celeriac::console::tui
