#include <charconv>
#include <format>

#include "hal/gpio/line_watcher.hpp"

namespace celeriac::hal::gpio {

using protocol::Result;
using protocol::Status;

Result<LineSpec> parse_line_spec(std::string_view text) {
  const auto bad = [whole = std::string(text)](std::string_view what) {
    return protocol::fail(
        Status::malformed,
        std::format("--stop-button takes CHIP:LINE[,active=high|low][,debounce=MS], such as "
                    "pinctrl-bcm2711:17, and not \"{}\": {}.",
                    whole, what));
  };
  LineSpec spec;
  const auto options = text.find(',');
  const auto where = text.substr(0, options);
  const auto colon = where.rfind(':');  // a chip's label may have one: "1000:gpio"
  if (colon == where.npos || colon == 0 || colon + 1 == where.size()) return bad("chip or line is missing");
  spec.chip = where.substr(0, colon);
  spec.line = where.substr(colon + 1);
  for (auto rest = options == text.npos ? std::string_view() : text.substr(options + 1); !rest.empty();) {
    const auto option = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), option.size() + 1));
    constexpr std::string_view debounce = "debounce=";
    if (option == "active=high" || option == "active=low") {
      spec.active_high = option == "active=high";
    } else if (option.starts_with(debounce)) {
      const auto digits = option.substr(debounce.size());
      int ms = -1;
      const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), ms);
      if (error != std::errc() || end != digits.data() + digits.size() || ms < 0 ||
          ms > longest_debounce.count())
        return bad(std::format("debounce is from 0 to {} ms", longest_debounce.count()));
      spec.debounce = std::chrono::milliseconds(ms);
    } else {
      return bad(std::format("there is no option \"{}\"", option));
    }
  }
  return spec;
}

}  // namespace celeriac::hal::gpio
