#pragma once
// THE operation table: every operation of the wire protocol stands here once, as data. Encoders,
// decoders, forwarding, the imports of Wasm modules, the console's help and docs/protocol.md are
// all made from it.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace celeriac::protocol {

/// What a field of a payload holds. `number` is a double on the wire (any BSON number is accepted),
/// `integer` and `choice` must be whole, `bytes` is BSON's binary, `any` is whatever BSON can hold.
enum class FieldType : std::uint8_t { number, integer, choice, boolean, text, texts, bytes, document, any };

/// One value of an enumeration: `{0, "x"}`.
struct Choice {
  std::int64_t number;
  std::string_view name;
};

struct Field {
  std::string_view name;
  FieldType type;
  std::string_view unit;  ///< "mm", "%", "ms", "°"; "" for none
  std::string_view help;  ///< a phrase
  bool required = true;
  double fallback = 0;  ///< value of an absent optional number
  double low = 0;       ///< smallest and largest legal number; low > high: no limit
  double high = -1;
  std::span<const Choice> choices = {};
};

/// The shape of a payload.
enum class Payload : std::uint8_t {
  none,               ///< nothing; whatever comes is ignored
  id,                 ///< u16 big endian
  id_and_document,    ///< u16 big endian, then optionally one BSON document with the fields
  text,               ///< UTF-8
  document,           ///< one BSON document with the fields
  optional_document,  ///< nothing, or as `document`
  slice,              ///< u16 channel, then data
  id_and_envelope,    ///< u16 big endian, then one BSON document as protocol/envelope.hpp has it
};

/// Whether a payload begins with an id.
constexpr bool takes_id(Payload payload) {
  return payload == Payload::id || payload == Payload::id_and_document || payload == Payload::id_and_envelope;
}

/// Who answers an operation.
enum class Server : std::uint8_t {
  vm,
  hypervisor,
  both,
  guest  ///< the worker of a package, asked by the VM
};

struct Operation {
  std::string_view long_name;  ///< "SYS.MOVE_ABSOLUTE": what tools, logs and documents show
  std::string_view space;      ///< "SYS": the namespace without padding
  std::string_view wire;       ///< "MVABS": the operation without padding
  Server server;
  Payload payload;
  std::string_view id_name;  ///< what the id of an `id` payload names: "code", "process", "register"
  std::span<const Field> fields;
  std::string_view returns;  ///< the return value, a phrase
  std::string_view slices;   ///< shape of the slices that precede the response, "" for none
  std::string_view summary;  ///< what it does, a sentence
  std::string_view example;  ///< `field=value …` as the console takes them
  bool motion = false;       ///< moves the machine, so a program must own motion
  bool available = true;     ///< false: described, but its service comes later
};

/// All operations, in the contract's order.
std::span<const Operation> operations() noexcept;

/// By long name, "SYS.HOME"; nullptr if there is none.
const Operation* find_operation(std::string_view long_name) noexcept;

/// By the names in a frame, padding removed, "SYS" and "HOME"; nullptr if there is none.
const Operation* find_operation(std::string_view space, std::string_view wire) noexcept;

/// Position in `operations()`, for tables indexed by operation.
std::size_t index_of(const Operation& operation) noexcept;

namespace literals {
/// `"SYS.HOME"_op`: the row of the table; the program ends at start-up if the name is misspelt.
const Operation& operator""_op(const char* long_name, std::size_t size);
}  // namespace literals

/// Axis numbers of the contract: 0 x, 1 y, 2 z, 3 all.
inline constexpr Choice axis_choices[] = {{0, "x"}, {1, "y"}, {2, "z"}, {3, "all"}};
/// Package numbers of the contract: 0 firmware, 1 os.
inline constexpr Choice package_choices[] = {{0, "firmware"}, {1, "os"}};
/// Which values of the firmware's parameters.
inline constexpr Choice source_choices[] = {{0, "board"}, {1, "stored"}, {2, "default"}, {3, "about"}};
inline constexpr Choice pin_mode_choices[] = {{0, "digital"}, {1, "analog"}};
inline constexpr Choice io_mode_choices[] = {{0, "input"}, {1, "output"}, {2, "input_pullup"}};

}  // namespace celeriac::protocol
