// Documents that the checker would refuse reach the compiler all the same: it must stay calm.

#include <catch2/catch_test_macros.hpp>
#include <format>
#include <nlohmann/json.hpp>
#include <random>

#include "celeryscript/compiler.hpp"
#include "celeryscript/parser.hpp"
#include "tests/celeryscript/compiler_host.hpp"

using namespace celeriac;
using nlohmann::json;

namespace {

/// One of every kind that compiles, and some that do not.
const std::string specimen = testing::sequence(R"(
  {"kind":"write_pin","args":{"pin_number":8,"pin_value":1,"pin_mode":0}},
  {"kind":"move","args":{},"body":[{"kind":"safe_z","args":{}},
    {"kind":"axis_addition","args":{"axis":"z","axis_operand":{"kind":"numeric","args":{"number":-4}}}},
    {"kind":"speed_overwrite","args":{"axis":"x","speed_setting":{"kind":"numeric","args":{"number":50}}}}]},
  {"kind":"move_absolute","args":{"location":{"kind":"coordinate","args":{"x":1,"y":2,"z":3}},
    "offset":{"kind":"coordinate","args":{"x":0,"y":0,"z":0}},"speed":100}},
  {"kind":"_if","args":{"lhs":"pin8","op":"is","rhs":1,"_then":{"kind":"execute","args":{"sequence_id":4}},
    "_else":{"kind":"nothing","args":{}}}},
  {"kind":"send_message","args":{"message":"a","message_type":"info"},
    "body":[{"kind":"channel","args":{"channel_name":"toast"}}]},
  {"kind":"home","args":{"axis":"all","speed":100}},
  {"kind":"reboot","args":{"package":"farmbot_os"}},
  {"kind":"set_pin_io_mode","args":{"pin_number":4,"pin_io_mode":"input"}})");

void mutate(json& document, std::mt19937& random) {
  std::vector<json::json_pointer> places;
  const json flat = document.flatten();
  for (auto it = flat.begin(); it != flat.end(); ++it) places.emplace_back(it.key());
  const json::json_pointer place = places[random() % places.size()];
  const json values[] = {nullptr,
                         true,
                         -1,
                         1e300,
                         0.5,
                         "",
                         "x",
                         "lua",
                         "pin99",
                         99'999'999'999,
                         "move",
                         "sequence",
                         json::array(),
                         json{{"kind", "tool"}, {"args", {{"tool_id", 1}}}}};
  const json::json_pointer above = place.parent_pointer();
  json& parent = document[above];
  if (random() % 4 == 0 && parent.is_object()) {
    parent.erase(place.back());
  } else {
    document[place] = values[random() % std::size(values)];
  }
}

}  // namespace

TEST_CASE("five thousand mutated documents compile, or are refused at a place that exists") {
  std::mt19937 random(4711);  // fixed: a failure can be run again
  for (int round = 0; round < 5000; ++round) {
    json document = json::parse(specimen);
    for (auto changes = 1 + random() % 2; changes > 0; --changes) mutate(document, random);
    const auto parsed = celeryscript::parse(document.dump());
    const auto program = celeryscript::compile(parsed.document);
    if (program) continue;
    INFO(document.dump() << " " << program.error().path);
    CHECK(program.error().status == protocol::Status::invalid_code);
    CHECK_FALSE(program.error().message.empty());
    CHECK(document.contains(json::json_pointer(program.error().path)));
  }
}
