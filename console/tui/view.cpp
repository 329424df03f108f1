#include "console/tui/view.hpp"

#include <algorithm>
#include <format>

#include "console/tui/view_parts.hpp"

namespace celeriac::console::tui {
using namespace ftxui;

namespace {

constexpr int frame_rows = 4;    // title, state, prompt, hints
constexpr int machine_rows = 5;  // with its heading
constexpr int outputs_columns = 29;
constexpr int widest_outputs = 48;

/// Rows of the processes, heading and table head included: a quarter of what is left, as far as it is used.
int processes_rows(const Model& model, int left) {
  const int used = 2 + static_cast<int>(model.processes.size());
  return std::clamp(used, 4, std::max(6, left / 3));
}

/// Two columns of the first row: axes, and beside them outputs.
Element machine_part(const Scene& scene) {
  const int right = std::clamp(scene.size.columns * 3 / 8, outputs_columns, widest_outputs);
  const int left = scene.size.columns - right - 1;
  auto axes = vbox({heading("axes", left), axes_part(scene)});
  auto outputs = vbox({heading("outputs and pins", right), outputs_part(scene, right)});
  return hbox(
      {axes | ftxui::size(WIDTH, EQUAL, left), text(" "), outputs | ftxui::size(WIDTH, EQUAL, right)});
}

Element overview(const Scene& scene, int rows) {
  const int left = rows - machine_rows;
  const int processes = processes_rows(scene.model, left);
  const int log = left - processes;
  return vbox({machine_part(scene), heading("processes", scene.size.columns, processes_remark(scene)),
               processes_part(scene, processes - 1), heading("log", scene.size.columns, log_remark(scene)),
               log_part(scene, log - 1)});
}

Element too_small(const Scene& scene) {
  return vbox(
      {alarm(std::format("{} E-STOP", stop_key)),
       paragraph(std::format("This terminal has {} columns and {} rows: at least {} by {} are needed.",
                             scene.size.columns, scene.size.rows, smallest.columns, smallest.rows))});
}

Element body(const Scene& scene, int rows) {
  switch (scene.ui.view) {
    case View::log:
      return vbox({heading("log", scene.size.columns, log_remark(scene)), log_part(scene, rows - 1)});
    case View::raw:
      return vbox({heading("raw", scene.size.columns, raw_remark(scene)), raw_part(scene, rows - 1)});
    case View::help:
      return vbox({heading("keys", scene.size.columns, "Esc goes back"), help_part(scene, rows - 1)});
    case View::overview:
      break;
  }
  return overview(scene, rows);
}

}  // namespace

Element draw(const Model& model, const Ui& ui, const Jogging& jogging, Size size, std::int64_t now_ms) {
  const Scene scene{model, ui,     jogging,
                    size,  now_ms, ui.view == View::raw ? shown_raw(model, ui) : shown_log(model, ui)};
  if (size.columns < smallest.columns || size.rows < smallest.rows) return too_small(scene);
  const int offers = std::min(offers_rows(ui), size.rows / 2);
  const int rows = size.rows - frame_rows;
  Elements parts{title_row(scene), state_row(scene), body(scene, rows - offers)};
  if (offers > 0) parts.push_back(offers_part(scene, offers));
  parts.push_back(prompt_row(scene));
  parts.push_back(hints_row(scene));
  return vbox(std::move(parts));
}

std::size_t page_of(const Ui& ui, Size size) {
  const int rows = size.rows - frame_rows - 1;
  return static_cast<std::size_t>(std::max(2, ui.view == View::overview ? rows / 3 : rows));
}

}  // namespace celeriac::console::tui
