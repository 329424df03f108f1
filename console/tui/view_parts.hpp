#pragma once
// Parts of the screen, each a few rows; view.cpp puts them together.

#include <cstdint>
#include <ftxui/dom/elements.hpp>
#include <string>
#include <vector>

#include "console/tui/interaction.hpp"
#include "console/tui/model.hpp"
#include "console/tui/view.hpp"

namespace celeriac::console::tui {

/// What every part is drawn from.
struct Scene {
  const Model& model;
  const Ui& ui;
  const Jogging& jogging;
  Size size;
  std::int64_t now_ms;
  std::vector<std::uint64_t> shown;  ///< numbers of the log's entries, or in the raw view of its own
};

/// Text that must be seen without colour as well: inverted and bold.
ftxui::Element alarm(const std::string& text);
/// "-- log ------ level info": a rule with a name and a remark at the right.
ftxui::Element heading(const std::string& name, int columns, const std::string& remark = {});
/// A row cut to the columns that there are.
ftxui::Element row(const std::string& text, int columns);

// view_machine.cpp
ftxui::Element title_row(const Scene& scene);
ftxui::Element state_row(const Scene& scene);
ftxui::Element axes_part(const Scene& scene);                  ///< 4 rows
ftxui::Element outputs_part(const Scene& scene, int columns);  ///< 4 rows
ftxui::Element processes_part(const Scene& scene, int rows);
std::string processes_remark(const Scene& scene);

// view_lists.cpp
ftxui::Element log_part(const Scene& scene, int rows);
std::string log_remark(const Scene& scene);
ftxui::Element raw_part(const Scene& scene, int rows);
std::string raw_remark(const Scene& scene);
ftxui::Element help_part(const Scene& scene, int rows);

// view_prompt.cpp
ftxui::Element prompt_row(const Scene& scene);
ftxui::Element hints_row(const Scene& scene);
/// Offers of the completion, listed; rows above the prompt.
ftxui::Element offers_part(const Scene& scene, int rows);
int offers_rows(const Ui& ui);

}  // namespace celeriac::console::tui
