#include "protocol/payload.hpp"

#include <catch2/catch_test_macros.hpp>
#include <limits>
#include <sstream>
#include <string>

#include "raw_peer.hpp"

using namespace celeriac::protocol;
using namespace celeriac::protocol::literals;
using celeriac::protocol::test::u16;

namespace {

bool has_document(const Operation& row) {
  return row.payload == Payload::document || row.payload == Payload::optional_document ||
         row.payload == Payload::id_and_document;
}

/// A value that the field takes.
Json good_value(const Field& field) {
  switch (field.type) {
    case FieldType::number:
    case FieldType::integer:
      return field.low <= field.high ? field.high : 7;
    case FieldType::choice:
      return field.choices.back().number;
    case FieldType::boolean:
      return true;
    case FieldType::text:
      return "text";
    case FieldType::texts:
      return {"one", "two"};
    case FieldType::bytes:
      return Json::binary({1, 2, 3});
    case FieldType::document:
      return {{"a", 1}};
    case FieldType::any:
      return 1.5;
  }
  return nullptr;
}

/// Values of other types, and none of them is one that the field takes.
std::vector<Json> bad_values(const Field& field) {
  const double nan = std::numeric_limits<double>::quiet_NaN(),
               infinity = std::numeric_limits<double>::infinity();
  switch (field.type) {
    case FieldType::number:
      return {"1", true, Json::array(), Json::object(), nan, infinity};
    case FieldType::integer:
      return {"1", true, Json::array(), 1.5, 1e300, nan, infinity};
    case FieldType::choice:
      return {"nonsense", true, -1, 99, 0.5, nan};
    case FieldType::boolean:
      return {0, 1, "true"};
    case FieldType::text:
      return {1, true, Json::array(), Json::object()};
    case FieldType::texts:
      return {"one", 1, Json::object(), Json::array({1})};
    case FieldType::bytes:
      return {"one", 1, Json::array({1})};
    case FieldType::document:
      return {"one", 1, Json::array({1})};
    case FieldType::any:
      return {};
  }
  return {};
}

Json good_fields(const Operation& row) {
  Json fields = Json::object();
  for (const auto& field : row.fields) fields[std::string(field.name)] = good_value(field);
  return fields;
}

std::string id_part(const Operation& row) {
  return row.payload == Payload::id || row.payload == Payload::id_and_document ? u16(258) : "";
}

/// For every field of every operation that has a document.
void for_each_field(const std::function<void(const Operation&, const Field&)>& check) {
  for (const auto& row : operations()) {
    if (!has_document(row)) continue;
    for (const auto& field : row.fields) check(row, field);
  }
}

void check_malformed(const Result<Arguments>& decoded, const Field& field) {
  REQUIRE_FALSE(decoded);
  CHECK(decoded.error().status == Status::malformed);
  CHECK(decoded.error().message.find("\"" + std::string(field.name) + "\"") != std::string::npos);
  CHECK(decoded.error().details["field"] == field.name);
}

/// `field=value …` of an example, as the console reads it: numbers are numbers, anything else is text.
Json example_fields(const Operation& row) {
  Json fields = Json::object();
  std::istringstream words{std::string(row.example)};
  for (std::string word; words >> word;) {
    const auto equals = word.find('=');
    const auto text = word.substr(equals + 1);
    Json value = Json::parse(text, nullptr, false);
    if (value.is_discarded()) value = text;
    const auto name = word.substr(0, equals);
    const auto field = std::ranges::find(row.fields, name, &Field::name);
    if (field != row.fields.end() && field->type == FieldType::texts) value = Json::array({value});
    if (field != row.fields.end() && field->type == FieldType::bytes)
      value = Json::binary({text.begin(), text.end()});
    fields[name] = value;
  }
  return fields;
}

}  // namespace

TEST_CASE("every operation takes its fields and gives them back") {
  for (const auto& row : operations()) {
    if (!has_document(row)) continue;
    INFO(row.long_name);
    const auto decoded = Arguments::decode(row, id_part(row) + to_bson(good_fields(row)));
    REQUIRE(decoded);
    CHECK(decoded->fields() == good_fields(row));
    if (!id_part(row).empty()) CHECK(decoded->id() == 258);
  }
}

TEST_CASE("each required field of every operation is malformed when it is missing, and named") {
  for_each_field([](const Operation& row, const Field& field) {
    INFO(row.long_name << " " << field.name);
    auto fields = good_fields(row);
    fields.erase(std::string(field.name));
    const auto decoded = Arguments::decode(row, id_part(row) + to_bson(fields));
    if (field.required)
      check_malformed(decoded, field);
    else
      CHECK(decoded);
  });
}

TEST_CASE("each field of every operation is malformed when it is mistyped, and named") {
  for_each_field([](const Operation& row, const Field& field) {
    for (const auto& bad : bad_values(field)) {
      INFO(row.long_name << " " << field.name << " = " << bad.dump());
      auto fields = good_fields(row);
      fields[std::string(field.name)] = bad;
      check_malformed(Arguments::decode(row, id_part(row) + to_bson(fields)), field);
      CHECK_FALSE(encode(row, fields));
    }
  });
}

TEST_CASE("each field of every operation is malformed when it is out of range, and named") {
  for_each_field([](const Operation& row, const Field& field) {
    if (field.low > field.high) return;
    for (const double bad : {field.low - 1, field.high + 1}) {
      INFO(row.long_name << " " << field.name << " = " << bad);
      auto fields = good_fields(row);
      fields[std::string(field.name)] = bad;
      check_malformed(Arguments::decode(row, id_part(row) + to_bson(fields)), field);
    }
    auto fields = good_fields(row);
    fields[std::string(field.name)] = field.low;
    CHECK(Arguments::decode(row, id_part(row) + to_bson(fields)));
  });
}

TEST_CASE("a required field that is null is mistyped, and an optional one is absent") {
  for_each_field([](const Operation& row, const Field& field) {
    if (field.type == FieldType::any) return;
    INFO(row.long_name << " " << field.name);
    auto fields = good_fields(row);
    fields[std::string(field.name)] = nullptr;
    const auto decoded = Arguments::decode(row, id_part(row) + to_bson(fields));
    if (field.required) return check_malformed(decoded, field);
    REQUIRE(decoded);
    CHECK_FALSE(decoded->has(std::string(field.name).c_str()));
  });
}

TEST_CASE("unknown fields are ignored") {
  for (const auto& row : operations()) {
    if (!has_document(row)) continue;
    INFO(row.long_name);
    auto fields = good_fields(row);
    fields["something_new"] = {{"deep", {1, 2, 3}}};
    const auto decoded = Arguments::decode(row, id_part(row) + to_bson(fields));
    REQUIRE(decoded);
    CHECK_FALSE(decoded->has("something_new"));
  }
}

TEST_CASE("an id is two bytes, and anything else is malformed and says so") {
  for (const auto& row : operations()) {
    if (row.payload != Payload::id) continue;
    INFO(row.long_name);
    CHECK(Arguments::decode(row, u16(0xfffe))->id() == 0xfffe);
    for (const std::string bad : {"", "x", "abc", "abcdefgh"}) {
      const auto decoded = Arguments::decode(row, bad);
      REQUIRE_FALSE(decoded);
      CHECK(decoded.error().status == Status::malformed);
      CHECK(decoded.error().message.find(row.id_name) != std::string::npos);
    }
  }
}

TEST_CASE("a document that is cut or garbage is malformed for every operation, and the sentence names it") {
  for (const auto& row : operations()) {
    if (!has_document(row)) continue;
    const auto whole = to_bson(good_fields(row));
    for (const auto& bad :
         {whole.substr(0, whole.size() - 1), whole + "x", std::string("garbage"), std::string(5, '\xff')}) {
      const auto decoded = Arguments::decode(row, id_part(row) + bad);
      REQUIRE_FALSE(decoded);
      CHECK(decoded.error().status == Status::malformed);
      CHECK(decoded.error().message.starts_with(row.long_name));
    }
  }
}

TEST_CASE("a document is required, but where it is optional it may be absent") {
  for (const auto& row : operations()) {
    if (!has_document(row)) continue;
    INFO(row.long_name);
    const bool needed =
        row.payload == Payload::document ||
        (row.payload == Payload::id_and_document && std::ranges::any_of(row.fields, &Field::required));
    CHECK(Arguments::decode(row, id_part(row)).has_value() == !needed);
  }
}

TEST_CASE("operations without a payload ignore what comes") {
  CHECK(Arguments::decode("CODE.CREATE"_op, "anything"));
  CHECK(Arguments::decode("SYS.EMERGENCY_LOCK"_op, "\xff\xff"));
}

TEST_CASE("numbers of every BSON type are numbers") {
  const auto decoded =
      Arguments::decode("SYS.MOVE_ABSOLUTE"_op, to_bson({{"x", 1}, {"y", 2.5}, {"z", 5'000'000'000}}));
  REQUIRE(decoded);
  CHECK(decoded->number("x") == 1);
  CHECK(decoded->number("y") == 2.5);
  CHECK(decoded->number("z") == 5e9);
}

TEST_CASE("speeds default to 100") {
  const auto decoded =
      Arguments::decode("SYS.MOVE_ABSOLUTE"_op, to_bson({{"x", 1}, {"y", 2}, {"z", 3}, {"y_speed", 5}}));
  REQUIRE(decoded);
  CHECK(decoded->number("x_speed") == 100);
  CHECK(decoded->number("y_speed") == 5);
  CHECK(decoded->integer("z_speed") == 100);
}

TEST_CASE("whole numbers beyond 2^53 keep every digit") {
  const auto decoded =
      Arguments::decode("REGISTER.SET"_op, u16(1) + to_bson({{"value", 1}, {"time", 9007199254740993}}));
  REQUIRE(decoded);
  CHECK(decoded->integer("time") == 9007199254740993);
}

TEST_CASE("a chunk of CeleryScript comes as it is, also when it ends inside a character") {
  CHECK(Arguments::decode("CODE.WRITE"_op, "{\"\xc3")->text() == "{\"\xc3");
}

TEST_CASE("every operation's example encodes, and what it encodes to decodes") {
  for (const auto& row : operations()) {
    INFO(row.long_name);
    if (row.example.empty()) continue;
    const auto payload = encode(row, example_fields(row));
    REQUIRE(payload);
    CHECK(Arguments::decode(row, *payload));
  }
}

TEST_CASE("operations with required fields that are served have an example") {
  for (const auto& row : operations()) {
    INFO(row.long_name);
    const bool needs = row.payload == Payload::document || row.payload == Payload::id;
    const bool has_required = row.payload == Payload::id || std::ranges::any_of(row.fields, &Field::required);
    if (row.available && needs && has_required) CHECK_FALSE(row.example.empty());
  }
}

TEST_CASE("a choice may be encoded by name or by number") {
  CHECK(encode("SYS.HOME"_op, {{"axis", "z"}}).value() == encode("SYS.HOME"_op, {{"axis", 2}}).value());
  CHECK_FALSE(encode("SYS.HOME"_op, {{"axis", "w"}}));
}

TEST_CASE("encoding refuses a field that the operation does not have") {
  const auto refused = encode("SYS.HOME"_op, {{"axis", 2}, {"sped", 5}});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("sped") != std::string::npos);
}

TEST_CASE("encoding refuses an id that is missing or no u16") {
  CHECK(encode("CODE.OPEN"_op, {{"id", 65535}}).value() == u16(65535));
  for (const Json& bad : {Json::object(), Json{{"id", 65536}}, Json{{"id", -1}}, Json{{"id", "1"}},
                          Json{{"id", 1.5}}, Json{{"id", std::numeric_limits<std::uint64_t>::max()}}})
    CHECK_FALSE(encode("CODE.OPEN"_op, bad));
}

TEST_CASE("encoding refuses what does not fit into a payload") {
  const std::string long_text(65536, 'x');
  CHECK_FALSE(encode("CODE.WRITE"_op, {{"text", long_text}}));
  CHECK(encode("CODE.WRITE"_op, {{"text", long_text.substr(1)}}));
  CHECK_FALSE(encode("REGISTER.NEW"_op, {{"name", long_text}}));
}

TEST_CASE("encoding refuses a text that is none, and fields without names") {
  CHECK_FALSE(encode("CODE.WRITE"_op, {{"text", 5}}));
  CHECK_FALSE(encode("SYS.HOME"_op, Json::array({1, 2})));
  CHECK_FALSE(encode("SYS.HOME"_op, "axis"));
}

TEST_CASE("a holder is added to a document, whatever is in it, and read back") {
  for (const auto& [name, fields] : {std::pair{"SYS.WRITE_PIN", Json{{"pin", 8}, {"value", 1}, {"mode", 0}}},
                                     std::pair{"SYS.ABORT", Json::object()}}) {
    const auto& operation = *find_operation(name);
    const auto payload = fields.empty() ? std::string() : *encode(operation, fields);
    const auto arguments = Arguments::decode(operation, with_holder(operation, payload, 0x1'0000'002a));
    REQUIRE(arguments);
    CHECK(arguments->holder() == 0x1'0000'002a);
    CHECK(arguments->fields().size() == fields.size());
  }
}

TEST_CASE("a holder that is no whole number is malformed and named, and one of no document stays away") {
  const auto& operation = *find_operation("SYS.TOGGLE_PIN");
  for (const Json& holder : {Json("me"), Json(-1), Json(1.5)}) {
    const auto arguments = Arguments::decode(operation, to_bson({{"pin", 8}, {"holder", holder}}));
    REQUIRE_FALSE(arguments);
    CHECK(arguments.error().message.contains("holder"));
  }
  const auto id = encode_id(1);
  CHECK(with_holder(*find_operation("PROC.RUN"), id, 7) == id);
}
