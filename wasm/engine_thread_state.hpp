#pragma once
// What the engine keeps for each thread: where its ahead-of-time code finds memories and stack, and where it
// goes when it traps. WasmEdge sets it when such code is entered and does not put it back, so a call from
// inside a host function, or another fiber, leaves the caller with what is not its own. It is therefore saved
// and put back as a whole: the thread-local storage of the engine's library, a thousand bytes whose place the
// dynamic linker knows.

#include <array>
#include <cstddef>
#include <span>

namespace celeriac::wasm {

/// Of the thread that makes it; it may be put back only there.
class EngineThreadState {
 public:
  /// The library of Debian 13 has 1,088 bytes.
  static constexpr std::size_t max_bytes = 2048;

  /// False if the library has no such storage, or more than fits: then no ahead-of-time code may be run.
  static bool is_known() noexcept;

  /// Takes what there is now.
  EngineThreadState() noexcept;
  void put_back() const noexcept;

 private:
  std::size_t bytes_;
  std::array<std::byte, max_bytes> saved_;
};

}  // namespace celeriac::wasm
