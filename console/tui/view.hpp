#pragma once
// How it looks: the model and the choices of the person as an FTXUI element of a given size. Pure.

#include <cstdint>
#include <ftxui/dom/elements.hpp>

#include "console/tui/interaction.hpp"
#include "console/tui/model.hpp"

namespace celeriac::console::tui {

struct Size {
  int columns = 80, rows = 24;
  bool operator==(const Size&) const = default;
};

/// Smaller ones show a sentence that asks for more, and the emergency stop's key.
inline constexpr Size smallest{60, 16};

/// `now_ms` is the wall clock: milliseconds since 1970.
ftxui::Element draw(const Model& model, const Ui& ui, const Jogging& jogging, Size size, std::int64_t now_ms);

/// Rows of the list that the view shows: what a page is.
std::size_t page_of(const Ui& ui, Size size);

}  // namespace celeriac::console::tui
