#include "console/tui/interaction.hpp"

#include <algorithm>
#include <format>
#include <utility>

#include "console/text.hpp"

namespace celeriac::console::tui {
using Kind = Effect::Kind;

namespace {

struct JogKey {
  Act act;
  Direction direction;
};
constexpr JogKey jog_keys[] = {
    {Act::jog_left, {-1, 0, 0}}, {Act::jog_right, {1, 0, 0}}, {Act::jog_near, {0, -1, 0}},
    {Act::jog_away, {0, 1, 0}},  {Act::jog_down, {0, 0, -1}}, {Act::jog_up, {0, 0, 1}},
};

struct StepKey {
  Act act;
  double mm;
};
constexpr StepKey step_keys[] = {
    {Act::step_tenth, 0.1}, {Act::step_one, 1}, {Act::step_ten, 10}, {Act::step_hundred, 100}};

struct ViewKey {
  Act act;
  View view;
};
constexpr ViewKey view_keys[] = {
    {Act::overview, View::overview}, {Act::log, View::log}, {Act::raw, View::raw}, {Act::help, View::help}};

template <class Entries, class Passes>
std::vector<std::uint64_t> numbers_of(const Entries& ring, Passes passes) {
  std::vector<std::uint64_t> numbers;
  std::uint64_t number = ring.count() - ring.entries().size();
  for (const auto& entry : ring.entries()) {
    if (passes(entry)) numbers.push_back(number);
    ++number;
  }
  return numbers;
}

}  // namespace

std::string line_of(const LogEntry& entry) {
  const std::string source = entry.source.empty() ? "" : entry.source + ": ";
  return std::format("{}  {:<7}  {}{}", time_of_day(entry.time), entry.own ? ">" : entry.word, source,
                     entry.text);
}

std::string line_of(const RawEntry& entry) {
  return std::format("{}.{:03} {:<4} {} {}", time_of_day(entry.time), entry.time % 1000, name_of(entry.tap),
                     entry.outward ? '>' : '<', entry.text);
}

std::vector<std::uint64_t> shown_log(const Model& model, const Ui& ui) {
  return numbers_of(model.log, [&](const LogEntry& entry) {
    return (entry.own || entry.level >= ui.least) &&
           (ui.log_filter.empty() || matches(line_of(entry), ui.log_filter));
  });
}

std::vector<std::uint64_t> shown_raw(const Model& model, const Ui& ui) {
  return numbers_of(model.raw, [&](const RawEntry& entry) {
    return ui.taps[static_cast<std::size_t>(entry.tap)] && (ui.routine || !entry.routine) &&
           (ui.raw_filter.empty() || matches(line_of(entry), ui.raw_filter));
  });
}

// ---- keys ----------------------------------------------------------------------------------------

Interaction::Effects Interaction::wrap(const Jogging::Orders& orders) {
  Effects effects;
  for (const auto& order : orders) effects.push_back({.kind = Kind::jog, .order = order});
  return effects;
}

bool Interaction::applies(Scope scope) const {
  if (scope == Scope::everywhere) return true;
  if (ui_.jog) return scope == Scope::jog;
  switch (scope) {
    case Scope::browsing:
      return true;
    case Scope::overview:
      return ui_.view == View::overview;
    case Scope::lists:
      return ui_.view != View::help;  // the overview has the log's end
    case Scope::log:
      return ui_.view == View::log || ui_.view == View::overview;
    case Scope::raw:
      return ui_.view == View::raw;
    default:
      return false;
  }
}

const Binding* Interaction::bound(const Key& key) const {
  const std::string name = name_of(key);
  for (const auto& row : bindings())
    if (row.key == name && applies(row.scope)) return &row;
  return nullptr;
}

Interaction::Effects Interaction::press(const Key& key, const Model& model, Time now) {
  if (key.code == KeyCode::focus_gained) return {};
  const auto* row = bound(key);
  if (row != nullptr && row->act == Act::emergency_stop) {
    // Before anything else, and whatever else is going on.
    Effects effects{{.kind = Kind::emergency_stop}};
    std::ranges::move(halt(), std::back_inserter(effects));
    return effects;
  }
  if (ui_.jog) return jog_key(key, model, now);
  if (key.code == KeyCode::focus_lost) return halt();
  if (ui_.prompt != Prompt::none) return prompt_key(key);
  ui_.message.clear();
  return row != nullptr ? act(row->act, model, now) : Effects{};
}

Interaction::Effects Interaction::tick(Time now) {
  return wrap(jogging_.tick(now));
}

Interaction::Effects Interaction::jog_key(const Key& key, const Model& model, Time now) {
  const auto* row = bound(key);
  if (row != nullptr) {
    const auto direction = std::ranges::find(jog_keys, row->act, &JogKey::act);
    if (direction != std::end(jog_keys)) return wrap(jogging_.press(direction->direction, now));
  }
  auto effects = halt();  // every other key stops
  if (row == nullptr) return effects;
  ui_.message.clear();
  if (const auto step = std::ranges::find(step_keys, row->act, &StepKey::act); step != std::end(step_keys)) {
    ui_.step_mm = step->mm;
    return effects;
  }
  if (row->act == Act::slower) ui_.speed = std::max(slowest, ui_.speed - speed_step);
  if (row->act == Act::faster) ui_.speed = std::min(fastest, ui_.speed + speed_step);
  if (row->act == Act::leave_jog) ui_.jog = false;
  if (row->act == Act::interrupt) std::ranges::move(act(row->act, model, now), std::back_inserter(effects));
  return effects;
}

// Ctrl-C ends one thing at a time, the innermost first; prompts have taken theirs already.
Interaction::Effects Interaction::leave() const {
  if (ui_.running > 0) return {{.kind = Kind::interrupt}};
  return {{.kind = Kind::quit}};
}

void Interaction::show(View view) {
  ui_.view = view;
}

bool Interaction::view_act(Act act) {
  if (const auto row = std::ranges::find(view_keys, act, &ViewKey::act); row != std::end(view_keys)) {
    show(row->view);
    return true;
  }
  if (act != Act::next_view) return false;
  show(ui_.view == View::overview ? View::log : ui_.view == View::log ? View::raw : View::overview);
  return true;
}

bool Interaction::list_act(Act act, const Model& model) {
  const bool raw = ui_.view == View::raw;
  const auto scroll = [&](std::int64_t by) {
    (raw ? ui_.raw_scroll : ui_.log_scroll).move(raw ? shown_raw(model, ui_) : shown_log(model, ui_), by);
    return true;
  };
  constexpr std::int64_t all = most_raw_entries + most_log_entries;
  const auto page = static_cast<std::int64_t>(std::max<std::size_t>(page_, 2) - 1);
  switch (act) {
    case Act::scroll_up:
      return scroll(-1);
    case Act::scroll_down:
      return scroll(1);
    case Act::page_up:
      return scroll(-page);
    case Act::page_down:
      return scroll(page);
    case Act::oldest:
      return scroll(-all);
    case Act::newest:
      return scroll(all);
    case Act::level:
      ui_.least =
          ui_.least == Level::error ? Level::debug : static_cast<Level>(static_cast<int>(ui_.least) + 1);
      return true;
    case Act::pause:
      ui_.paused = !ui_.paused;
      return true;
    case Act::routine:
      ui_.routine = !ui_.routine;
      return true;
    case Act::tap_vm:
    case Act::tap_hypervisor:
    case Act::tap_wire: {
      bool& tap = ui_.taps[static_cast<std::size_t>(act) - static_cast<std::size_t>(Act::tap_vm)];
      tap = !tap;
      return true;
    }
    default:
      return false;
  }
}

Interaction::Effects Interaction::act(Act act, const Model& model, Time) {
  if (view_act(act) || list_act(act, model)) return {};
  switch (act) {
    case Act::quit:
      return {{.kind = Kind::quit}};
    case Act::interrupt:
      return leave();
    case Act::jog_mode:
      ui_.jog = true;
      show(View::overview);
      return {};
    case Act::command:
      ui_.prompt = Prompt::command;
      ui_.line.begin("", history_.lines());
      ui_.offering = false;
      suggest_now();
      return {};
    case Act::filter:
      ui_.prompt = Prompt::filter;
      ui_.line.begin(filter());
      return {};
    case Act::unlock:
      if (model.hypervisor.connected && model.machine_known && !model.machine.locked)
        say(Level::info, "It is not locked.");
      else
        ui_.prompt = Prompt::confirm_unlock;
      return {};
    case Act::abort:
      return {{.kind = Kind::abort}};
    case Act::clear:
      return {{.kind = Kind::clear_raw}};
    default:
      return {};
  }
}

// ---- prompts -------------------------------------------------------------------------------------

Interaction::Effects Interaction::prompt_key(const Key& key) {
  if (key == Key{KeyCode::control, "c"} || key.code == KeyCode::escape) {
    if (ui_.prompt == Prompt::filter) filter().clear();
    ui_.prompt = Prompt::none;
    return {};
  }
  switch (ui_.prompt) {
    case Prompt::command:
      return command_key(key);
    case Prompt::filter:
      return filter_key(key);
    case Prompt::confirm_unlock:
      ui_.prompt = Prompt::none;
      if (key == Key{KeyCode::character, "y"} || key == Key{KeyCode::character, "Y"})
        return {{.kind = Kind::unlock}};
      say(Level::info, "Not unlocked.");
      return {};
    case Prompt::none:
      break;
  }
  return {};
}

Interaction::Effects Interaction::command_key(const Key& key) {
  if (key.code == KeyCode::enter) return submit();
  if (key.code == KeyCode::tab) {
    const std::string before = ui_.line.text().substr(0, ui_.line.cursor());
    const std::string after = ui_.line.text().substr(ui_.line.cursor());
    const std::string whole = completed(before, ui_.suggestions);
    ui_.offering = whole == before && ui_.suggestions.offers.size() > 1;
    ui_.line.replace(whole + after, whole.size());
    suggest_now();
    return {};
  }
  if (key.code == KeyCode::backspace && ui_.line.text().empty()) {
    ui_.prompt = Prompt::none;
    return {};
  }
  if (ui_.line.press(key)) suggest_now();
  return {};
}

Interaction::Effects Interaction::submit() {
  ui_.prompt = Prompt::none;
  const std::string line = ui_.line.text();
  if (line.find_first_not_of(' ') == std::string::npos) return {};
  history_.add(line);
  ui_.message.clear();
  Effects effects{{.kind = Kind::remember, .line = line}};
  if (line == "help")
    show(View::help);
  else if (line == "quit" || line == "q")
    effects.push_back({.kind = Kind::quit});
  else if (line == "estop")
    effects.insert(effects.begin(), {.kind = Kind::emergency_stop});
  else
    effects.push_back({.kind = Kind::run, .line = line});
  return effects;
}

Interaction::Effects Interaction::filter_key(const Key& key) {
  if (key.code == KeyCode::enter)
    ui_.prompt = Prompt::none;
  else
    ui_.line.press(key);
  filter() = ui_.line.text();  // it filters while it is typed
  (ui_.view == View::raw ? ui_.raw_scroll : ui_.log_scroll) = {};
  return {};
}

std::string& Interaction::filter() {
  return ui_.view == View::raw ? ui_.raw_filter : ui_.log_filter;
}

void Interaction::suggest_now() {
  ui_.suggestions = suggest(std::string_view(ui_.line.text()).substr(0, ui_.line.cursor()), names_);
}

void Interaction::names_changed(Names names) {
  names_ = std::move(names);
  if (ui_.prompt == Prompt::command) suggest_now();
}

void Interaction::say(Level level, std::string_view text) {
  ui_.message = printable(text);
  ui_.message_level = level;
}

}  // namespace celeriac::console::tui
