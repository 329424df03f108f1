#pragma once
// What is known of the physical stop button.

#include <cstdint>
#include <string>

#include "protocol/document.hpp"
#include "protocol/error.hpp"

namespace celeriac::hal::gpio {

struct ButtonState {
  enum class Position : std::uint8_t {
    none,      ///< nobody asked for a button
    missing,   ///< its line cannot be read: `trouble` says why
    released,  ///< the machine may run
    held,      ///< pressed, or its wire is broken
  };
  Position position = Position::none;
  std::string name = {};  ///< of the line, as a person knows it: "GPIO17 on gpiochip0"
  std::string trouble = {};

  [[nodiscard]] bool known() const noexcept { return position != Position::none; }
  [[nodiscard]] bool held() const noexcept { return position == Position::held; }
  bool operator==(const ButtonState&) const = default;
};

/// {state: "missing" | "released" | "held", name, trouble}
protocol::Json document(const ButtonState& button);
/// The same, back; `none` for what is no such document.
ButtonState button_of(const protocol::Json& document);
/// Why an unlock is refused.
protocol::Error still_held(const ButtonState& button);

}  // namespace celeriac::hal::gpio
