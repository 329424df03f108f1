#include "tests/reference/equality.hpp"

#include <algorithm>
#include <exception>
#include <format>

#include "tests/reference/bridge.hpp"
#include "tests/reference/tree_walker.hpp"

namespace celeriac::reference {
namespace {

constexpr std::size_t lines_before = 5;

std::string line_or_end(const TinyWorld& world, const Ending& ending, std::size_t at) {
  if (at < world.lines.size()) return world.lines[at];
  return ending.good ? "(the end)" : std::format("(fails: {})", ending.reason);
}

/// Both good, or both failed for the reason that the reference knows; the step loop may say more.
bool same(const Ending& expected, const Ending& actual) {
  if (expected.good || actual.good) return expected.good == actual.good;
  const auto fits = [&](const std::string& reason) { return actual.reason.starts_with(reason); };
  return fits(expected.reason) || std::ranges::any_of(expected.others, fits);
}

}  // namespace

std::string difference(const Account& account, Tally* tally) {
  TinyWorld walked(account), run(account);
  const Ending expected = TreeWalker(account, walked).run();
  Ending actual;
  try {
    actual = Bridge(account, run).run();
  } catch (const std::exception& refused) {
    return std::format("a valid account is refused: {}", refused.what());
  }
  if (tally != nullptr) {
    tally->lines += walked.lines.size();
    ++(expected.good ? tally->good : tally->failed);
    if (!expected.good) tally->reason = expected.reason;
  }
  const auto [one, other] = std::ranges::mismatch(walked.lines, run.lines);
  const auto at = static_cast<std::size_t>(one - walked.lines.begin());
  if (at == walked.lines.size() && at == run.lines.size() && same(expected, actual) &&
      walked.elapsed_ms == run.elapsed_ms)
    return "";
  std::string text;
  for (std::size_t i = at - std::min(at, lines_before); i < at; ++i)
    text += "      " + walked.lines[i] + "\n";
  text += std::format("  is: {}\n  should be: {}\n", line_or_end(run, actual, at),
                      line_or_end(walked, expected, at));
  if (walked.elapsed_ms != run.elapsed_ms)
    text += std::format("  after {} ms instead of {}\n", run.elapsed_ms, walked.elapsed_ms);
  return text;
}

std::string shown(const Account& account) {
  std::string text = "root: " + account.root.dump(2) + "\n";
  for (const auto& [id, document] : account.sequences)
    text += std::format("sequence {}: {}\n", id, document.dump(2));
  for (const auto& row : vm::asset_kinds())
    for (const auto& [id, item] : account.assets.all(row.kind))
      text += std::format("{} {}: {}\n", row.name, id, item.dump());
  return text;
}

}  // namespace celeriac::reference
