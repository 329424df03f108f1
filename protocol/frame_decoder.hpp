#pragma once
// Takes frames off a stream of bytes, and finds the way back after bytes that are none.

#include <cstddef>
#include <functional>
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
  /// Says whether a response on this channel is expected.
  using Awaited = std::function<bool(Channel)>;

  /// While it searches for the way back, the decoder believes six bytes before CR LF to be a response only if
  /// they carry a known status on a channel that is `awaited`; without the function, none are.
  explicit FrameDecoder(Awaited awaited = {}) : awaited_(std::move(awaited)) {}

  /// Takes the next frame off the front of `bytes`, whose views stay valid as long as that memory.
  /// On NeedMore what is left in `bytes` is to be kept and given again, with more behind it.
  Decoded next(std::string_view& bytes) {
    // Nearly every frame: in step, and the header is whole and good.
    RequestFrame request;
    if (synchronised_ && bytes.size() >= request_header_size &&
        decode_request_header(bytes.data(), request)) {
      const std::size_t size = request_header_size + request.payload.size();
      if (bytes.size() < size) return NeedMore{};
      bytes.remove_prefix(size);
      return request;
    }
    return next_of_any(bytes);
  }

 private:
  Decoded next_of_any(std::string_view& bytes);
  // What a position of the stream can be said to be.
  enum class Header { request, response, malformed, undecided };
  [[nodiscard]] Header classify(std::string_view bytes) const;

  Awaited awaited_;
  bool synchronised_ = true;
  std::size_t dropped_ = 0;
};

}  // namespace celeriac::protocol
