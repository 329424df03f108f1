#pragma once
// From keys to what is to be done: pure, on a clock that is handed in. Holds what the person has chosen to
// see.

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "console/tui/bindings.hpp"
#include "console/tui/filter.hpp"
#include "console/tui/history.hpp"
#include "console/tui/jogging.hpp"
#include "console/tui/keys.hpp"
#include "console/tui/line_editor.hpp"
#include "console/tui/model.hpp"
#include "console/tui/suggestions.hpp"

namespace celeriac::console::tui {

enum class View : std::uint8_t { overview, log, raw, help };
enum class Prompt : std::uint8_t { none, command, filter, confirm_unlock };

/// What the person has chosen, and types.
struct Ui {
  View view = View::overview;
  Prompt prompt = Prompt::none;
  bool jog = false;
  LineEditor line = {};
  Suggestions suggestions = {};  ///< for the command being typed
  bool offering = false;         ///< Tab was pressed: the offers are listed

  double step_mm = 10;
  int speed = 50;  ///< percent

  Level least = Level::info;
  std::string log_filter = {}, raw_filter = {};
  Scroll log_scroll = {}, raw_scroll = {};
  std::array<bool, 3> taps{true, true, true};  ///< by Tap
  bool routine = false;
  bool paused = false;

  std::string message = {};  ///< what happened last, above the bottom line
  Level message_level = Level::info;
  int running = 0;  ///< commands that have not ended
};

/// Numbers (Ring::count) of the entries that are shown.
std::vector<std::uint64_t> shown_log(const Model& model, const Ui& ui);
std::vector<std::uint64_t> shown_raw(const Model& model, const Ui& ui);
/// An entry as one line; filters look at it.
std::string line_of(const LogEntry& entry);
std::string line_of(const RawEntry& entry);

struct Effect {
  enum class Kind : std::uint8_t {
    emergency_stop,
    unlock,
    abort,
    jog,       ///< `order`
    run,       ///< `line`
    remember,  ///< `line`, in the history
    clear_raw,
    interrupt,  ///< the commands that run
    quit,
  };
  Kind kind;
  JogOrder order = {};
  std::string line = {};
};

class Interaction {
 public:
  using Time = Jogging::Time;
  using Effects = std::vector<Effect>;

  static constexpr int slowest = 10, speed_step = 10, fastest = 100;

  explicit Interaction(History history = {}) : history_(std::move(history)) {}

  Effects press(const Key& key, const Model& model, Time now);
  /// Time went by: for jogging.
  Effects tick(Time now);
  [[nodiscard]] std::optional<Time> next() const { return jogging_.next(); }

  /// Answers to what jogging asked for.
  Effects step_ended(bool well, Time now) { return wrap(jogging_.step_ended(well, now)); }
  void jog_failed() { jogging_.failed(); }
  /// The connection is lost, or the console ends: what moves by hand stops.
  Effects halt() { return wrap(jogging_.halt()); }

  void say(Level level, std::string_view text);
  void names_changed(Names names);
  /// Rows that a list shows: what a page is.
  void page_is(std::size_t rows) { page_ = rows; }
  void running(int commands) { ui_.running = commands; }

  [[nodiscard]] const Ui& ui() const noexcept { return ui_; }
  [[nodiscard]] const Jogging& jogging() const noexcept { return jogging_; }

 private:
  static Effects wrap(const Jogging::Orders& orders);
  [[nodiscard]] const Binding* bound(const Key& key) const;
  [[nodiscard]] bool applies(Scope scope) const;
  Effects act(Act act, const Model& model, Time now);
  Effects jog_key(const Key& key, const Model& model, Time now);
  Effects prompt_key(const Key& key);
  Effects command_key(const Key& key);
  Effects filter_key(const Key& key);
  Effects submit();
  [[nodiscard]] Effects leave() const;
  std::string& filter();
  bool view_act(Act act);
  bool list_act(Act act, const Model& model);
  void suggest_now();
  void show(View view);

  Ui ui_;
  Jogging jogging_;
  History history_;
  Names names_;
  std::size_t page_ = 10;
};

}  // namespace celeriac::console::tui
