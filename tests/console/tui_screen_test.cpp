// The console's model, what it makes of keys, and how it looks: pure.

#include <catch2/catch_test_macros.hpp>
#include <ftxui/screen/screen.hpp>

#include "console/tui/command_words.hpp"
#include "console/tui/interaction.hpp"
#include "console/tui/model.hpp"
#include "console/tui/painter.hpp"
#include "console/tui/suggestions.hpp"
#include "console/tui/view.hpp"

namespace celeriac::console::tui {
namespace {

using namespace std::chrono_literals;
using protocol::Json;

constexpr std::int64_t noon = 1'800'000'000'000;

Json status() {
  return {{"position", {{"x", 120.0}, {"y", 80.25}, {"z", nullptr}}},
          {"encoders", {{"x", 120.0}, {"y", 80.0}, {"z", 0.0}}},
          {"trust", {{"x", "known"}, {"y", "stale"}, {"z", "unknown"}}},
          {"axis_states", {{"x", "idle"}, {"y", "cruising"}, {"z", nullptr}}},
          {"end_stops", {{"x", {{"min", 1}, {"max", 0}}}}},
          {"outputs",
           {{"8",
             {{"name", "water"},
              {"on", true},
              {"since", noon - 12'000},
              {"longest_on_s", 600},
              {"safe_value", 0}}},
            {"9", {{"name", "vacuum pump"}, {"on", false}, {"since", nullptr}, {"longest_on_s", 600}}}}},
          {"pins", {{"8", {{"value", 1}}}, {"59", {{"value", 512}}}}},
          {"locked", false},
          {"busy", true},
          {"firmware",
           {{"state", "ready"},
            {"reason", nullptr},
            {"board", "Farmduino"},
            {"version", "6.6"},
            {"port", "/dev/ttyACM0"}}}};
}

Json process(int id, const std::string& state) {
  return {{"id", id},          {"name", "Water the bed"}, {"state", state},
          {"path", "/body/2"}, {"kind", "move"},          {"step", 3},
          {"steps", 16},       {"waiting_for", nullptr}};
}

/// A console without a terminal.
struct Console {
  Model model;
  Interaction interaction;
  Jogging::Time now{};

  Console() {
    model.hypervisor = {.connected = true, .ever = true};
    model.vm = {.connected = true, .ever = true};
    model.machine_changed(status());
  }
  /// Types; the kinds of effects, in order.
  Interaction::Effects type(std::string_view bytes) {
    KeyReader reader;
    Interaction::Effects effects;
    auto keys = reader.feed(bytes);
    for (const auto& key : reader.flush()) keys.push_back(key);
    for (const auto& key : keys)
      for (auto& effect : interaction.press(key, model, now)) effects.push_back(std::move(effect));
    return effects;
  }
  [[nodiscard]] std::string screen(Size size = {}) const {
    auto target =
        ftxui::Screen::Create(ftxui::Dimension::Fixed(size.columns), ftxui::Dimension::Fixed(size.rows));
    ftxui::Render(target, draw(model, interaction.ui(), interaction.jogging(), size, noon));
    return plain_text(target);
  }
};

std::vector<Effect::Kind> kinds(const Interaction::Effects& effects) {
  std::vector<Effect::Kind> all;
  for (const auto& effect : effects) all.push_back(effect.kind);
  return all;
}

using Kinds = std::vector<Effect::Kind>;
constexpr auto emergency_stop = Effect::Kind::emergency_stop;

std::vector<std::string> offers(std::string_view line, const Names& names = {}) {
  std::vector<std::string> texts;
  for (const auto& offer : suggest(line, names).offers) texts.push_back(offer.text);
  return texts;
}

using Texts = std::vector<std::string>;

}  // namespace

// ---- model ---------------------------------------------------------------------------------------

TEST_CASE("the model reads a status tree, and survives one of any shape") {
  const auto machine = Machine::of(status());
  CHECK(machine.axes[0].mm == 120.0);
  CHECK(machine.axes[1].trust == "stale");
  CHECK_FALSE(machine.axes[2].mm);
  CHECK(machine.axes[0].max == 0);
  REQUIRE(machine.outputs.size() == 2);
  CHECK(machine.outputs[0].on_for(noon) == 12);
  CHECK(machine.outputs[0].left(noon) == 588);
  REQUIRE(machine.pins.size() == 1);  // 8 is an output already
  CHECK(machine.pins[0].number == 59);
  for (const auto& odd :
       {Json(), Json(3), Json::array({1}), Json{{"position", 7}, {"outputs", {{"x", 1}, {"9", 2}}}},
        Json{{"pins", {{"-3", 1}, {"4000000000", 1}}}, {"firmware", "yes"}, {"locked", "no"}}}) {
    Model model;
    model.machine_changed(odd);
    model.log_arrived(odd);
    model.frame_arrived(Tap::vm, odd);
    model.serial_arrived(odd);
    model.process_changed(odd);
    model.processes_listed(odd);
    CHECK(model.machine.outputs.empty());
  }
}

TEST_CASE("the log and the raw view keep their newest entries") {
  Model model;
  for (std::size_t i = 0; i < most_log_entries + 5; ++i) model.log_arrived({{"message", std::to_string(i)}});
  CHECK(model.log.entries().size() == most_log_entries);
  CHECK(model.log.entries().back().text == std::to_string(most_log_entries + 4));
  CHECK(model.log.count() == most_log_entries + 5);
  for (std::size_t i = 0; i < most_raw_entries + 5; ++i)
    model.serial_arrived({{"direction", "sent"}, {"text", "F21"}, {"time", noon}});
  CHECK(model.raw.entries().size() == most_raw_entries);
}

TEST_CASE("living processes come first, and no more are kept than fit any screen") {
  Model model;
  Json list = Json::array();
  for (int id = 1; id <= 300; ++id) list.push_back(process(id, id == 250 ? "running" : "done"));
  model.processes_listed(list);
  CHECK(model.processes.size() == most_processes);
  CHECK(model.processes.front().id == 250);
  CHECK(model.processes[1].id == 300);
  CHECK(model.processes_beyond == 100);
}

TEST_CASE("frames and serial lines are told in one line") {
  Model model;
  model.frame_arrived(Tap::hypervisor, {{"time", noon},
                                        {"direction", "in"},
                                        {"client", "celeriac"},
                                        {"channel", 7},
                                        {"operation", "SYS.HOME"},
                                        {"fields", {{"axis", 2}, {"text", "a\x1b[2J"}}}});
  model.frame_arrived(
      Tap::vm,
      {{"time", noon}, {"direction", "out"}, {"channel", 7}, {"operation", "SYS.HOME"}, {"status", 9}});
  model.serial_arrived({{"time", noon}, {"direction", "received"}, {"text", "R00 Q0"}});
  const auto& raw = model.raw.entries();
  CHECK(raw[0].text == "celeriac #7 SYS.HOME axis=2 text=a?[2J");
  CHECK(raw[1].text == "#7 SYS.HOME: locked");
  CHECK(line_of(raw[2]).ends_with(".000 wire < R00 Q0"));
}

// ---- keys ----------------------------------------------------------------------------------------

TEST_CASE("the emergency stop works on one key, in every view, while typing and in every dialog") {
  for (const std::string_view before : {"", "l", "r", "?", "j", ":", ":move 1 2", "r/SYS", "u", ":\t"}) {
    Console console;
    console.model.machine.locked = true;  // so that `u` asks
    console.type(before);
    INFO("after \"" << before << '"');
    const auto effects = console.type("\x18");
    REQUIRE_FALSE(effects.empty());
    CHECK(effects[0].kind == emergency_stop);
    CHECK(console.screen().contains("^X E-STOP"));
  }
}

TEST_CASE("what was being typed is still there after an emergency stop") {
  Console console;
  console.type(":move 1 2\x18");
  CHECK(console.interaction.ui().line.text() == "move 1 2");
  CHECK(kinds(console.type(" 3\r")) == Kinds{Effect::Kind::remember, Effect::Kind::run});
}

TEST_CASE("unlocking takes a key and a yes") {
  Console console;
  CHECK(console.type("uy").empty());  // it is not locked
  console.model.machine.locked = true;
  CHECK(console.type("u").empty());
  CHECK(console.screen().contains("Unlock the machine?"));
  CHECK(console.type("n").empty());
  CHECK(console.type("u\r").empty());
  CHECK(kinds(console.type("uy")) == Kinds{Effect::Kind::unlock});
}

TEST_CASE("arrow keys move only in jog mode, by the chosen step") {
  Console console;
  CHECK(console.type("\x1b[C").empty());
  CHECK(console.type("j1").empty());
  CHECK(console.interaction.ui().step_mm == 0.1);
  const auto effects = console.type("\x1b[C");
  REQUIRE(effects.size() == 1);
  CHECK(effects[0].order == JogOrder{JogOrder::Kind::step, {1, 0, 0}});
  CHECK(console.screen().contains("JOG"));
}

TEST_CASE("in jog mode any other key, and the loss of the focus, stop the machine") {
  for (const std::string_view key : {"1", "z", "+", " ", "\x1b[O", "\x1b", "q", "\t"}) {
    Console console;
    console.type("j\x1b[C");
    console.interaction.step_ended(true, console.now);
    console.now += 500ms;
    console.type("\x1b[C");
    console.now += 33ms;
    CHECK(console.type("\x1b[C").size() == 1);
    REQUIRE(console.interaction.jogging().holding());
    INFO("key \"" << key << '"');
    const auto effects = console.type(key);
    REQUIRE_FALSE(effects.empty());
    CHECK(effects[0].order.kind == JogOrder::Kind::stop);
  }
}

TEST_CASE("an emergency stop in mid-jog comes before the jog's own stop") {
  Console console;
  console.type("j\x1b[A");
  console.now += 500ms;
  const auto effects = console.type("\x18");
  REQUIRE(effects.size() == 2);
  CHECK(effects[0].kind == emergency_stop);
  CHECK(effects[1].order.kind == JogOrder::Kind::abort_steps);
}

TEST_CASE("speed and step stay within their bounds") {
  Console console;
  console.type("j");
  for (int i = 0; i < 20; ++i) console.type("+");
  CHECK(console.interaction.ui().speed == Interaction::fastest);
  for (int i = 0; i < 20; ++i) console.type("-");
  CHECK(console.interaction.ui().speed == Interaction::slowest);
}

TEST_CASE("Ctrl-C ends what is innermost: the prompt, then what runs, then the console") {
  Console console;
  console.interaction.running(1);
  CHECK(console.type(":mo\x03").empty());
  CHECK(kinds(console.type("\x03")) == Kinds{Effect::Kind::interrupt});
  console.interaction.running(0);
  CHECK(kinds(console.type("\x03")) == Kinds{Effect::Kind::quit});
  CHECK(kinds(console.type("q")) == Kinds{Effect::Kind::quit});
  CHECK(kinds(console.type(":quit\r")) == Kinds{Effect::Kind::remember, Effect::Kind::quit});
}

TEST_CASE("a pasted text is typed into a line, and presses no keys elsewhere") {
  Console console;
  CHECK(console.type("\x1b[200~q\x1b[201~").empty());
  CHECK(console.type(":\x1b[200~home z\x1b[201~").empty());
  CHECK(console.interaction.ui().line.text() == "home z");
}

TEST_CASE("a filter hides what has not its words, while it is typed") {
  Console console;
  for (const char* text : {"F21", "R21 P0", "G00 X1"})
    console.model.serial_arrived({{"text", text}, {"time", noon}});
  console.type("r/f21");
  CHECK(shown_raw(console.model, console.interaction.ui()).size() == 1);
  CHECK(console.screen().contains("F21"));
  CHECK_FALSE(console.screen().contains("G00"));
  console.type("\x15-r21\r");
  CHECK(shown_raw(console.model, console.interaction.ui()).size() == 2);
  console.type("/\x1b");
  CHECK(shown_raw(console.model, console.interaction.ui()).size() == 3);
}

TEST_CASE("a scrolled list stays where it is while entries arrive") {
  Console console;
  const auto add = [&](int from, int to) {
    for (int i = from; i < to; ++i)
      console.model.log_arrived({{"message", "entry " + std::to_string(i) + "."}});
  };
  add(0, 100);
  console.type("l\x1b[A\x1b[A");
  CHECK(console.screen().contains("entry 97."));
  CHECK_FALSE(console.screen().contains("entry 98."));
  add(100, 200);
  CHECK(console.screen().contains("entry 97."));
  CHECK_FALSE(console.screen().contains("entry 98."));
  console.type("\x1b[F");
  CHECK(console.screen().contains("entry 199."));
  add(200, static_cast<int>(most_log_entries) + 500);
  console.type("\x1b[H");
  add(0, 2 * static_cast<int>(most_log_entries));  // what was seen has given way
  CHECK_FALSE(console.screen().empty());
}

TEST_CASE("the log shows what is at least as grave as chosen, and the console's own lines") {
  Console console;
  for (const char* level : {"debug", "info", "warn", "error"})
    console.model.log_arrived({{"level", level}, {"message", "a"}});
  console.model.say(noon, Level::info, "status");
  CHECK(shown_log(console.model, console.interaction.ui()).size() == 4);
  console.type("lf");
  CHECK(shown_log(console.model, console.interaction.ui()).size() == 3);
  console.type("ff");
  CHECK(shown_log(console.model, console.interaction.ui()).size() == 5);
}

// ---- completion ----------------------------------------------------------------------------------

TEST_CASE("operations, their fields and their choices complete") {
  CHECK(offers("SYS.HO") == Texts{"SYS.HOME"});
  CHECK(offers("sys.home ") == Texts{"axis=", "speed="});
  CHECK(offers("SYS.HOME axis=") == Texts{"axis=x", "axis=y", "axis=z", "axis=all"});
  CHECK(offers("SYS.HOME axis=x s") == Texts{"speed="});
  CHECK(offers("call SYS.HOME axis=a") == Texts{"axis=all"});
  CHECK(offers("ZER") == Texts{"zero"});
  CHECK(offers("KEEP") == Texts{"SYS.KEEP_ALIVE"});
}

TEST_CASE("commands complete, those of groups by their second word") {
  CHECK(offers("statu") == Texts{"status"});
  CHECK(offers("pin ") == Texts{"read", "write", "toggle"});
  CHECK(offers("home ") == Texts{"x", "y", "z", "all"});
  CHECK(offers("move --sp") == Texts{"--speed"});
  CHECK_FALSE(std::ranges::contains(offers(""), "up"));
}

TEST_CASE("what only the host knows completes") {
  const Names names{.registers = {"position", "process.3"},
                    .parameters = {"movement_max_spd_x", "movement_max_spd_y"},
                    .settings = {"safe_height"},
                    .processes = {{"3", "Water the bed"}},
                    .codes = {{"1", "Water a plant"}}};
  CHECK(offers("PROC.KILL id=", names) == Texts{"id=3"});
  CHECK(offers("kill ", names) == Texts{"3"});
  CHECK(offers("PROC.START id=", names) == Texts{"id=1", "id=\"Water a plant\""});
  CHECK(offers("watch po", names) == Texts{"position"});
  CHECK(offers("param get movement", names).size() == 2);
  CHECK(offers("SYS.CONFIG_READ package=os config=", names) == Texts{"config=safe_height"});
  const auto fields =
      fields_of_words(*operation_of("PROC.START"), words_of("PROC.START id=\"Water a plant\""), names);
  REQUIRE(fields);
  CHECK((*fields)["id"] == 1);
  CHECK_FALSE(fields_of_words(*operation_of("PROC.START"), {"PROC.START", "id=Nothing"}, names));
}

TEST_CASE("Tab takes the line as far as the offers agree, and lists them then") {
  CHECK(completed("sys.ho", suggest("sys.ho", {})) == "SYS.HOME ");
  CHECK(completed("SYS.HOME ax", suggest("SYS.HOME ax", {})) == "SYS.HOME axis=");
  CHECK(completed("nothing like it", suggest("nothing like it", {})) == "nothing like it");
  Console console;
  console.type(":SYS.EMER\t");
  CHECK(console.interaction.ui().line.text() == "SYS.EMERGENCY_");
  console.type("\t");
  CHECK(console.screen().contains("SYS.EMERGENCY_UNLOCK"));
}

TEST_CASE("words may stand in quotes, and names of operations be short") {
  CHECK(words_of("  a 'b c'  d=\"e f\" ") == Texts{"a", "b c", "d=e f"});
  CHECK(words_of("a \"") == Texts{"a", ""});
  CHECK(operation_of("cfgrd") == protocol::find_operation("SYS.CONFIG_READ"));
  CHECK(operation_of("LIST") == nullptr);  // CODE has one, PROC too
  CHECK(called_by({"home"}) == nullptr);   // a command
  CHECK(called_by({"HOME"}) == protocol::find_operation("SYS.HOME"));
  CHECK(not_in_here({"up"}));
  CHECK(not_in_here({"check", "-"}));
  CHECK_FALSE(not_in_here({"move", "1", "-2", "3"}));
}

// ---- screen --------------------------------------------------------------------------------------

TEST_CASE("the overview at 80x24 shows position and trust, outputs, processes and the log") {
  Console console;
  console.model.processes_listed(Json::array({process(3, "waiting")}));
  console.model.log_arrived(
      {{"level", "info"}, {"source", "hal"}, {"message", "The board is ready."}, {"time", noon}});
  const std::string screen = console.screen();
  INFO(screen);
  for (const char* part : {"120.00 known", "80.25 STALE", "? UNKNOWN", "cruising", "1/0", "8 water",
                           "ON 0:12", "9:48", "9 vacuum pump", "off", "59=512", "Water the bed", "3/16",
                           "/body/2 move", "hal: The board is ready.", "^X E-STOP", "board ready", "BUSY"})
    CHECK(screen.contains(part));
  CHECK(std::ranges::count(screen, '\n') == 24);
}

TEST_CASE("larger terminals use their space, and small ones ask for more") {
  Console console;
  for (int i = 0; i < 100; ++i) console.model.log_arrived({{"message", "entry " + std::to_string(i) + "."}});
  CHECK(std::ranges::count(console.screen({132, 43}), '\n') == 43);
  CHECK(console.screen({132, 43}).contains("entry 80."));
  CHECK_FALSE(console.screen().contains("entry 80."));
  CHECK(console.screen({40, 10}).contains("^X E-STOP"));
  CHECK_FALSE(console.screen({1, 1}).empty());
}

TEST_CASE("the emergency lock is told in words on every view") {
  Console console;
  console.model.machine.locked = true;
  for (const char* view : {"o", "l", "r", "?"}) {
    console.type(view);
    CHECK(console.screen().contains("EMERGENCY LOCK IS ON"));
  }
}

TEST_CASE("a lost connection and a board that is not ready are told with the reason") {
  Console console;
  console.model.machine.firmware_reason = "Nothing is plugged in.";
  CHECK(console.screen().contains("THE BOARD IS NOT READY: Nothing is plugged in."));
  console.model.hypervisor = {.connected = false, .problem = "Nobody answers."};
  CHECK(console.screen().contains("NO CONNECTION TO THE HYPERVISOR"));
  CHECK(console.screen().contains("hal DOWN"));
}

TEST_CASE("the help has every binding, at 80x24") {
  Console console;
  console.type("?");
  const std::string screen = console.screen();
  INFO(screen);
  for (const auto& binding : bindings())
    if (!binding.help.empty()) CHECK(screen.contains(std::string(binding.help.substr(0, 16))));
}

// ---- painter -------------------------------------------------------------------------------------

TEST_CASE("only what has changed is painted") {
  Console console;
  const auto screen = [&] {
    auto target = ftxui::Screen::Create(ftxui::Dimension::Fixed(80), ftxui::Dimension::Fixed(24));
    ftxui::Render(target,
                  draw(console.model, console.interaction.ui(), console.interaction.jogging(), {}, noon));
    return target;
  };
  Painter painter({.colour = true});
  CHECK(painter.paint(screen()).size() > 500);
  CHECK(painter.paint(screen()).empty());
  console.model.machine.axes[0].mm = 121.0;
  const std::string change = painter.paint(screen());
  CHECK(change.size() < 60);
  CHECK(change.contains("\x1b["));
  painter.forget();
  CHECK(painter.paint(screen()).size() > 500);
}

TEST_CASE("without colour no colour is sent, and without Unicode only ASCII") {
  Console console;
  console.model.machine.locked = true;
  console.model.log_arrived({{"level", "error"}, {"message", "größe"}});
  auto target = ftxui::Screen::Create(ftxui::Dimension::Fixed(80), ftxui::Dimension::Fixed(24));
  ftxui::Render(target,
                draw(console.model, console.interaction.ui(), console.interaction.jogging(), {}, noon));
  Painter painter({.colour = false, .unicode = false, .line_drawing = false});
  const std::string bytes = painter.paint(target);
  CHECK(std::ranges::all_of(bytes, [](char c) { return static_cast<unsigned char>(c) < 0x80; }));
  CHECK_FALSE(bytes.contains(";31m"));
  CHECK(bytes.contains("gr??e"));
  CHECK(bytes.contains("EMERGENCY LOCK"));
}

TEST_CASE("wide characters are painted once, and what follows stays in its column") {
  const auto screen = [](const char* words) {
    auto target = ftxui::Screen::Create(ftxui::Dimension::Fixed(8), ftxui::Dimension::Fixed(1));
    ftxui::Render(target, ftxui::text(words));
    return target;
  };
  Painter painter({});
  painter.paint(screen("水a"));
  CHECK(painter.paint(screen("水b")).contains("\x1b[1;3H"));
  CHECK(painter.paint(screen("xyb")).contains("xy"));
}

}  // namespace celeriac::console::tui
