#pragma once
// Fail-safe outputs: a valve, a pump, a laser. Such an output belongs to whoever switched it on, and is never
// on for longer than its longest time.
//
//   off ──intend(): on the disk──► intended ──written──► on ──its holder ends, or its time is over──► due
//    ▲                                                   │ switched off, board reset, emergency stop    │
//    └───────────────────────────────────────────────────┴───────────────◄── driven safe, confirmed ────┘
//
// Safe is 0: that is what the board itself does to its outputs at a reset and at an emergency stop. Intents
// outlive the hypervisor: what may have been left on is driven safe when a board is there again, before any
// other work, as are all declared outputs.

#include <boost/asio/awaitable.hpp>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "hal/firmware/parameters.hpp"
#include "hal/outcome.hpp"
#include "hal/settings/store.hpp"
#include "hal/timers.hpp"

namespace celeriac::hal::safety {

inline constexpr int longest_on_limit_s = 24 * 3600;
/// Names that people give outputs.
inline constexpr std::size_t max_output_name = 60;
/// The firmware's own pin guards: seconds after the hypervisor would have acted. They count only while the
/// board is idle, and matter only when the host has died.
inline constexpr int guard_margin_s = 5;
/// Settings are called output.8.
inline constexpr std::string_view setting_prefix = "output.";

struct Output {
  std::string name;
  int longest_on_s = 600;
};

/// The pin of a setting's name, "output.8". Status::not_found with a sentence.
protocol::Result<int> output_of_setting(std::string_view name);
/// {name, longest_on_s, safe_value: 0}, or null, which takes the output back. Status::malformed naming the
/// field.
protocol::Result<std::optional<Output>> check_output(const protocol::Json& value);

class Outputs {
 public:
  /// `due` is told of outputs whose time is over. `declared` are the host's settings. All references must
  /// outlive it.
  Outputs(Timers& timers, const settings::Store& declared, std::filesystem::path intents,
          settings::Background background, std::function<void(int pin)> due);

  /// Reads what was on when the hypervisor last ended.
  protocol::Result<void> load();

  /// What is declared on this board; nothing for an ordinary pin.
  [[nodiscard]] std::optional<Output> find(int pin, char board) const;
  [[nodiscard]] std::map<int, Output> declared(char board) const;
  /// "the water valve (pin 8)"
  [[nodiscard]] std::string describe(int pin) const;
  /// Declared outputs, and those that may have been left on.
  [[nodiscard]] std::vector<int> to_drive_safe(char board) const;
  /// Lets the firmware's own pin guards watch them, as far as nobody uses the guards.
  void guard(firmware::ParameterSet& wanted) const;

  /// Makes it durable that the pin will be switched on. Status::failed if the disk does not take it.
  boost::asio::awaitable<protocol::Result<void>> intend(int pin);
  /// The board has confirmed it.
  void switched_on(int pin, char board, Holder holder);
  void switched_off(int pin);
  /// Everything is off: the board has reset, or its emergency stop has.
  void all_off();

  /// Of an output that is on; 0 for others.
  [[nodiscard]] int longest_on_s(int pin) const;
  [[nodiscard]] bool on(int pin) const { return on_.contains(pin); }
  [[nodiscard]] std::vector<int> on_of(const Holders& holders) const;
  [[nodiscard]] std::vector<int> on() const;
  /// Those of one holder become the session's own.
  void hand_over(Holder from);

  /// {"8": {name, on, since, longest_on_s, safe_value}}
  [[nodiscard]] protocol::Json document(char board) const;
  /// Runs when something is switched.
  std::function<void()> on_changed;

 private:
  struct On {
    Output output;
    Holder holder;
    std::int64_t since = 0;  ///< milliseconds since 1970
    std::unique_ptr<Timer> timer;
  };
  void forget_intent(int pin);

  Timers& timers_;
  const settings::Store& settings_;
  settings::Store intents_;
  std::function<void(int)> due_;
  std::map<int, On> on_;
};

}  // namespace celeriac::hal::safety
