#include "celeryscript/parser.hpp"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "celeryscript/grammar.hpp"

using namespace celeriac::celeryscript;

namespace {

constexpr std::string_view text =
    "{\"name\": \"Water\\u00e9\", \"id\": 12, \"color\": \"blue\",\n"
    " \"args\": {\"label\": \"a\\\"b\", \"priority\": 600}, \"comment\": \"hi\",\n"
    " \"body\": [{\"kind\": \"wait\", \"args\": {\"milliseconds\": 5e1}}], \"kind\": \"rpc_request\"}";

std::string_view slice(const Document& document, Span span) {
  return std::string_view(document.source).substr(span.begin, span.end - span.begin);
}

/// Parses text with exactly one thing wrong.
Diagnostic only(std::string source) {
  const Parsed parsed = parse(std::move(source));
  INFO(render(parsed.diagnostics));
  REQUIRE(parsed.diagnostics.list().size() == 1);
  return parsed.diagnostics.list().front();
}

std::string repeated(std::string_view part, std::size_t times) {
  std::string result;
  for (std::size_t i = 0; i < times; ++i) result += part;
  return result;
}

}  // namespace

TEST_CASE("a document becomes a tree, in whatever order its keys stand") {
  const Parsed parsed = parse(std::string(text));
  REQUIRE(parsed.diagnostics.list().empty());
  const Node& root = *parsed.document.root;
  CHECK(root.kind == find_kind("rpc_request"));
  CHECK(root.comment == "hi");
  CHECK(std::get<std::string>(root.find("label")->value) == "a\"b");
  CHECK(std::get<std::int64_t>(root.find("priority")->value) == 600);
  REQUIRE(root.body.size() == 1);
  const Node& wait = *root.body[0];
  CHECK(wait.word == "wait");
  CHECK(wait.parent == &root);
  CHECK(wait.pointer() == "/body/0");
  CHECK(std::get<double>(wait.find("milliseconds")->value) == 50.0);
}

TEST_CASE("id and name of the resource are kept, other attributes are not minded") {
  const Parsed parsed = parse(
      R"({"uuid":null,"id":7,"name":"Water","tags":[1,[2],{"kind":3}],"pinned":false,"kind":"nothing","args":{}})");
  CHECK(parsed.diagnostics.list().empty());
  CHECK(parsed.document.resource_id == 7);
  CHECK(parsed.document.name == "Water");
}

TEST_CASE("every value knows the bytes that it stands in") {
  const Parsed parsed = parse(std::string(text));
  const Document& document = parsed.document;
  const Node& root = *document.root;
  CHECK(slice(document, root.span) == text);
  CHECK(slice(document, root.kind_span) == "\"rpc_request\"");
  CHECK(slice(document, root.args_span) == "{\"label\": \"a\\\"b\", \"priority\": 600}");
  CHECK(slice(document, root.args[0].span) == "\"a\\\"b\"");
  CHECK(slice(document, root.args[0].name_span) == "\"label\"");
  CHECK(slice(document, root.body[0]->args[0].span) == "5e1");
  CHECK(slice(document, root.body[0]->span) == "{\"kind\": \"wait\", \"args\": {\"milliseconds\": 5e1}}");
}

TEST_CASE("a child node spans its argument") {
  const Parsed parsed = parse(R"({"kind":"a","args":{"b":{"kind":"c","args":{}} , "d":true}})");
  const Node& root = *parsed.document.root;
  CHECK(slice(parsed.document, root.args[0].span) == R"({"kind":"c","args":{}})");
  CHECK(slice(parsed.document, root.args[1].span) == "true");
  CHECK(std::get<const Node*>(root.args[0].value)->pointer() == "/args/b");
}

TEST_CASE("backslashes before a quote do not shift what comes after") {
  const Parsed parsed =
      parse(R"({"kind":"\\\\\"","comment":"\\","args":{"a\/~b":{"kind":"\u0061","args":{}}}})");
  REQUIRE(parsed.diagnostics.list().empty());
  const Node& root = *parsed.document.root;
  CHECK(root.word == R"(\\")");
  CHECK(root.comment == "\\");
  CHECK(std::get<const Node*>(root.args[0].value)->pointer() == "/args/a~1~0b");
  CHECK(std::get<const Node*>(root.args[0].value)->word == "a");
}

TEST_CASE("a document keeps its words when it moves, a short one too") {
  Parsed first = parse(R"({"kind":"x"})");
  const Document second = std::move(first.document);
  CHECK(second.root->word == "x");
}

TEST_CASE("a byte order mark is no part of the document") {
  const Parsed parsed = parse("\xEF\xBB\xBF{\"kind\":\"nothing\",\"args\":{\"a\":null}}");
  REQUIRE(parsed.document.root != nullptr);
  CHECK(slice(parsed.document, parsed.document.root->args[0].span) == "null");
  CHECK(only("\xEF\xBB\xBF 5").column == 2);
}

TEST_CASE("text that is not JSON is refused at the place, in plain words") {
  struct Row {
    std::string source;
    std::string_view message;
    std::uint32_t line, column;
  };
  const Row rows[] = {
      {"", "The document is empty.", 1, 1},
      {" \n ", "The document is empty.", 1, 1},
      {"{\"kind\":\"a\",\n \"args\":{}", "ends too early: expected a comma or the end of the object", 2, 11},
      {"{\"kind\":", "ends too early: expected a value", 1, 9},
      {"{\"kind\":\"a\",}", "Expected a key in double quotes, but got }.", 1, 13},
      {"{\"kind\" \"a\"}", "Expected a colon, but got \"a\".", 1, 9},
      {"{\"kind\":\"a\" \"args\":{}}", "Expected a comma or the end of the object, '}', but got \"args\".", 1,
       13},
      {"{\"body\":[1 2]}", "Expected a comma or the end of the array, ']', but got 2.", 1, 12},
      {"{\"body\":[1,,2]}", "Expected a value, but got ,.", 1, 12},
      {"{\"kind\":\"a\",\"args\":{}} x", "This is no JSON value", 1, 24},
      {"{\"kind\":\"a\",\"args\":{}} {}", "Expected the end of the document, but got {.", 1, 24},
      {"{\"args\":{\"x\":NaN}}", "This is no JSON value", 1, 14},
      {"{\"args\":{\"x\":-Infinity}}", "This is not a number", 1, 14},
      {"{\"args\":{\"x\":1e999}}", "This number is out of range.", 1, 14},
      {"{\"args\":{\"x\":01}}", "Expected a comma or the end of the object", 1, 15},
      {"{'kind':'a'}", "This is no JSON value", 1, 2},
      {"{\"kind\":\"a", "This string has no closing quote.", 1, 9},
      {"{\"kind\":\"a\nb\"}", "A string holds a control character", 1, 11},
      {"{\"kind\":\"a\\q\"}", "There is no such escape", 1, 12},
      {"{\"kind\":\"\\uD800\"}", "half of a surrogate pair", 1, 16},
      {"{\"kind\":\"\xFF\"}", "not valid UTF-8", 1, 10},
      {"{\"kind\":\"\xC3", "not valid UTF-8", 1, 11},
      {"// nothing", "This is no JSON value", 1, 1},
      {"{\"kind\":tru}", "This is no JSON value", 1, 9},
  };
  for (const Row& row : rows) {
    const Parsed parsed = parse(row.source);
    INFO(row.source << '\n' << render(parsed.diagnostics));
    CHECK(parsed.document.root == nullptr);
    REQUIRE(parsed.diagnostics.list().size() == 1);
    const Diagnostic& diagnostic = parsed.diagnostics.list().front();
    CHECK(diagnostic.code == "syntax_error");
    CHECK(diagnostic.message.contains(row.message));
    CHECK(diagnostic.pointer.empty());
    CHECK(diagnostic.line == row.line);
    CHECK(diagnostic.column == row.column);
  }
}

TEST_CASE("a syntax error is the only word about a document") {
  CHECK(only(R"({"kind":5,"args":[],"boddy":1,)").code == "syntax_error");
}

TEST_CASE("a document that is not one object is refused") {
  for (const char* source : {"5", "null", "\"a\"", "true", "[]", "[{\"kind\":\"nothing\",\"args\":{}}]"}) {
    CHECK(only(source).code == "not_a_node");
  }
}

TEST_CASE("the parts of a node have their types") {
  struct Row {
    std::string_view source, code, pointer;
  };
  const Row rows[] = {
      {R"({"args":{}})", "missing_kind", ""},
      {R"({"kind":"a"})", "missing_args", ""},
      {R"({"kind":5,"args":{}})", "wrong_type", "/kind"},
      {R"({"kind":null,"args":{}})", "wrong_type", "/kind"},
      {R"({"kind":{},"args":{}})", "wrong_type", "/kind"},
      {R"({"kind":"a","args":null})", "wrong_type", "/args"},
      {R"({"kind":"a","args":[1,{"x":2}]})", "wrong_type", "/args"},
      {R"({"kind":"a","args":{},"body":null})", "wrong_type", "/body"},
      {R"({"kind":"a","args":{},"body":{"kind":"b","args":{}}})", "wrong_type", "/body"},
      {R"({"kind":"a","args":{},"comment":1})", "wrong_type", "/comment"},
      {R"({"kind":"a","args":{},"body":[7]})", "not_a_node", "/body/0"},
      {R"({"kind":"a","args":{},"body":[[{"kind":5}]]})", "not_a_node", "/body/0"},
      {R"({"kind":"a","args":{},"body":[{"kind":"b","args":{}},null]})", "not_a_node", "/body/1"},
      {R"({"kind":"a","args":{"b":{"args":{}}}})", "missing_kind", "/args/b"},
      {R"({"kind":"a","kind":"b","args":{}})", "duplicate_key", "/kind"},
      {R"({"kind":"a","args":{},"args":{"x":1}})", "duplicate_key", "/args"},
      {R"({"kind":"a","args":{"x":1,"x":{"kind":5}}})", "duplicate_key", "/args/x"},
  };
  for (const Row& row : rows) {
    INFO(row.source);
    const Diagnostic diagnostic = only(std::string(row.source));
    CHECK(diagnostic.code == row.code);
    CHECK(diagnostic.pointer == row.pointer);
  }
}

TEST_CASE("of a key that stands twice the first counts") {
  const Parsed parsed = parse(R"({"kind":"a","kind":"b","args":{"x":1,"x":2}})");
  CHECK(parsed.diagnostics.errors() == 2);
  CHECK(parsed.document.root->word == "a");
  CHECK(std::get<std::int64_t>(parsed.document.root->find("x")->value) == 1);
}

TEST_CASE("a misspelt key of a node is an error with the right word") {
  for (const auto& [key, word] : {std::pair{"boddy", "body"},
                                  {"Body", "body"},
                                  {"knid", "kind"},
                                  {"arg", "args"},
                                  {"coment", "comment"}}) {
    std::string source = R"({"kind":"a","args":{},"body":[],"comment":""})";
    source.replace(source.find(word), std::string_view(word).size(), key);
    const Diagnostic diagnostic = only(source);
    CHECK(diagnostic.code == "unknown_key");
    CHECK(diagnostic.pointer == std::string("/") + key);
    CHECK(diagnostic.suggestion == word);
  }
}

TEST_CASE("what stands after a refused item of a body keeps its place") {
  const Parsed parsed = parse(R"({"kind":"a","args":{},"body":[1,{"kind":"b","args":{}}]})");
  REQUIRE(parsed.document.root->body.size() == 1);
  CHECK(parsed.document.root->body[0]->pointer() == "/body/1");
}

TEST_CASE("an argument may have no name at all") {
  const Parsed parsed = parse(R"({"kind":"a","args":{"":{"kind":"b","args":{}}}})");
  CHECK(std::get<const Node*>(parsed.document.root->args[0].value)->pointer() == "/args/");
}

// ---- bounds ------------------------------------------------------------------------------------

TEST_CASE("JSON nested 100,000 deep is refused") {
  constexpr std::size_t deep = 100'000;
  for (const std::string& source :
       {repeated("[", deep), repeated("{\"a\":", deep), "{\"other\":" + repeated("[", deep),
        "{\"kind\":\"a\",\"args\":" + repeated("{\"x\":{\"kind\":\"a\",\"args\":", deep),
        "{\"kind\":\"a\",\"args\":{},\"body\":" + repeated("[{\"body\":", deep)}) {
    const Diagnostic diagnostic = only(source);
    CHECK((diagnostic.code == "too_deep" || diagnostic.code == "not_a_node"));
  }
}

TEST_CASE("the deepest legal nesting is accepted") {
  const std::size_t levels = deepest_json - 1;  // below the document itself
  CHECK(parse("{\"kind\":\"a\",\"args\":{},\"x\":" + repeated("[", levels) + repeated("]", levels) + "}")
            .diagnostics.list()
            .empty());
  CHECK(
      only("{\"kind\":\"a\",\"args\":{},\"x\":" + repeated("[", levels + 1) + repeated("]", levels + 1) + "}")
          .code == "too_deep");
}

TEST_CASE("a text beyond the size limit is refused unread") {
  const Parsed parsed = parse(std::string(most_source_bytes + 1, ' '));
  REQUIRE(parsed.diagnostics.errors() == 1);
  CHECK(parsed.diagnostics.list().front().code == "too_large");
  CHECK(parsed.document.source.empty());
}

TEST_CASE("a text of the largest size is read") {
  std::string source = R"({"kind":"nothing","args":{}})";
  source.resize(most_source_bytes, ' ');
  CHECK(parse(std::move(source)).diagnostics.list().empty());
}

TEST_CASE("a document of too many nodes is refused") {
  const std::string node = R"({"kind":"a","args":{}})";
  const auto document = [&](std::size_t items) {
    return "{\"kind\":\"a\",\"args\":{},\"body\":[" + node + repeated("," + node, items - 1) + "]}";
  };
  CHECK(parse(document(most_nodes - 1)).diagnostics.list().empty());
  CHECK(only(document(most_nodes)).code == "too_many_nodes");
}

TEST_CASE("a node of too many arguments keeps the first ones") {
  std::string source = R"({"kind":"a","args":{)";
  for (std::size_t i = 0; i < most_arguments + 50; ++i) {
    source += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\":1";
  }
  const Parsed parsed = parse(source + "}}");
  CHECK(parsed.document.root->args.size() == most_arguments);
  CHECK(parsed.diagnostics.errors() == 50);
  CHECK(parsed.diagnostics.list().front().code == "too_many_arguments");
}

TEST_CASE("a million errors are counted, not kept") {
  std::string source = R"({"kind":"a","args":{},"body":[)" + repeated("0,", 999'999) + "0]}";
  const Parsed parsed = parse(std::move(source));
  CHECK(parsed.diagnostics.list().size() == Diagnostics::most);
  CHECK(parsed.diagnostics.omitted() == 1'000'000 - Diagnostics::most);
  CHECK(parsed.diagnostics.errors() == 1'000'000);
}
