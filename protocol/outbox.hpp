#pragma once
// The bytes of a stream that the system has not taken yet, in the order in which it gets them.

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace celeriac::protocol {

/// How soon a frame goes out: `urgent` overtakes every frame of which no byte has been given to the system.
enum class Urgency : std::uint8_t { normal, urgent };

/// Whole frames wait in chunks; urgent ones in a queue of their own, which goes first.
class Outbox {
 public:
  /// Room for one whole frame of `bytes`, to be filled before anything else is called.
  char* append(std::size_t bytes, Urgency urgency);
  /// What goes out next; "" when nothing waits. Valid until the next call.
  [[nodiscard]] std::string_view front();
  /// The system took so many bytes of front().
  void sent(std::size_t bytes) noexcept;
  /// Bytes that wait.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  void clear() noexcept;

 private:
  void make_way();
  void next_chunk();

  std::string current_;  // being sent, whole frames
  std::size_t sent_ = 0;
  bool current_is_urgent_ = false;
  std::string urgent_;
  std::deque<std::string> chunks_;
  std::size_t size_ = 0;
};

}  // namespace celeriac::protocol
