// The generator writes what it promises: valid documents, of every kind, and the same again for a seed.

#include <catch2/catch_test_macros.hpp>

#include "celeryscript/checker.hpp"
#include "celeryscript/grammar.hpp"
#include "tests/reference/generator.hpp"

namespace celeriac::reference {
namespace {

constexpr const char* other_roots[] = {"internal_farm_event", "internal_regimen", "rpc_error", "rpc_ok"};

/// What the checker says against a document; `program`: it has to be one that runs.
std::string complaint(const Json& document, bool program) {
  auto parsed = celeryscript::parse(document.dump());
  if (parsed.document.root != nullptr) celeryscript::check(parsed.document, parsed.diagnostics);
  if (program && parsed.document.root != nullptr)
    celeryscript::check_root(parsed.document, parsed.diagnostics);
  return parsed.diagnostics.clean() ? "" : celeryscript::render(parsed.diagnostics);
}

}  // namespace

TEST_CASE("generated sequences are valid") {
  for (std::uint64_t seed = 1; seed <= 1'000; ++seed) {
    INFO("seed " << seed);
    const Account account = make_account(seed);
    REQUIRE(complaint(account.root, true) == "");
    for (const auto& [id, document] : account.sequences) REQUIRE(complaint(document, true) == "");
  }
}

TEST_CASE("every kind that runs, or is data, occurs in what is generated") {
  KindCounts counts;
  for (std::uint64_t seed = 1; seed <= 2'000; ++seed) make_account(seed, {}, &counts);
  for (const char* kind : other_roots)
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
      const Json document = make_document(seed, kind, &counts);
      INFO(document.dump());
      CHECK(complaint(document, false) == "");
    }
  for (const celeryscript::Kind& kind : celeryscript::kinds()) {
    if (!kind.runs()) continue;
    INFO(kind.name);
    CHECK(counts[std::string(kind.name)] >= 10);
  }
}

TEST_CASE("kinds that do not run are refused at their place, with what to write instead") {
  for (const celeryscript::Kind& kind : celeryscript::kinds()) {
    if (kind.runs()) continue;
    INFO(kind.name);
    const Json node = {{"kind", kind.name}, {"args", Json::object()}};
    Json document = {{"kind", "rpc_request"}, {"args", {{"label", "a"}}}, {"body", Json::array({node})}};
    const auto parsed = celeryscript::read(document.dump());
    REQUIRE_FALSE(parsed.diagnostics.clean());
    const auto& said = parsed.diagnostics.list().front();
    CHECK(said.pointer == "/body/0");
    CHECK(said.message.starts_with("no compiler for " + std::string(kind.name)));
    if (!kind.replacement.empty()) CHECK(said.message.contains(kind.replacement));
  }
}

TEST_CASE("the same seed gives the same account") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Account one = make_account(seed), other = make_account(seed);
    CHECK(one.root == other.root);
    CHECK(one.sequences == other.sequences);
    CHECK(one.seed == other.seed);
  }
}

}  // namespace celeriac::reference
