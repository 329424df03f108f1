#pragma once
// A line that is watched and stops nothing.
//
//   missing ──find()──► known: its value, each edge ──(went away, cannot be read)──► missing

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "hal/gpio/chips.hpp"

namespace celeriac::hal::gpio {

class Input {
 public:
  struct Reports {
    std::function<void(const Input&)> edge;     ///< with the value that it led to; before `changed`
    std::function<void(const Input&)> changed;  ///< the value, or the trouble
  };
  /// All references must outlive it.
  Input(LineSpec spec, Chips& chips, Reports reports)
      : spec_(std::move(spec)), chips_(chips), reports_(std::move(reports)) {}

  /// Looks for a missing line; not from inside a report.
  void find();
  [[nodiscard]] const LineSpec& spec() const noexcept { return spec_; }
  [[nodiscard]] std::optional<bool> value() const noexcept { return value_; }
  /// Why it is missing; "" while it is known.
  [[nodiscard]] const std::string& trouble() const noexcept { return trouble_; }

 private:
  void edge(bool active);
  void miss(std::string trouble);

  LineSpec spec_;
  Chips& chips_;
  Reports reports_;
  std::unique_ptr<WatchedLine> line_;  // also of a line that went: until it is looked for again
  std::optional<bool> value_;
  std::string trouble_;
};

}  // namespace celeriac::hal::gpio
