#include "tests/reference/generator.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <span>
#include <stdexcept>

#include "celeryscript/grammar.hpp"
#include "tests/reference/garden.hpp"

namespace celeriac::reference {
namespace {

using celeryscript::ArgumentRule;
using celeryscript::Kind;
using celeryscript::KindSet;
namespace primitive = celeryscript::primitive;

/// A variable that is bound where something is written, and what it may stand for.
struct Bound {
  std::string label;
  bool is_number = false, is_place = false, is_resource = false;
};

/// A sequence that may be called: what it wants to be passed.
struct Callable {
  std::int64_t id = 0;
  std::vector<Bound> parameters;
};

constexpr std::array<std::string_view, 4> number_scripts = {"return 5", "return -12.5", "return 40",
                                                            "return 1"};
constexpr std::array<std::string_view, 6> truth_scripts = {"return true",    "return true", "return false",
                                                           "return true, 1", "return 1",    "x = 3"};
constexpr std::array<std::string_view, 5> texts = {"hello", "at {{ x }}", "pin {{pin8}} \"quoted\"", "grün",
                                                   "a/b~c"};
constexpr std::array<int, 4> servo_pins = {4, 5, 6, 11};
constexpr std::array<std::string_view, 4> properties = {"x", "name", "meta.colour", "plant_stage"};
constexpr std::int64_t nobody = 99'999;  // an id that nothing has

/// Writes nodes of one document.
class Writer {
 public:
  Writer(Dice& dice, const Taste& taste, const Garden& garden, KindCounts* counts)
      : dice_(dice), taste_(taste), garden_(garden), counts_(counts) {}

  Json sequence(std::int64_t id, const std::vector<Callable>& callable, Callable& self) {
    callable_ = callable;
    bound_.clear();
    group_spent_ = false;
    Json locals = node("scope_declaration");
    for (std::size_t i = 0; i < dice_.below(4); ++i) {
      Json declaration = this->declaration(std::string(1, static_cast<char>('a' + i)), true);
      if (declaration["kind"] == "parameter_declaration") self.parameters.push_back(bound_.back());
      locals["body"].push_back(std::move(declaration));
    }
    Json made = {{"kind", "sequence"}, {"args", {{"version", celeryscript::grammar_version}}}, {"id", id}};
    made["args"]["locals"] = std::move(locals);
    made["body"] = steps();
    note("sequence");
    return made;
  }

  /// Values for the parameters of a root, and now and then for a constant of its.
  std::map<std::string, Json> given(const Callable& root) {
    std::map<std::string, Json> values;
    bound_.clear();
    for (const Bound& parameter : root.parameters)
      if (!taste_.mistakes || dice_.chance(0.9))
        values[parameter.label] = application(parameter)["args"]["data_value"];
    if (dice_.chance(0.1)) values["a"] = node("coordinate");
    return values;
  }

  Json request(const std::vector<Callable>& callable) {
    callable_ = callable;
    Json made = {{"kind", "rpc_request"}, {"args", {{"label", "abc"}, {"priority", 600}}}};
    made["body"] = steps();
    note("rpc_request");
    return made;
  }

  Json sequence_of(const std::string& kind, std::size_t count) {
    const Callable called{.id = 101, .parameters = {{.label = "a", .is_number = true}}};
    Callable self{.id = 100, .parameters = {}};
    Json made = sequence(self.id, {called}, self);
    made["body"] = Json::array();
    while (count-- > 0) made["body"].push_back(step(kind));
    return made;
  }

  Json other(const std::string& kind) {
    Json made = node(kind);
    if (kind == "rpc_error") made["body"] = Json::array({node("explanation")});
    if (kind == "internal_farm_event") made["body"] = Json::array({application("a")});
    if (kind == "internal_regimen") {
      made["body"] = Json::array({application("a")});
      Json declaration = this->declaration("b", false);
      made["body"].push_back(std::move(declaration));
    }
    return made;
  }

  /// A step of a kind, all of it valid.
  Json step(const std::string& kind) {
    note(kind);
    const auto rules = Writer::rules();
    const auto rule = std::ranges::find(rules, kind, &Rule::kind);
    return rule != rules.end() ? (this->*rule->write)() : plain(kind);
  }

 private:
  using Write = Json (Writer::*)();
  struct Rule {
    std::string_view kind;
    Write write;
  };
  /// Kinds of which the grammar table does not say all that makes one valid.
  static std::span<const Rule> rules();

  void note(const std::string& kind) {
    if (counts_ != nullptr) ++(*counts_)[kind];
  }
  static Json bare(std::string_view kind) { return {{"kind", kind}, {"args", Json::object()}}; }
  /// A node that is no step, by its rule or by the grammar alone.
  Json node(const std::string& kind) { return step(kind); }

  Json plain(const std::string& kind) {
    const Kind* row = celeryscript::find_kind(kind);
    if (row == nullptr) throw std::logic_error("the generator knows a kind that is none: " + kind);
    Json made = bare(kind);
    for (const ArgumentRule* rule : row->args) made["args"][std::string(rule->name)] = value(*rule);
    if (kind == "explanation" || dice_.chance(0.05)) made["comment"] = "why";
    return made;
  }

  /// An argument by its row of the grammar.
  Json value(const ArgumentRule& rule) {
    const bool has_kinds = !rule.kinds.empty();
    if (has_kinds && (rule.types == 0 || dice_.chance(0.5))) return child(rule.kinds);
    if (rule.values != nullptr) {
      const auto& words = rule.values->words;
      const std::string word(words[dice_.below(words.size())]);
      return rule.values->whole_numbers ? Json(std::stoll(word)) : Json(word);
    }
    if ((rule.types & primitive::string) != 0 && dice_.chance(0.7)) return dice_.pick(texts);
    if ((rule.types & primitive::boolean) != 0 && dice_.chance(0.5)) return dice_.chance(0.5);
    if ((rule.types & (primitive::integer | primitive::real)) != 0) {
      constexpr double common = 2000;  // what is not bounded stays where a bot is
      const auto low = static_cast<std::int64_t>(std::max(rule.low, rule.low == 0 ? 0 : -common));
      const auto high = static_cast<std::int64_t>(std::min(rule.high, common));
      const std::int64_t whole = dice_.between(low, high);
      if ((rule.types & primitive::real) != 0 && whole < high && dice_.chance(0.3))
        return static_cast<double>(whole) + 0.25;
      return whole;
    }
    return dice_.pick(texts);
  }

  /// One of the kinds that may stand somewhere and that run; placeholders only where they are chosen on
  /// purpose.
  Json child(const KindSet& kinds) {
    std::vector<std::string> choices;
    for (const Kind& kind : celeryscript::kinds()) {
      if (!celeryscript::contains(kinds, kind) || !kind.runs() || kind.name.ends_with("_placeholder"))
        continue;
      if (kind.name == "identifier" || kind.name == "point_group") continue;
      if (kind.name == "execute" && callable_.empty()) continue;
      choices.emplace_back(kind.name);
    }
    return node(dice_.pick(choices));
  }

  Json steps() {
    std::vector<std::string> kinds;
    for (const Kind& kind : celeryscript::kinds()) {
      const Kind& root = *celeryscript::find_kind("sequence");
      if (!celeryscript::contains(root.body | root.tolerated, kind) || !kind.runs()) continue;
      if (kind.name == "execute" && callable_.empty()) continue;
      kinds.emplace_back(kind.name);
    }
    Json body = Json::array();
    for (std::size_t n = 1 + dice_.below(taste_.longest_body); n > 0; --n) {
      const double throw_of = static_cast<double>(dice_.below(100));
      // Moves, branches and calls are what sequences are made of.
      const std::string kind = throw_of < 22                         ? "move"
                               : throw_of < 30                       ? "_if"
                               : throw_of < 40 && !callable_.empty() ? "execute"
                               : throw_of < 44                       ? "assertion"
                                                                     : dice_.pick(kinds);
      // A lock ends everything, so it comes seldom.
      body.push_back(step(kind == "emergency_lock" && dice_.chance(0.9) ? "wait" : kind));
    }
    return body;
  }

  // ---- variables ----

  /// A value for a variable, and what it may stand for.
  Json data(Bound& bound, bool may_be_group) {
    constexpr std::array<std::string_view, 6> kinds = {"coordinate", "point",    "tool",
                                                       "numeric",    "resource", "text"};
    if (may_be_group && !group_spent_ && dice_.chance(0.2)) {
      group_spent_ = true;
      bound.is_place = bound.is_resource = true;
      constexpr std::array<std::string_view, 3> groups = {"point_group", "every_point", "every_location"};
      return node(std::string(dice_.chance(0.8) ? groups[0] : dice_.pick(groups)));
    }
    const std::string kind(dice_.pick(kinds));
    bound.is_number = kind == "numeric";
    bound.is_place = kind == "coordinate" || kind == "point" || kind == "tool";
    bound.is_resource = kind == "resource" || kind == "point";
    return node(kind);
  }

  Json declaration(const std::string& label, bool may_be_parameter) {
    Bound bound{.label = label};
    const bool parameter = may_be_parameter && dice_.chance(0.7);
    Json made = bare(parameter ? "parameter_declaration" : "variable_declaration");
    note(made["kind"]);
    made["args"]["label"] = label;
    Json value = data(bound, !parameter);
    if (parameter && dice_.chance(0.2)) {  // whoever calls has to choose
      const std::string kind = bound.is_number     ? "number_placeholder"
                               : bound.is_place    ? "location_placeholder"
                               : bound.is_resource ? "resource_placeholder"
                                                   : "text_placeholder";
      value = plain(kind);
      note(kind);
    }
    made["args"][parameter ? "default_value" : "data_value"] = std::move(value);
    bound_.push_back(bound);
    return made;
  }

  /// An identifier of a variable for which `fits` holds; null if there is none.
  template <class Fits>
  Json identifier(Fits fits) {
    std::vector<std::string> labels;
    for (const Bound& bound : bound_)
      if (fits(bound)) labels.push_back(bound.label);
    if (labels.empty()) return nullptr;
    note("identifier");
    Json made = bare("identifier");
    made["args"]["label"] = dice_.pick(labels);
    return made;
  }

  Json application(const std::string& label) {
    Bound ignored;
    Json made = bare("parameter_application");
    note("parameter_application");
    made["args"] = {{"label", label}, {"data_value", data(ignored, false)}};
    return made;
  }

  /// What a parameter is passed: mostly of its own sort.
  Json application(const Bound& parameter) {
    Json made = bare("parameter_application");
    note("parameter_application");
    Json value;
    if (dice_.chance(0.4))
      value = identifier([&](const Bound& bound) {
        return bound.is_number == parameter.is_number && bound.is_place == parameter.is_place;
      });
    if (value.is_null() && parameter.is_place && dice_.chance(0.15)) {
      value = node("point_group");
    } else if (value.is_null()) {
      value = node(parameter.is_number     ? "numeric"
                   : parameter.is_place    ? (dice_.chance(0.5) ? "point" : "coordinate")
                   : parameter.is_resource ? "resource"
                                           : "text");
    }
    made["args"] = {{"label", parameter.label}, {"data_value", std::move(value)}};
    return made;
  }

  // ---- rules ----

  std::int64_t id_of(const std::vector<std::int64_t>& ids) {
    return taste_.mistakes && dice_.chance(0.02) ? nobody : dice_.pick(ids);
  }
  Json with(std::string_view kind, Json args, Json body = nullptr) {
    Json made = {{"kind", kind}, {"args", std::move(args)}};
    if (!body.is_null()) made["body"] = std::move(body);
    return made;
  }
  Json pairs(std::size_t most, std::size_t least = 0) {
    Json body = Json::array();
    for (std::size_t n = least + dice_.below(most - least + 1); n > 0; --n) {
      note("pair");
      const Json value = dice_.chance(0.5)   ? Json(dice_.pick(texts))
                         : dice_.chance(0.5) ? Json(dice_.between(-5, 5))
                                             : Json(dice_.chance(0.5));
      body.push_back(with("pair", {{"label", dice_.pick(properties)}, {"value", value}}));
    }
    return body;
  }
  std::string script(std::span<const std::string_view> scripts) {
    if (taste_.mistakes && dice_.chance(0.03)) return "error(\"no water\")";
    return std::string(scripts[dice_.below(scripts.size())]);
  }

  Json point() {
    constexpr std::array<std::string_view, 4> types = {"GenericPointer", "Plant", "ToolSlot", "Weed"};
    return with("point", {{"pointer_type", dice_.pick(types)}, {"pointer_id", id_of(garden_.points)}});
  }
  Json tool() { return with("tool", {{"tool_id", id_of(garden_.tools)}}); }
  Json point_group() { return with("point_group", {{"point_group_id", id_of(garden_.groups)}}); }
  Json every_location() { return with("every_location", {{"pointer_type", "Weed"}}); }
  Json resource() {
    return with("resource", {{"resource_type", "Plant"}, {"resource_id", id_of(garden_.points)}});
  }
  Json random() { return with("random", {{"variance", dice_.between(0, 50)}}); }
  Json lua() { return with("lua", {{"lua", script(number_scripts)}}); }
  Json scope_declaration() { return with("scope_declaration", Json::object(), Json::array()); }

  Json named_pin(bool writable, bool led) {
    note("named_pin");
    if (led && dice_.chance(0.2))
      return with("named_pin", {{"pin_type", dice_.chance(0.5) ? "BoxLed3" : "BoxLed4"}, {"pin_id", -1}});
    const bool sensor = !writable && dice_.chance(0.5);
    return with("named_pin", {{"pin_type", sensor ? "Sensor" : "Peripheral"},
                              {"pin_id", id_of(sensor ? garden_.sensors : garden_.peripherals)}});
  }
  Json any_named_pin() { return named_pin(false, false); }
  Json pin(bool writable, bool led) {
    return dice_.chance(0.4) ? named_pin(writable, led) : Json(dice_.between(0, 69));
  }
  Json write_pin() {
    const Json pin = this->pin(true, true);
    const bool is_led = pin.is_object() && pin["args"]["pin_type"].get<std::string>().starts_with("BoxLed");
    const std::int64_t mode = is_led ? 0 : dice_.between(0, 1);
    return with(
        "write_pin",
        {{"pin_number", pin}, {"pin_mode", mode}, {"pin_value", dice_.between(0, mode == 0 ? 1 : 255)}});
  }
  Json read_pin() {
    return with("read_pin",
                {{"pin_number", pin(false, true)}, {"pin_mode", dice_.between(0, 1)}, {"label", "---"}});
  }
  Json toggle_pin() { return with("toggle_pin", {{"pin_number", pin(true, false)}}); }
  Json set_pin_io_mode() {
    constexpr std::array<std::string_view, 3> modes = {"input", "input_pullup", "output"};
    return with("set_pin_io_mode",
                {{"pin_number", dice_.between(0, 69)}, {"pin_io_mode", dice_.pick(modes)}});
  }
  Json set_servo_angle() {
    return with("set_servo_angle",
                {{"pin_number", dice_.pick(servo_pins)}, {"pin_value", dice_.between(0, 180)}});
  }
  Json read_peripheral() {
    return with("read_peripheral",
                {{"peripheral_id", id_of(garden_.peripherals)}, {"pin_mode", dice_.between(0, 1)}});
  }
  Json write_peripheral() {
    return with(
        "write_peripheral",
        {{"peripheral_id", id_of(garden_.peripherals)}, {"pin_mode", 0}, {"pin_value", dice_.between(0, 1)}});
  }
  Json register_gpio() {
    return with("register_gpio",
                {{"pin_number", dice_.between(0, 27)}, {"sequence_id", dice_.between(1, 100)}});
  }
  Json unregister_gpio() { return with("unregister_gpio", {{"pin_number", dice_.between(0, 27)}}); }

  Json branch() { return callable_.empty() || dice_.chance(0.4) ? step("nothing") : step("execute"); }
  Json if_() {
    constexpr std::array<std::string_view, 8> sides = {"x",    "y",     "z",     "pin8",
                                                       "pin9", "pin13", "pin59", "pin0"};
    constexpr std::array<std::string_view, 5> ops = {"<", ">", "is", "is_undefined", "not"};
    const Json left = dice_.chance(0.25) ? named_pin(false, false) : Json(dice_.pick(sides));
    const Json right = dice_.chance(0.5) ? Json(dice_.between(0, 1)) : Json(dice_.between(-100, 500));
    Json made = with("_if", {{"lhs", left}, {"op", dice_.pick(ops)}, {"rhs", right}});
    made["args"]["_then"] = branch();
    made["args"]["_else"] = branch();
    return made;
  }
  Json execute() {
    const Callable& called = dice_.pick(callable_);
    Json body = Json::array();
    // A parameter without a default has to be passed; that a caller forgets it is a mistake of its own.
    for (const Bound& parameter : called.parameters)
      if (!taste_.mistakes || dice_.chance(0.9)) body.push_back(application(parameter));
    if (dice_.chance(0.1)) body.push_back(application("unheard_of"));
    const std::int64_t id = taste_.mistakes && dice_.chance(0.01) ? nobody : called.id;
    return with("execute", {{"sequence_id", id}}, std::move(body));
  }
  Json assertion() {
    constexpr std::array<std::string_view, 4> types = {"abort", "abort_recover", "continue", "recover"};
    Json made = with("assertion", {{"lua", script(truth_scripts)}, {"assertion_type", dice_.pick(types)}});
    made["args"]["_then"] = branch();
    if (dice_.chance(0.3)) made["comment"] = "Is it dry?";
    return made;
  }

  std::string axis() { return std::string(1, static_cast<char>('x' + dice_.below(3))); }
  Json operand() {
    Json value;
    if (dice_.chance(0.35))
      value = identifier([](const Bound& bound) { return bound.is_number || bound.is_place; });
    if (!value.is_null()) return value;
    return child(celeryscript::find_kind("axis_addition")->find("axis_operand")->kinds);
  }
  Json axis_addition() { return with("axis_addition", {{"axis", axis()}, {"axis_operand", operand()}}); }
  Json axis_overwrite() { return with("axis_overwrite", {{"axis", axis()}, {"axis_operand", operand()}}); }
  Json speed_overwrite() {
    const bool scripted = dice_.chance(0.2);
    note(scripted ? "lua" : "numeric");
    const Json setting =
        scripted ? with("lua", {{"lua", "return 40"}}) : with("numeric", {{"number", dice_.between(1, 100)}});
    return with("speed_overwrite", {{"axis", axis()}, {"speed_setting", setting}});
  }
  Json move() {
    constexpr std::array<std::string_view, 3> items = {"axis_addition", "axis_overwrite", "speed_overwrite"};
    Json body = Json::array();
    for (std::size_t n = dice_.below(6); n > 0; --n) body.push_back(step(std::string(dice_.pick(items))));
    const auto insert = [&](const char* kind, double probability) {
      if (!dice_.chance(probability)) return;
      body.insert(body.begin() + static_cast<std::ptrdiff_t>(dice_.below(body.size() + 1)), step(kind));
    };
    insert("safe_z", 0.2);
    insert("axis_order", 0.3);
    return with("move", Json::object(), std::move(body));
  }
  Json move_absolute() {
    Json location;
    if (dice_.chance(0.4)) location = identifier([](const Bound& bound) { return bound.is_place; });
    if (location.is_null())
      location = child(celeryscript::find_kind("move_absolute")->find("location")->kinds);
    return with("move_absolute", {{"location", std::move(location)},
                                  {"offset", step("coordinate")},
                                  {"speed", dice_.between(1, 100)}});
  }

  Json send_message() {
    Json made = plain("send_message");
    for (std::size_t n = dice_.below(3); n > 0; --n) made["body"].push_back(step("channel"));
    return made;
  }
  Json execute_script() { return with("execute_script", {{"label", "plant-detection"}}, pairs(2)); }
  Json take_photo() { return bare("take_photo"); }
  Json set_user_env() { return with("set_user_env", Json::object(), pairs(3)); }
  Json update_resource() {
    Json held;
    if (dice_.chance(0.4)) held = identifier([](const Bound& bound) { return bound.is_resource; });
    if (held.is_null()) held = dice_.chance(0.5) ? step("resource") : step("point");
    return with("update_resource", {{"resource", std::move(held)}}, pairs(3, 1));
  }
  Json change_ownership() {
    note("pair");
    return with("change_ownership", Json::object(),
                Json::array({with("pair", {{"label", "email"}, {"value", "a@example.org"}}),
                             with("pair", {{"label", "secret"}, {"value", "c2VjcmV0"}})}));
  }

  Dice& dice_;
  const Taste& taste_;
  const Garden& garden_;
  KindCounts* counts_;
  std::vector<Callable> callable_;
  std::vector<Bound> bound_;
  bool group_spent_ = false;  // two groups at once are a mistake
};

std::span<const Writer::Rule> Writer::rules() {
  static constexpr Rule table[] = {
      {"_if", &Writer::if_},
      {"assertion", &Writer::assertion},
      {"axis_addition", &Writer::axis_addition},
      {"axis_overwrite", &Writer::axis_overwrite},
      {"change_ownership", &Writer::change_ownership},
      {"every_location", &Writer::every_location},
      {"execute", &Writer::execute},
      {"execute_script", &Writer::execute_script},
      {"lua", &Writer::lua},
      {"move", &Writer::move},
      {"move_absolute", &Writer::move_absolute},
      {"named_pin", &Writer::any_named_pin},
      {"point", &Writer::point},
      {"point_group", &Writer::point_group},
      {"random", &Writer::random},
      {"read_peripheral", &Writer::read_peripheral},
      {"read_pin", &Writer::read_pin},
      {"register_gpio", &Writer::register_gpio},
      {"resource", &Writer::resource},
      {"scope_declaration", &Writer::scope_declaration},
      {"send_message", &Writer::send_message},
      {"set_pin_io_mode", &Writer::set_pin_io_mode},
      {"set_servo_angle", &Writer::set_servo_angle},
      {"set_user_env", &Writer::set_user_env},
      {"speed_overwrite", &Writer::speed_overwrite},
      {"take_photo", &Writer::take_photo},
      {"toggle_pin", &Writer::toggle_pin},
      {"tool", &Writer::tool},
      {"unregister_gpio", &Writer::unregister_gpio},
      {"update_resource", &Writer::update_resource},
      {"write_peripheral", &Writer::write_peripheral},
      {"write_pin", &Writer::write_pin},
  };
  return table;
}

}  // namespace

Account make_account(std::uint64_t seed, const Taste& taste, KindCounts* counts) {
  Dice dice(seed);
  Account account;
  const Garden garden = plant(dice, account.assets);
  Writer writer(dice, taste, garden, counts);
  std::vector<Callable> callable;
  for (std::size_t i = dice.below(taste.sequences + 1); i > 0; --i) {  // the last one first: it calls nobody
    Callable self{.id = 100 + static_cast<std::int64_t>(i), .parameters = {}};
    account.sequences[self.id] = writer.sequence(self.id, callable, self);
    callable.push_back(std::move(self));
  }
  if (dice.chance(0.2)) {
    account.root = Writer(dice, taste, garden, counts).request(callable);
  } else {
    Callable root{.id = 100, .parameters = {}};
    account.root = writer.sequence(root.id, callable, root);
    account.given = writer.given(root);
    account.given_wins = dice.chance(0.5);
  }
  for (double& axis : account.position)
    axis = taste.mistakes && dice.chance(0.02) ? std::numeric_limits<double>::quiet_NaN()
                                               : static_cast<double>(dice.between(-100, 300));
  for (const int pin : {8, 9, 59})
    if (dice.chance(0.5)) account.pins[pin] = static_cast<double>(dice.between(0, 1));
  account.seed = dice.bits();
  if (taste.mistakes && dice.chance(0.1)) account.fails_at = dice.below(12);
  return account;
}

Json make_document(std::uint64_t seed, const std::string& kind, KindCounts* counts) {
  Dice dice(seed);
  vm::Assets assets;
  const Garden garden = plant(dice, assets);
  const Taste taste;
  return Writer(dice, taste, garden, counts).other(kind);
}

Json make_sequence_of(std::uint64_t seed, const std::string& kind, std::size_t steps) {
  Dice dice(seed);
  vm::Assets assets;
  const Garden garden = plant(dice, assets);
  const Taste taste;
  return Writer(dice, taste, garden, nullptr).sequence_of(kind, steps);
}

}  // namespace celeriac::reference
