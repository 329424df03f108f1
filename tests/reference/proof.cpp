// celeriac-proof: generated sequences, compiled and walked, mutated documents, and mutated foreign modules.
// Says where the two differ, or what harmed the reader.

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <format>
#include <print>
#include <random>

#include "tests/reference/equality.hpp"
#include "tests/reference/example_folder.hpp"
#include "tests/reference/generator.hpp"
#include "tests/reference/mutations.hpp"
#include "tests/wasm/foreign/mutations.hpp"

namespace {

using namespace celeriac::reference;

struct Options {
  std::uint64_t sequences = 10'000;
  std::uint64_t mutations = 100'000;
  std::uint64_t modules = 100'000;
  std::filesystem::path examples;
  std::uint64_t seed = std::random_device()();
  bool show = false;
  bool go_on = false;
};

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// From a few steps to many, from one sequence to a family of them.
Taste taste_of(std::uint64_t seed) {
  constexpr std::size_t most_sequences = 6, longest_body = 24;
  return {.sequences = seed % most_sequences, .longest_body = 1 + seed % longest_body};
}

/// How many accounts differ.
std::uint64_t compare(const Options& options) {
  const auto begin = std::chrono::steady_clock::now();
  KindCounts counts;
  Tally tally;
  std::uint64_t bad = 0, documents = 0;
  for (std::uint64_t i = 0; i < options.sequences && (bad == 0 || options.go_on); ++i) {
    const std::uint64_t seed = options.seed + i;
    const Account account = make_account(seed, taste_of(seed), &counts);
    documents += 1 + account.sequences.size();
    if (options.show) std::print("{}", shown(account));
    if (const std::string what = difference(account, &tally); !what.empty()) {
      ++bad;
      std::println("seed {}:\n{}", seed, what);
    }
  }
  std::println(
      "{} accounts with {} sequences of {} kinds asked for {} operations; {} runs ended well, {} failed.",
      options.sequences, documents, counts.size(), tally.lines, tally.good, tally.failed);
  std::println("{} differences, {:.1f} s", bad, seconds_since(begin));
  return bad;
}

/// How many documents of a folder differ.
std::uint64_t compare_examples(const Options& options) {
  auto [account, documents] = read_examples(options.examples);
  std::uint64_t bad = 0;
  for (auto& [name, document] : documents) {
    account.root = std::move(document);
    Tally tally;
    const std::string what = difference(account, &tally);
    std::println("{}: {} operations, {}{}{}", name, tally.lines, tally.good == 1 ? "good" : tally.reason,
                 what.empty() ? "" : "\n", what);
    bad += what.empty() ? 0U : 1U;
  }
  return bad;
}

/// How many documents broke a promise.
std::uint64_t spoil(const Options& options) {
  const auto begin = std::chrono::steady_clock::now();
  constexpr std::uint64_t of_one = 20;  // mutations of the same document
  std::uint64_t bad = 0;
  double slowest = 0;
  Json document;
  for (std::uint64_t i = 0; i < options.mutations && (bad == 0 || options.go_on); ++i) {
    const std::uint64_t seed = options.seed + i;
    if (i % of_one == 0) document = make_account(seed).root;
    Dice dice(seed ^ 0x5EED);
    const std::string source =
        dice.chance(0.5) ? spoil_text(dice, document.dump()) : spoil_tree(dice, document).dump();
    const auto start = std::chrono::steady_clock::now();
    const std::string what = broken_promise(source);
    slowest = std::max(slowest, seconds_since(start));
    if (what.empty()) continue;
    ++bad;
    std::println("{}: {}", what, source);
  }
  std::println("{} mutated documents, {} broken promises, the slowest took {:.1f} ms, {:.1f} s",
               options.mutations, bad, slowest * 1000, seconds_since(begin));
  return bad;
}

/// How many foreign modules broke a promise.
std::uint64_t spoil_modules(const Options& options) {
  const auto begin = std::chrono::steady_clock::now();
  constexpr std::uint64_t one_in = 20;  // for the validator, which is a process of its own
  std::uint64_t bad = 0;
  celeriac::testing::Survivors survivors;
  for (std::uint64_t i = 0; i < options.modules && (bad == 0 || options.go_on); ++i) {
    Dice dice(options.seed + i);
    const auto bytes = celeriac::testing::spoilt_module(dice);
    const std::string what = celeriac::testing::broken_promise(bytes, i % one_in == 0, survivors);
    if (what.empty()) continue;
    ++bad;
    std::println("module of seed {}: {}", options.seed + i, what);
  }
  std::println(
      "{} mutated modules, {} broken promises, {} could be read, {} were rewritten, {} of them asked about "
      "and valid, {:.1f} s",
      options.modules, bad, survivors.read, survivors.rewritten, survivors.valid, seconds_since(begin));
  return bad;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app(
      "Compares compiled sequences with the reference interpreter, and reads documents and foreign modules "
      "that were spoilt.",
      "celeriac-proof");
  app.add_option("--sequences", options.sequences, "random accounts to run both ways")->capture_default_str();
  app.add_option("--mutations", options.mutations, "documents to spoil")->capture_default_str();
  app.add_option("--modules", options.modules, "foreign modules to spoil")->capture_default_str();
  app.add_option("--examples", options.examples,
                 "run the sequences of a folder both ways instead; its garden.json holds what they name");
  app.add_option("--seed", options.seed, "repeats a run; the accounts have the seeds N, N+1, …");
  app.add_flag("--show", options.show, "print the accounts");
  app.add_flag("--go-on", options.go_on, "do not stop at the first that fails");
  CLI11_PARSE(app, argc, argv);
  try {
    if (!options.examples.empty()) return compare_examples(options) == 0 ? 0 : 1;
    std::println("seed {}", options.seed);
    const auto bad = compare(options) + spoil(options) + spoil_modules(options);
    return bad == 0 ? 0 : 1;
  } catch (const std::exception& defect) {
    std::println(stderr, "celeriac-proof: {}", defect.what());
    return 2;
  }
}
