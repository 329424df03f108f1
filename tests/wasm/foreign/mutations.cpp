#include "tests/wasm/foreign/mutations.hpp"

#include <algorithm>
#include <format>

#include "tests/wasm/foreign/allocations.hpp"
#include "tests/wasm/foreign/component_writer.hpp"
#include "tests/wasm/wabt.hpp"
#include "wasm/foreign/component.hpp"
#include "wasm/foreign/instrument.hpp"
#include "wasm/foreign/module.hpp"

namespace celeriac::testing {
namespace {

using namespace wasm::foreign;
using reference::Dice;

const std::vector<ModuleBytes>& originals() {
  static const std::vector<ModuleBytes> all = [] {
    std::vector<ModuleBytes> made;
    for (const char* name :
         {"everything", "compute", "kinode", "messaging", "recursion", "fuel", "names", "range"}) {
      made.push_back(sample(name));
    }
    made.push_back(component_around(sample("kinode")));
    made.push_back(component_around(sample("messaging")));
    return made;
  }();
  return all;
}

std::ptrdiff_t place(Dice& dice, const ModuleBytes& bytes) {
  return static_cast<std::ptrdiff_t>(dice.below(bytes.size() + 1));
}

/// A piece of at most 16 bytes.
std::pair<std::ptrdiff_t, std::ptrdiff_t> piece(Dice& dice, const ModuleBytes& bytes) {
  const auto begin = place(dice, bytes);
  const auto left = static_cast<std::ptrdiff_t>(bytes.size()) - begin;
  return {begin, begin + std::min<std::ptrdiff_t>(left, dice.between(1, 16))};
}

void flip_bit(Dice& dice, ModuleBytes& bytes) {
  if (!bytes.empty()) bytes[dice.below(bytes.size())] ^= static_cast<std::uint8_t>(1U << dice.below(8));
}
void set_byte(Dice& dice, ModuleBytes& bytes) {
  // Ends of ranges of numbers, opcodes with something behind them, and prefixes.
  static const std::vector<std::uint8_t> telling{0x00, 0x01, 0x7F, 0x80, 0xFF, 0x40, 0x02,
                                                 0x03, 0x04, 0x05, 0x0B, 0x0E, 0x0F, 0x10,
                                                 0x11, 0x41, 0x60, 0x70, 0xD2, 0xFC, 0xFD};
  if (!bytes.empty()) bytes[dice.below(bytes.size())] = dice.pick(telling);
}
void set_number(Dice& dice, ModuleBytes& bytes) {
  static const ModuleBytes largest{0xFF, 0xFF, 0xFF, 0xFF, 0x0F};
  const auto at = place(dice, bytes);
  bytes.insert(bytes.begin() + at, largest.begin(), largest.end());
}
void cut(Dice& dice, ModuleBytes& bytes) {
  const auto [begin, end] = piece(dice, bytes);
  bytes.erase(bytes.begin() + begin, bytes.begin() + end);
}
void shorten(Dice& dice, ModuleBytes& bytes) {
  bytes.resize(dice.below(bytes.size() + 1));
}
void put_in(Dice& dice, ModuleBytes& bytes) {
  const ModuleBytes& other = dice.pick(originals());
  const auto [begin, end] = piece(dice, other);
  bytes.insert(bytes.begin() + place(dice, bytes), other.begin() + begin, other.begin() + end);
}
void overwrite(Dice& dice, ModuleBytes& bytes) {
  const ModuleBytes& other = dice.pick(originals());
  const auto [begin, end] = piece(dice, other);
  const auto at = place(dice, bytes);
  const auto size = std::min(end - begin, static_cast<std::ptrdiff_t>(bytes.size()) - at);
  std::copy_n(other.begin() + begin, size, bytes.begin() + at);
}

using Mutation = void (*)(Dice&, ModuleBytes&);
/// Those that keep the length come more often: a wrong length is soon noticed.
const std::vector<Mutation> mutations{flip_bit, flip_bit,  flip_bit, set_byte, set_byte,
                                      set_byte, overwrite, put_in,   cut,      set_number};

/// Memory in proportion to the size: the largest factor is a vector that grows, of what takes one byte in the
/// module.
constexpr std::size_t allowed_for_byte = 256, allowed_for_module = 256 << 10;

std::string checked(const ModuleBytes& bytes, bool ask_validator, Survivors& survivors) {
  const auto main = main_module(bytes);
  if (!main) return main.error().message.empty() ? "refused without a reason" : "";
  const auto module = read(*main);
  if (!module)
    return module.error().message.contains("(byte") ? ""
                                                    : "refused without a place: " + module.error().message;
  ++survivors.read;
  const auto made = instrument(*module);
  if (!made)
    return made.error().message.contains(reserved_prefix) ? "" : "not rewritten: " + made.error().message;
  ++survivors.rewritten;
  const auto again = read(made->bytes, Limits{}.instrumented());
  if (!again) return "what was rewritten cannot be read: " + again.error().message;
  if (again->bodies.size() != module->bodies.size()) return "functions were lost";
  if (!ask_validator || !wasm_validate(*main).empty()) return "";
  ++survivors.valid;
  const std::string said = wasm_validate(made->bytes);
  return said.empty() ? "" : "what was rewritten is not valid: " + said;
}

}  // namespace

ModuleBytes spoilt_module(Dice& dice) {
  ModuleBytes bytes = dice.pick(originals());
  for (auto left = dice.between(1, dice.chance(0.7) ? 1 : 6); left > 0; --left)
    dice.pick(mutations)(dice, bytes);
  if (dice.chance(0.02)) shorten(dice, bytes);
  return bytes;
}

std::string broken_promise(const ModuleBytes& bytes, bool ask_validator, Survivors& survivors) {
  originals();
  const std::size_t before = allocated_bytes();
  std::string broken = checked(bytes, false, survivors);
  const std::size_t taken = allocated_bytes() - before;
  if (broken.empty() && taken > allowed_for_module + allowed_for_byte * bytes.size()) {
    broken = std::format("{} bytes took {} bytes of memory", bytes.size(), taken);
  }
  Survivors ignored;
  if (broken.empty() && ask_validator) {
    broken = checked(bytes, true, ignored);
    survivors.valid += ignored.valid;
  }
  return broken;
}

}  // namespace celeriac::testing
