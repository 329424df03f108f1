#pragma once
// Takes frames off a stream of bytes, and finds the way back after bytes that are none.

#include <cstddef>
#include <string_view>
#include <variant>

#include "protocol/frame.hpp"

namespace celeriac::protocol {

/// After this many dropped bytes without a well-formed header the stream is not worth reading.
inline constexpr std::size_t max_dropped_bytes = 65536;

/// A header that breaks the rules, to be answered with `malformed` on this channel.
struct MalformedFrame {
  Channel channel;
};
/// The bytes do not hold a whole frame; the same call with more may.
struct NeedMore {};
/// `max_dropped_bytes` were dropped: close the stream.
struct StreamLost {};

using Decoded = std::variant<NeedMore, RequestFrame, ResponseFrame, MalformedFrame, StreamLost>;

class FrameDecoder {
 public:
  /// Takes the next frame off the front of `bytes`, whose views stay valid as long as that memory.
  /// On NeedMore what is left in `bytes` is to be kept and given again, with more behind it.
  Decoded next(std::string_view& bytes) noexcept;

 private:
  // What a position of the stream can be said to be.
  enum class Header { request, response, malformed, undecided };
  [[nodiscard]] Header classify(std::string_view bytes) const noexcept;

  bool synchronised_ = true;
  std::size_t dropped_ = 0;
};

}  // namespace celeriac::protocol
