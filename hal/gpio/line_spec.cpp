#include "hal/gpio/line_spec.hpp"

#include <charconv>

namespace celeriac::hal::gpio {

std::optional<int> LineSpec::pin() const {
  constexpr std::string_view bcm = "GPIO";
  const auto digits = std::string_view(line).substr(line.starts_with(bcm) ? bcm.size() : 0);
  int number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size() || number < 0) return std::nullopt;
  return number;
}

std::string LineSpec::consumer() const {
  return "celeriac " + name;
}

}  // namespace celeriac::hal::gpio
