// The machine and its processes.

#include <algorithm>
#include <format>

#include "console/text.hpp"
#include "console/tui/view_parts.hpp"

namespace celeriac::console::tui {
using namespace ftxui;

namespace {

constexpr int axes_columns[] = {3, 10, 9, 13, 9, 5};  // axis, position, trust, state, encoder, stops

std::string right(std::string text, int columns) {
  const auto used = width(text);
  const auto wanted = static_cast<std::size_t>(columns);
  return used < wanted ? std::string(wanted - used, ' ') + text : text;
}

std::string left(const std::string& text, int columns) {
  return padded(fitted(text, static_cast<std::size_t>(columns) - 1), static_cast<std::size_t>(columns));
}

std::string number(const std::optional<double>& value) {
  return millimetres(value ? protocol::Json(*value) : protocol::Json());
}

/// Stale and unknown stand out by their letters too: a screen without colour must say it.
Element trust_of(const Axis& axis) {
  const std::string known = axis.trust.empty() ? (axis.mm ? "" : "unknown") : axis.trust;
  if (known == "known" || known.empty()) return text(left(known, axes_columns[2]));
  std::string loud = known;
  std::ranges::transform(loud, loud.begin(), [](char c) { return c >= 'a' && c <= 'z' ? char(c - 32) : c; });
  return hbox({text(fitted(loud, 8)) | bold | color(known == "stale" ? Color::Yellow : Color::Red),
               text(std::string(
                   static_cast<std::size_t>(axes_columns[2]) - std::min<std::size_t>(width(loud), 8), ' '))});
}

std::string stop_of(const std::optional<std::int64_t>& level) {
  return level ? std::to_string(*level) : "-";
}

Element axis_row(const char* name, const Axis& axis) {
  return hbox({text(left(name, axes_columns[0])) | bold,
               text(right(number(axis.mm), axes_columns[1] - 1) + ' ') | bold, trust_of(axis),
               text(left(axis.state.empty() ? "-" : axis.state, axes_columns[3])),
               text(right(number(axis.encoder), axes_columns[4] - 1) + ' '),
               text(stop_of(axis.min) + '/' + stop_of(axis.max))});
}

Element output_row(const OutputStatus& output, int columns, std::int64_t now_ms) {
  const auto passed = output.on_for(now_ms);
  const auto remaining = output.left(now_ms);
  std::string state = output.on ? "ON" : "off";
  if (passed) state += ' ' + clock_time(*passed);
  if (remaining)
    state += columns > 36 ? ", " + clock_time(*remaining) + " left" : " -" + clock_time(*remaining);
  const int room = columns - static_cast<int>(width(state)) - 1;
  const std::string name = left(std::format("{} {}", output.pin, output.name), std::max(room, 4));
  auto line = text(name + ' ' + state);
  return output.on ? line | bold | inverted : line;
}

std::string pins_text(const std::vector<Pin>& pins) {
  std::string all = "pins";
  for (const auto& pin : pins) all += std::format(" {}={}", pin.number, pin.value);
  return pins.empty() ? "" : all;
}

std::string link_text(const LinkState& link) {
  return link.connected ? "up" : "DOWN";
}

}  // namespace

Element alarm(const std::string& message) {
  return text(message) | bold | inverted | color(Color::Red);
}

Element row(const std::string& line, int columns) {
  return text(fitted(line, static_cast<std::size_t>(std::max(columns, 1))));
}

Element heading(const std::string& name, int columns, const std::string& remark) {
  const std::string end = remark.empty() ? "" : ' ' + remark + ' ';
  const std::string begin = "── " + fitted(name, static_cast<std::size_t>(std::max(columns - 4, 1))) + ' ';
  int dashes = columns - static_cast<int>(width(begin) + width(end));
  const bool with_end = dashes >= 1;
  if (!with_end) dashes = columns - static_cast<int>(width(begin));
  std::string rule;
  for (int i = 1; i < dashes; ++i) rule += "─";
  return hbox({text(begin) | bold, text(rule), text(with_end ? end : ""), text("─")});
}

Element title_row(const Scene& scene) {
  constexpr const char* views[] = {"overview", "log", "raw", "keys"};
  const auto& machine = scene.model.machine;
  const std::string firmware =
      scene.model.hypervisor.connected && !machine.firmware_state.empty() ? machine.firmware_state : "?";
  const std::string where = scene.ui.jog ? "JOG" : views[static_cast<std::size_t>(scene.ui.view)];
  return hbox({text(std::format(" celeriac  {}", where)), filler(),
               text(std::format("board {}  hal {}  vm {}  {} ", firmware, link_text(scene.model.hypervisor),
                                link_text(scene.model.vm), time_of_day(scene.now_ms)))}) |
         inverted;
}

/// The most important thing that there is to say of the machine.
Element state_row(const Scene& scene) {
  const auto& model = scene.model;
  const auto& machine = model.machine;
  const Size size = scene.size;
  if (model.machine_known && machine.locked)
    return alarm(padded(" *** EMERGENCY LOCK IS ON ***  nothing moves; u, then y, unlocks",
                        static_cast<std::size_t>(size.columns)));
  if (!model.hypervisor.connected)
    return alarm(padded(fitted(" NO CONNECTION TO THE HYPERVISOR, trying again. " + model.hypervisor.problem,
                               static_cast<std::size_t>(size.columns)),
                        static_cast<std::size_t>(size.columns)));
  if (!machine.firmware_reason.empty())
    return row(" THE BOARD IS NOT READY: " + machine.firmware_reason, size.columns) | bold |
           color(Color::Yellow);
  if (!model.vm.connected)
    return row(" NO CONNECTION TO THE VM, trying again: no sequences. " + model.vm.problem, size.columns) |
           bold | color(Color::Yellow);
  std::string board = machine.board + (machine.version.empty() ? "" : ' ' + machine.version);
  return row(std::format(" unlocked, {}.  {}{}{}", machine.busy ? "BUSY" : "idle", board,
                         machine.port.empty() ? "" : " on ", machine.port),
             size.columns);
}

Element axes_part(const Scene& scene) {
  const auto head = [](const char* name, int columns, bool to_right) {
    return to_right ? right(name, columns - 1) + ' ' : left(name, columns);
  };
  Elements rows{text(head("", axes_columns[0], false) + head("mm", axes_columns[1], true) +
                     head("trust", axes_columns[2], false) + head("motor", axes_columns[3], false) +
                     head("encoder", axes_columns[4], true) + "stops") |
                dim};
  for (std::size_t i = 0; i < axis_names.size(); ++i)
    rows.push_back(axis_row(axis_names[i], scene.model.machine.axes[i]));
  return vbox(std::move(rows));
}

Element outputs_part(const Scene& scene, int columns) {
  constexpr std::size_t most_rows = 4;
  const auto& machine = scene.model.machine;
  // What is on is shown in any case; then what is off, and the other pins in the last row.
  auto outputs = machine.outputs;
  std::ranges::stable_partition(outputs, [](const OutputStatus& output) { return output.on; });
  const std::string pins = pins_text(machine.pins);
  const std::size_t room = pins.empty() ? most_rows : most_rows - 1;
  Elements rows;
  for (std::size_t i = 0; i < outputs.size() && i < room; ++i)
    rows.push_back(output_row(outputs[i], columns, scene.now_ms));
  if (!pins.empty()) rows.push_back(row(pins, columns));
  while (rows.size() < most_rows) rows.push_back(text(""));
  return vbox(std::move(rows));
}

std::string processes_remark(const Scene& scene) {
  const auto alive = std::ranges::count_if(scene.model.processes, [](const auto& p) { return !p.ended(); });
  if (scene.model.processes.empty()) return "";
  return std::format("{} alive", alive + static_cast<std::ptrdiff_t>(scene.model.processes_beyond));
}

Element processes_part(const Scene& scene, int rows) {
  const int wide = scene.size.columns;
  const int name_columns = std::clamp(wide / 4, 14, 36);
  Elements lines{
      text(left("id", 6) + left("name", name_columns) + left("state", 9) + left("step", 8) + "at") | dim};
  for (const auto& process : scene.model.processes) {
    if (static_cast<int>(lines.size()) == rows) break;
    const std::string step =
        process.steps > 0 ? std::format("{}/{}", process.step, process.steps) : std::string("-");
    std::string at = process.path + (process.kind.empty() ? "" : ' ' + process.kind);
    if (!process.waiting_for.empty() && process.waiting_for.starts_with("motion"))
      at += "  waits for " + process.waiting_for;
    if (process.ended()) at = process.complaint();
    const std::string state = process.state == "waiting" ? "running" : process.state;
    auto line = row(left(std::to_string(process.id), 6) +
                        left(process.name.empty() ? "-" : process.name, name_columns) + left(state, 9) +
                        left(step, 8) + at,
                    wide);
    if (process.state == "failed") line = line | color(Color::Red) | bold;
    if (process.ended() && process.state != "failed") line = line | dim;
    lines.push_back(line);
  }
  if (scene.model.processes.empty())
    lines.push_back(row(scene.model.vm.connected ? "none: `:run FILE` starts one" : "", wide) | dim);
  while (static_cast<int>(lines.size()) < rows) lines.push_back(text(""));
  return vbox(std::move(lines));
}

}  // namespace celeriac::console::tui
