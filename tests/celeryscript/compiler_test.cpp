#include "celeryscript/compiler.hpp"

#include <catch2/catch_test_macros.hpp>
#include <format>

#include "celeryscript/imports.hpp"
#include "tests/celeryscript/compiler_host.hpp"
#include "tests/wasm/wabt.hpp"
#include "wasm/reader.hpp"
#include "wasm/wat.hpp"

using namespace celeriac;
using namespace celeriac::celeryscript;
using testing::compiled;
using testing::Host;
using testing::refusal;
using testing::sequence;

using Log = std::vector<std::string>;

namespace {

/// The operations of a sequence with these steps, run by a bot at (10, 20, 30).
Log run(const std::string& steps) {
  Host host;
  host.x = 10;
  host.y = 20;
  host.z = 30;
  return host.run(compiled(sequence(steps)));
}

}  // namespace

TEST_CASE("an empty sequence has no steps and is a valid module") {
  const Program program = compiled(sequence(""));
  CHECK(program.steps.empty());
  CHECK(program.body_nodes == 0);
  CHECK(program.kind == "sequence");
  CHECK(testing::wasm_validate(program.module) == "");
}

TEST_CASE("kinds that are one operation hand it their arguments") {
  CHECK(run(R"({"kind":"write_pin","args":{"pin_number":8,"pin_value":1,"pin_mode":0}})") ==
        Log{"SYS.WRITE_PIN pin=8 value=1 mode=0", "SYS.READ_PIN pin=8 mode=0"});
  CHECK(run(R"({"kind":"read_pin","args":{"pin_number":59,"label":"soil","pin_mode":1}})") ==
        Log{"SYS.READ_PIN pin=59 mode=1"});
  CHECK(run(R"({"kind":"toggle_pin","args":{"pin_number":7}})") ==
        Log{"SYS.TOGGLE_PIN pin=7", "SYS.READ_PIN pin=7 mode=0"});
  CHECK(run(R"({"kind":"set_servo_angle","args":{"pin_number":4,"pin_value":90}})") ==
        Log{"SYS.SET_SERVO_ANGLE pin=4 angle=90"});
  CHECK(run(R"({"kind":"wait","args":{"milliseconds":1500}})") == Log{"SYS.WAIT milliseconds=1500"});
  CHECK(run(R"({"kind":"emergency_lock","args":{}})") == Log{"SYS.EMERGENCY_LOCK"});
  CHECK(run(R"({"kind":"emergency_unlock","args":{}})") == Log{"SYS.EMERGENCY_UNLOCK"});
  CHECK(run(R"({"kind":"read_status","args":{}})") == Log{"SYS.READ_STATUS"});
  CHECK(run(R"({"kind":"power_off","args":{}})") == Log{"SYS.POWER_OFF"});
  CHECK(run(R"({"kind":"move_relative","args":{"x":1.5,"y":-2,"z":0,"speed":50}})") ==
        Log{"SYS.MOVE_RELATIVE x=1.5 y=-2 z=0 x_speed=50 y_speed=50 z_speed=50"});
}

TEST_CASE("axes are numbers: x 0, y 1, z 2, all 3") {
  const std::pair<const char*, int> axes[] = {{"x", 0}, {"y", 1}, {"z", 2}, {"all", 3}};
  for (const auto& [name, number] : axes) {
    const auto with = [&](const char* kind) {
      return std::format(R"({{"kind":"{}","args":{{"axis":"{}","speed":80}}}})", kind, name);
    };
    CHECK(run(with("home")) == Log{std::format("SYS.HOME axis={} speed=80", number)});
    CHECK(run(with("find_home")) == Log{std::format("SYS.FIND_HOME axis={} speed=80", number)});
    CHECK(run(with("zero")) == Log{std::format("SYS.ZERO axis={}", number)});
    CHECK(run(with("calibrate")) == Log{std::format("SYS.CALIBRATE axis={}", number)});
  }
}

TEST_CASE("a speed that an older document leaves out is full speed") {
  CHECK(run(R"({"kind":"home","args":{"axis":"z"}})") == Log{"SYS.HOME axis=2 speed=100"});
}

TEST_CASE("pin modes are input 0, output 1, input with pull-up 2") {
  const std::pair<const char*, int> modes[] = {{"input", 0}, {"output", 1}, {"input_pullup", 2}};
  for (const auto& [name, number] : modes) {
    CHECK(run(std::format(R"({{"kind":"set_pin_io_mode","args":{{"pin_number":13,"pin_io_mode":"{}"}}}})",
                          name)) == Log{std::format("SYS.SET_PIN_IO_MODE pin=13 io_mode={}", number)});
  }
}

TEST_CASE("reboot takes the firmware or the computer, and nothing else") {
  CHECK(run(R"({"kind":"reboot","args":{"package":"arduino_firmware"}})") == Log{"SYS.REBOOT package=0"});
  CHECK(run(R"({"kind":"reboot","args":{"package":"farmbot_os"}})") == Log{"SYS.REBOOT package=1"});
  const auto error = refusal(sequence(R"({"kind":"reboot","args":{"package":"toaster"}})"));
  CHECK(error.status == protocol::Status::invalid_code);
  CHECK(error.path == "/body/0/args/package");
  CHECK(error.message.find("`arduino_firmware`, `farmbot_os`") != std::string::npos);
}

TEST_CASE("move_absolute adds the offset to the location and moves all axes at its speed") {
  CHECK(run(R"({"kind":"move_absolute","args":{
                 "location":{"kind":"coordinate","args":{"x":100,"y":200.5,"z":-30}},
                 "offset":{"kind":"coordinate","args":{"x":1,"y":2,"z":3}},"speed":75}})") ==
        Log{"SYS.MOVE_ABSOLUTE x=101 y=202.5 z=-27 x_speed=75 y_speed=75 z_speed=75"});
}

TEST_CASE("send_message hands over its text, type and channels") {
  CHECK(run(R"({"kind":"send_message","args":{"message":"at {{ x }}","message_type":"info"},"body":[
                 {"kind":"channel","args":{"channel_name":"toast"}},{"kind":"channel","args":{"channel_name":"email"}}]})") ==
        Log{R"(SYS.SEND_MESSAGE message=at {{ x }} message_type=info channels=["toast","email"])"});
  CHECK(run(R"({"kind":"send_message","args":{"message":"ä","message_type":"fun"}})") ==
        Log{"SYS.SEND_MESSAGE message=ä message_type=fun channels=[]"});
}

TEST_CASE("equal texts have one handle") {
  const std::string step = R"({"kind":"send_message","args":{"message":"a","message_type":"info"}})";
  const Program program = compiled(sequence(step + "," + step));
  CHECK(program.tables.texts == std::vector<std::string>{"a", "info", "[]"});
}

TEST_CASE("nothing is a step of its own that asks for nothing") {
  const Program program = compiled(sequence(R"({"kind":"nothing","args":{}},{"kind":"nothing","args":{}})"));
  CHECK(program.steps == std::vector<Step>{{0, true, false}, {1, true, false}});
  CHECK(Host().run(program).empty());
}

TEST_CASE("execute asks for the sequence, and as the last step returns the end") {
  const Program program = compiled(sequence(
      R"({"kind":"execute","args":{"sequence_id":7}},{"kind":"execute","args":{"sequence_id":12}})"));
  CHECK(Host().run(program) == Log{"VM.EXECUTE 7", "VM.EXECUTE 12"});
  wasm::Engine engine;
  const wasm::HostCall host{.call = [](void*, wasm::ImportIndex, std::span<const wasm::Value>) noexcept {}};
  auto instance = wasm::Instance::create(engine, program.module, host);
  REQUIRE(instance);
  CHECK((*instance)->call(0) == 1);
  CHECK((*instance)->call(1) == end);
}

TEST_CASE("each node begins once and knows its pointer and its kind") {
  const Program program = compiled(sequence(R"(
    {"kind":"move","args":{},"body":[{"kind":"safe_z","args":{}}]},
    {"kind":"_if","args":{"lhs":"x","op":"is","rhs":1,
      "_then":{"kind":"execute","args":{"sequence_id":1}},"_else":{"kind":"execute","args":{"sequence_id":2}}}},
    {"kind":"wait","args":{"milliseconds":1}})"));
  CHECK(program.nodes == std::vector<StepNode>{{"/body/0", "move"},
                                               {"/body/1", "_if"},
                                               {"/body/1/args/_then", "execute"},
                                               {"/body/1/args/_else", "execute"},
                                               {"/body/2", "wait"}});
  CHECK(program.body_nodes == 3);
  for (std::uint32_t node = 0; node < program.nodes.size(); ++node) {
    CHECK(std::ranges::count_if(program.steps,
                                [&](const Step& s) { return s.node == node && s.begins_node; }) == 1);
  }
  for (std::size_t i = 1; i < program.steps.size(); ++i) {
    CHECK(program.steps[i].begins_node == (program.steps[i].node != program.steps[i - 1].node));
  }
}

TEST_CASE("the module carries the same map and texts as the program") {
  const Program program = compiled(sequence(R"(
    {"kind":"move","args":{},"body":[]},{"kind":"send_message","args":{"message":"a","message_type":"info"}})"));
  const auto view = wasm::read_module(program.module);
  REQUIRE(view);
  const auto map = wasm::read_step_map(*view);
  REQUIRE(map);
  CHECK(map->nodes == program.nodes);
  CHECK(map->steps == program.steps);
  CHECK(wasm::read_texts(*view).value() == program.tables.texts);
}

TEST_CASE("a stored sequence keeps its name and id") {
  const Program program = compiled(
      R"({"id":42,"name":"Water bed","kind":"sequence","args":{"version":20180209,"locals":{"kind":"scope_declaration","args":{}}}})");
  CHECK(program.resource_id == 42);
  CHECK(program.name == "Water bed");
  CHECK(testing::wasm_validate(program.module) == "");
}

TEST_CASE("an rpc_request compiles as a sequence does") {
  const Program program = compiled(
      R"({"kind":"rpc_request","args":{"label":"a","priority":600},"body":[{"kind":"read_status","args":{}}]})");
  CHECK(program.kind == "rpc_request");
  CHECK(Host().run(program) == Log{"SYS.READ_STATUS"});
}

TEST_CASE("what cannot be compiled is refused at its place") {
  const auto path = [](const std::string& step) { return refusal(sequence(step)).path; };
  CHECK(path(R"({"kind":"lua","args":{}})") == "/body/0");
  CHECK(path(R"({"kind":"start_regimen","args":{}})") == "/body/0");
  CHECK(path(R"({"kind":"no_such_kind","args":{}})") == "/body/0");
  CHECK(path(R"({"kind":"nothing","args":{}},{"kind":"wait","args":{}})") == "/body/1");
  CHECK(path(R"({"kind":"wait","args":{"milliseconds":"long"}})") == "/body/0/args/milliseconds");
  CHECK(path(R"({"kind":"wait","args":{"milliseconds":null}})") == "/body/0/args/milliseconds");
  CHECK(path(R"({"kind":"toggle_pin","args":{"pin_number":1e300}})") == "/body/0/args/pin_number");
  CHECK(path(R"({"kind":"toggle_pin","args":{"pin_number":1.5}})") == "/body/0/args/pin_number");
  CHECK(path(R"({"kind":"home","args":{"axis":"w","speed":1}})") == "/body/0/args/axis");
  CHECK(path(R"({"kind":"move_absolute","args":{"location":{"kind":"pair","args":{}},
                 "offset":{"kind":"coordinate","args":{"x":0,"y":0,"z":0}},"speed":1}})") ==
        "/body/0/args/location");
  CHECK(path(R"({"kind":"move","args":{},"body":[{"kind":"axis_overwrite","args":{"axis":"x",
                 "axis_operand":{"kind":"lua","args":{}}}}]})") == "/body/0/body/0/args/axis_operand");
  CHECK(path(R"({"kind":"move","args":{},"body":[{"kind":"axis_addition","args":{"axis":"all",
                 "axis_operand":{"kind":"numeric","args":{"number":1}}}}]})") == "/body/0/body/0/args/axis");
  CHECK(path(R"({"kind":"move","args":{},"body":[{"kind":"axis_order","args":{"grouping":"xyz"}}]})") ==
        "/body/0/body/0");
  CHECK(
      path(
          R"({"kind":"execute","args":{"sequence_id":1},"body":[{"kind":"parameter_application","args":{}}]})") ==
      "/body/0/body/0");
  CHECK(path(R"({"kind":"_if","args":{"lhs":"q","op":"is","rhs":1}})") == "/body/0/args/lhs");
  CHECK(path(R"({"kind":"_if","args":{"lhs":"pin","op":"is","rhs":1}})") == "/body/0/args/lhs");
  CHECK(path(R"({"kind":"_if","args":{"lhs":"x","op":"~","rhs":1}})") == "/body/0/args/op");
  CHECK(refusal(R"({"kind":"wait","args":{"milliseconds":1}})").status == protocol::Status::invalid_code);
  CHECK(compile(Document{}).error().status == protocol::Status::invalid_code);
}

TEST_CASE("imports are made from the operation table") {
  const auto import_of = [](const char* long_name) {
    const protocol::Operation& operation = *protocol::find_operation(long_name);
    const auto [space, name] = import_name(operation);
    return wasm::Import{std::string(space), std::string(name), import_parameters(operation)};
  };
  using enum wasm::ValueType;
  CHECK(import_of("SYS.MOVE_ABSOLUTE") ==
        wasm::Import{"SYS", "MOVE_ABSOLUTE", {f64, f64, f64, f64, f64, f64}});
  CHECK(import_of("SYS.WRITE_PIN") == wasm::Import{"SYS", "WRITE_PIN", {i32, f64, i32}});
  CHECK(import_of("SYS.SEND_MESSAGE") == wasm::Import{"SYS", "SEND_MESSAGE", {i32, i32, i32}});
  CHECK(import_of("REGISTER.READ") == wasm::Import{"REGS", "READ", {i32}});
  for (const protocol::Operation& operation : protocol::operations()) {
    const auto target = find_import(import_of(std::string(operation.long_name).c_str()));
    CHECK(target.has_value() == importable(operation));
    if (target) CHECK(target->operation == &operation);
  }
  for (const HostCallRow& row : host_calls()) {
    const auto target =
        find_import({"VM", std::string(row.name), {row.parameters.begin(), row.parameters.end()}});
    REQUIRE(target.has_value());
    CHECK(target->operation == nullptr);
    CHECK(target->call == row.call);
  }
  CHECK_FALSE(find_import({"VM", "EXECUTE", {f64}}));
  CHECK_FALSE(find_import({"VM", "NO_SUCH_CALL", {i32}}));
  CHECK_FALSE(find_import({"SYS", "WAIT", {i32}}));
  CHECK_FALSE(find_import({"CODE", "RM", {i32}}));
  CHECK_FALSE(find_import({"env", "abort", {}}));
}

TEST_CASE("a thousand steps compile to a valid module") {
  std::string steps;
  for (int i = 0; i < 1000; ++i) {
    if (i > 0) steps += ',';
    steps += std::format(R"({{"kind":"write_pin","args":{{"pin_number":{},"pin_value":{},"pin_mode":1}}}})",
                         i % 60, i % 2);
  }
  const Program program = compiled(sequence(steps));
  CHECK(program.steps.size() == 1000);
  CHECK(program.nodes.back().pointer == "/body/999");
  CHECK(testing::wasm_validate(program.module) == "");
  CHECK(Host().run(program).size() == 1000);
}
