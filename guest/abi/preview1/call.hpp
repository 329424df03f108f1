#pragma once
// One call of a function of wasi_snapshot_preview1: its arguments, and the memory that they point into.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "guest/abi/canonical/memory.hpp"
#include "guest/abi/guest.hpp"
#include "guest/abi/preview1/preview1.hpp"
#include "protocol/session.hpp"

namespace celeriac::guest::preview1 {

/// The numbers are WASI's.
enum class Errno : std::uint16_t {
  success = 0,
  acces = 2,
  again = 6,
  badf = 8,
  exist = 20,
  fault = 21,
  fbig = 22,
  ilseq = 25,
  inval = 28,
  io = 29,
  isdir = 31,
  mfile = 33,
  nametoolong = 37,
  noent = 44,
  nospc = 51,
  nosys = 52,
  notdir = 54,
  notempty = 55,
  notsup = 58,
  notsock = 57,
  overflow = 61,
  perm = 63,
  spipe = 70,
  notcapable = 76,
};

enum class FileType : std::uint8_t { unknown = 0, character_device = 2, directory = 3, regular_file = 4 };

/// What a status of FILE.* is for a program. The codes exists, not_empty, is_directory and not_directory are
/// understood.
Errno errno_of(const protocol::Reply& reply);

using Kind = Preview1::Descriptor::Kind;

struct Call {
  Preview1& self;
  Guest& guest;
  std::span<const Slot> arguments;
  canonical::Memory memory;

  [[nodiscard]] std::uint32_t u32(std::size_t place) const {
    return static_cast<std::uint32_t>(arguments[place]);
  }
  [[nodiscard]] std::uint64_t u64(std::size_t place) const { return arguments[place]; }

  /// The descriptor that an argument names; nullptr if there is none.
  [[nodiscard]] Preview1::Descriptor* descriptor(std::size_t place);
  /// A path below the directory of argument `place`; the text is at `place` + `text`. `..` does not leave the
  /// directory.
  struct Path {
    Errno wrong = Errno::success;
    std::string path;
  };
  [[nodiscard]] Path path(std::size_t place, std::size_t text);

  template <class T>
  Errno store(std::uint32_t address, T value) {
    memory.refresh();
    if (!memory.holds(address, sizeof value)) return Errno::fault;
    memory.store(address, value);
    return Errno::success;
  }
};

using Function = Errno (*)(Call& call);

/// The functions, by theme; each table is in the file of its name.
struct Row {
  std::string_view name;
  std::string_view type;  ///< parameters: i for i32, I for i64
  Function function;
};
std::span<const Row> process_rows();
std::span<const Row> descriptor_rows();
std::span<const Row> file_rows();
std::span<const Row> path_rows();

/// Adds a descriptor; nullopt if there are too many.
std::optional<std::uint32_t> add(Call& call, Preview1::Descriptor descriptor);
/// Opens a directory of the configuration in the kernel, when it is needed.
Errno need_handle(Call& call, Preview1::Descriptor& descriptor);
/// Writes filestat at `address`, of what the kernel says of a handle.
Errno stat(Call& call, std::uint16_t handle, const std::string& path, std::uint32_t address);
void close(Call& call, std::uint16_t handle);

}  // namespace celeriac::guest::preview1
