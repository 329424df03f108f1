// Parse, check and compile 1,000 steps of every kind: `{kind: {seconds, bytes}}`, each the median of nine, in
// seconds of the processor.
//
// A step of a command is one as the generator writes it, with items, operands and branches; any other kind is
// held by the shortest step that can hold it, or stands 1,000 times among the variables.

#include <time.h>

#include <algorithm>
#include <array>
#include <format>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "celeryscript/checker.hpp"
#include "celeryscript/compiler.hpp"
#include "celeryscript/grammar.hpp"
#include "tests/celeryscript/specimen.hpp"
#include "tests/reference/generator.hpp"

namespace {

using namespace celeriac;
using Json = nlohmann::json;

constexpr std::size_t steps = 1'000;
constexpr std::size_t repetitions = 9;
constexpr std::uint64_t seed = 2026;

/// 1,000 of the kind in one document; nothing for a kind that no sequence can hold.
std::optional<Json> thousand_of(const celeryscript::Kind& kind) {
  const celeryscript::Kind& root = *celeryscript::find_kind("sequence");
  if (celeryscript::contains(root.body | root.tolerated, kind))
    return reference::make_sequence_of(seed, std::string(kind.name), steps);
  Json document = celeryscript::test::placed(kind).document;
  if (document.at("kind") != "sequence") return std::nullopt;
  if (document.contains("body")) {
    Json& body = document["body"];
    const Json step = body.front();
    while (body.size() < steps) body.push_back(step);
    return document;
  }
  if (!document["args"]["locals"].contains("body")) return std::nullopt;
  Json& variables = document["args"]["locals"]["body"];
  const Json declaration = variables.front();
  while (variables.size() < steps) {
    variables.push_back(declaration);
    variables.back()["args"]["label"] = std::format("v{}", variables.size());
  }
  return document;
}

double processor_time() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

/// Seconds; nothing if the document does not compile.
std::optional<double> compile_time(const std::string& text) {
  std::array<double, repetitions> times{};
  for (double& time : times) {
    std::string source = text;
    const double begin = processor_time();
    const auto parsed = celeryscript::read(std::move(source));
    if (!parsed.diagnostics.clean()) {
      std::cerr << celeryscript::render(parsed.diagnostics).substr(0, 500);
      return std::nullopt;
    }
    const auto program = celeryscript::compile(parsed.document);
    time = processor_time() - begin;
    if (!program) {
      std::cerr << program.error().message << '\n';
      return std::nullopt;
    }
  }
  std::ranges::sort(times);
  return times[repetitions / 2];
}

}  // namespace

int main() {
  Json figures = Json::object();
  for (const auto& kind : celeryscript::kinds()) {
    if (!kind.runs()) continue;
    const auto document = thousand_of(kind);
    if (!document) continue;
    const std::string text = document->dump();
    const auto seconds = compile_time(text);
    if (!seconds) {
      std::cerr << "kinds: 1,000 of " << kind.name << " do not compile\n";
      return 1;
    }
    figures[std::string(kind.name)] = {{"seconds", *seconds}, {"bytes", text.size()}};
  }
  std::cout << figures.dump(1) << std::endl;
  return 0;
}
