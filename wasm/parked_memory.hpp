#pragma once
// The memory of a guest that shares its room: its pages are at the room's window while the guest lives there,
// and somewhere else while another one does. They are moved, not copied, by the kernel: some microseconds,
// however many there are.
//
//                move_in(window)
//   away ────────────────────────────► at the window     grow(window): more zeros at the end
//        ◄────────────────────────────                   forget(window): its end
//                move_out(window)
//
// The window is private anonymous memory, at least as long as the guest's. What the guest wrote there behind
// its own end is thrown away when it moves out.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace celeriac::wasm {

class ParkedMemory {
 public:
  /// Zeros, away. Throws std::bad_alloc.
  explicit ParkedMemory(std::size_t bytes);
  /// It must be away, or forgotten.
  ~ParkedMemory();
  ParkedMemory(const ParkedMemory&) = delete;
  ParkedMemory& operator=(const ParkedMemory&) = delete;

  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  /// Where it is while away and not grown yet; nullptr if it has no bytes.
  [[nodiscard]] std::byte* first_piece() const noexcept;

  /// Out of memory ends the process, by the new handler if there is one: half of a guest's memory is no
  /// guest.
  void move_in(std::byte* window) noexcept;
  void move_out(std::byte* window, std::size_t window_bytes) noexcept;
  /// False if the system has no more.
  bool grow(std::byte* window, std::size_t by) noexcept;
  void forget(std::byte* window, std::size_t window_bytes) noexcept;

 private:
  /// What the kernel moves at once: a mapping of its own, made when the guest began or grew.
  struct Piece {
    std::size_t offset = 0;
    std::size_t bytes = 0;
    std::byte* away = nullptr;  ///< nullptr at the window
  };
  std::vector<Piece> pieces_;
  std::size_t bytes_ = 0;
};

}  // namespace celeriac::wasm
