#pragma once
// Reads the sections of a foreign module one by one. Inside of this folder only: module.hpp is what others
// include.

#include <span>
#include <string>
#include <vector>

#include "wasm/cursor.hpp"
#include "wasm/foreign/module.hpp"

namespace celeriac::wasm::foreign {

/// Numbers of the sections that somebody here names.
namespace section {
inline constexpr std::uint8_t custom = 0, type = 1, import = 2, function = 3, table = 4, memory = 5,
                              global = 6, export_ = 7, start = 8, element = 9, code = 10, data = 11,
                              data_count = 12, tag = 13;
}

inline constexpr std::uint8_t core_preamble[] = {0, 'a', 's', 'm', 1, 0, 0, 0};

class SectionReader {
 public:
  SectionReader(std::span<const std::uint8_t> bytes, const Limits& limits) : limits_(limits) {
    module_.bytes = bytes;
  }

  /// Reads everything; the result is in module() if the complaint is empty.
  void run();
  [[nodiscard]] const std::string& complaint() const noexcept { return complaint_; }
  [[nodiscard]] std::size_t complaint_offset() const noexcept { return offset_; }
  [[nodiscard]] ForeignModule& module() noexcept { return module_; }

 private:
  struct Row;
  static const Row rows[];

  void next_section(Cursor& in);
  void custom(Cursor& in);
  void types(Cursor& in);
  void imports(Cursor& in);
  void functions(Cursor& in);
  void tables(Cursor& in);
  void memories(Cursor& in);
  void globals(Cursor& in);
  void exports(Cursor& in);
  void start(Cursor& in);
  void elements(Cursor& in);
  void data_count(Cursor& in);
  void code(Cursor& in);
  void data(Cursor& in);

  void body(Cursor& in, std::uint32_t index);
  void instructions(Cursor code, const Body& body, std::uint32_t index);
  const char* fault_of(const struct Instruction& instruction, const Body& body) const noexcept;
  void constant_of(Cursor& in, ValueType type, Constant& out);
  void function_reference(Cursor& in);
  std::string text(Cursor& in);
  std::vector<ValueType> value_types(Cursor& in, std::uint32_t limit, const char* what);
  /// Reads a count of things of at least `smallest` bytes; refuses more than the limit.
  std::uint32_t count(Cursor& in, std::size_t smallest, std::uint32_t limit, const char* what);
  /// The first complaint stays. The sentence goes on after "This module cannot be run: ".
  void refuse(Cursor& in, std::string phrase);

  const Limits& limits_;
  ForeignModule module_;
  std::vector<std::uint32_t> function_types_;  ///< of the function section, until the code comes
  std::vector<bool> open_ifs_;                 ///< one a block: whether its `else` may still come
  std::optional<std::uint32_t> announced_data_;
  std::uint32_t element_items_ = 0;
  std::size_t next_row_ = 0;
  std::string complaint_;
  std::size_t offset_ = 0;
};

}  // namespace celeriac::wasm::foreign
