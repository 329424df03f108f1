#pragma once
// The grammar of CeleryScript (version 20180209, with the additions up to July 2025) as one data
// table. The checker, suggestions, help and documentation are all made from it.

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

namespace celeriac::celeryscript {

/// `sequence.args.version` of every document that the web app writes.
inline constexpr std::int64_t grammar_version = 20180209;

/// A closed list of words. Where `whole_numbers`, the document holds numbers, not strings.
struct Enumeration {
  std::string_view name;
  std::span<const std::string_view> words;
  bool whole_numbers = false;
};

/// A set of kinds, by their places in the table.
class KindSet {
 public:
  constexpr KindSet() = default;
  constexpr void insert(std::size_t index) { bits_[index / 64] |= std::uint64_t{1} << index % 64; }
  [[nodiscard]] constexpr bool contains(std::size_t index) const {
    return (bits_[index / 64] >> index % 64 & 1) != 0;
  }
  [[nodiscard]] constexpr bool empty() const { return bits_[0] == 0 && bits_[1] == 0; }
  [[nodiscard]] constexpr KindSet operator|(const KindSet& other) const {
    KindSet both = *this;
    both.bits_[0] |= other.bits_[0];
    both.bits_[1] |= other.bits_[1];
    return both;
  }

 private:
  std::array<std::uint64_t, 2> bits_{};
};

/// Primitive types that an argument may have: a sum of these.
namespace primitive {
inline constexpr std::uint8_t boolean = 1;
inline constexpr std::uint8_t integer = 2;  ///< a JSON number without fraction: 100 and 100.0
inline constexpr std::uint8_t real = 4;     ///< any JSON number
inline constexpr std::uint8_t string = 8;
}  // namespace primitive

/// What is tolerated beside the grammar, because bots in the field tolerate it too.
enum class Leniency : std::uint8_t {
  none,
  may_be_absent,  ///< documents from before the argument existed, and clients that leave it out
  may_be_real,    ///< declared integer, but the device computes with any number
};

/// One argument of a kind. Every argument is required.
struct ArgumentRule {
  std::string_view name;
  std::uint8_t types = 0;               ///< sum of primitive::…
  KindSet kinds = {};                   ///< kinds of a child node
  KindSet tolerated = {};               ///< legacy kinds that may stand there too
  const Enumeration* values = nullptr;  ///< legal values of a primitive
  /// The grammar itself says only "string"; `values` is what a device takes.
  bool values_beside_grammar = false;
  Leniency leniency = Leniency::none;
  /// Limits of a number, both included; beyond them no device would do it.
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  std::string_view unit = {};  ///< "mm", "%", "ms", "°"
};

enum class Standing : std::uint8_t {
  current,
  outdated,  ///< in the newest grammar, but nothing writes it and no device runs it any more
  legacy,    ///< gone from the grammar; older documents may hold it
};

struct Kind {
  std::string_view name;
  std::span<const ArgumentRule* const> args;
  KindSet body = {};       ///< kinds of body items; empty: no body items
  KindSet tolerated = {};  ///< body items that the device runs although the grammar does not have them
  std::string_view help;   ///< what it does, a sentence
  Standing standing = Standing::current;
  std::string_view replacement =
      {};  ///< of an outdated or legacy kind: what to write instead, a phrase; "" for none
  std::string_view last_seen =
      {};  ///< of a legacy kind: month of the last grammar that had it, "2019-09"; "" if unknown
  bool still_runs = false;  ///< an outdated or legacy kind that has a modern equal, and runs as that

  [[nodiscard]] const ArgumentRule* find(std::string_view argument) const noexcept;
  [[nodiscard]] bool in_grammar() const noexcept { return standing != Standing::legacy; }
  /// Whether the compiler takes it; otherwise it is a diagnostic at its place.
  [[nodiscard]] bool runs() const noexcept { return standing == Standing::current || still_runs; }
};

/// Every kind that a document of any age can contain, sorted by name: 71 of the grammar, 19 of the past.
std::span<const Kind> kinds() noexcept;
/// nullptr if no grammar ever had it.
const Kind* find_kind(std::string_view name) noexcept;
std::size_t index_of(const Kind& kind) noexcept;
inline bool contains(const KindSet& set, const Kind& kind) noexcept {
  return set.contains(index_of(kind));
}

/// The steps: kinds that may stand in the body of a sequence or an rpc_request.
const KindSet& commands() noexcept;

/// All enumerations, those included that only attributes of resources use.
std::span<const Enumeration* const> enumerations() noexcept;

}  // namespace celeriac::celeryscript
