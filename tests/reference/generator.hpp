#pragma once
// Random gardens, and valid CeleryScript for them: drawn from the grammar table, with the rules beside it in
// one table of their own (identifiers are bound, ids exist, named pins stand where they work).

#include <cstdint>
#include <map>
#include <string>

#include "tests/reference/tiny_world.hpp"

namespace celeriac::reference {

/// How often each kind has been written.
using KindCounts = std::map<std::string, std::size_t>;

struct Taste {
  std::size_t sequences = 3;     ///< that the root may call; they call only later ones, so all of it ends
  std::size_t longest_body = 6;  ///< steps of one body
  bool mistakes = true;          ///< now and then an id that does not exist, a script that fails
};

/// The same seed gives the same account. `counts` may be null.
Account make_account(std::uint64_t seed, const Taste& taste = {}, KindCounts* counts = nullptr);

/// A document of a kind that is no program but that the grammar has: rpc_ok, rpc_error, internal_farm_event,
/// internal_regimen.
Json make_document(std::uint64_t seed, const std::string& kind, KindCounts* counts = nullptr);

/// A sequence of so many steps of one kind, which may stand in a body; what they call has the id 101.
Json make_sequence_of(std::uint64_t seed, const std::string& kind, std::size_t steps);

}  // namespace celeriac::reference
