#include "hal/firmware/flash_boards.hpp"

#include <algorithm>
#include <format>
#include <ranges>

#include "protocol/words.hpp"

namespace celeriac::hal::firmware {
namespace {

constexpr FlashBoard board(std::string_view name, std::string_view letter, bool reset_line = false) {
  return {name, letter, "m2560", "wiring", mega2560_program_bytes, reset_line};
}

constexpr FlashBoard table[] = {
    board("arduino", "R"),       board("farmduino", "F"),         board("farmduino_k14", "G"),
    board("farmduino_k15", "H"), board("farmduino_k16", "I"),     board("farmduino_k17", "J"),
    board("farmduino_k18", "K"), board("express_k10", "E", true), board("express_k11", "D"),
    board("express_k12", "C"),
};

}  // namespace

std::span<const FlashBoard> flash_boards() noexcept {
  return table;
}

protocol::Result<const FlashBoard*> parse_flash_board(std::string_view name) {
  const auto row = std::ranges::find(table, name, &FlashBoard::name);
  if (row != std::end(table)) return row;
  const auto near = protocol::closest(name, table | std::views::transform(&FlashBoard::name));
  std::string all;
  for (const auto& each : table) all += std::format("{}{}", all.empty() ? "" : ", ", each.name);
  return protocol::fail(
      protocol::Status::not_found,
      std::format("There is no firmware for a board \"{}\".{} Boards are {}.", protocol::shown(name),
                  near.empty() ? "" : std::format(" Did you mean \"{}\"?", near), all));
}

}  // namespace celeriac::hal::firmware
