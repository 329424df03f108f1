#include "protocol/frame_decoder.hpp"

#include <utility>

namespace celeriac::protocol {
namespace {

/// True if the name may still become legal: what is there of it breaks no rule.
bool may_be_name(std::string_view bytes, std::size_t offset, std::size_t width) noexcept {
  if (bytes.size() >= offset + width) return name_length(bytes.data() + offset, width) != 0;
  char padded[wire_width];
  std::memset(padded, ' ', sizeof padded);
  const std::size_t present = bytes.size() > offset ? bytes.size() - offset : 0;
  std::memcpy(padded, bytes.data() + offset, present);
  return present == 0 || name_length(padded, width) != 0;
}

}  // namespace

FrameDecoder::Header FrameDecoder::classify(std::string_view bytes) const {
  if (bytes.size() < response_size) return Header::undecided;
  if (is_response(bytes.data())) {
    if (synchronised_) return Header::response;
    // Any six bytes before CR LF look like a response; the tail of a broken request does, for one.
    const auto response = decode_response(bytes.data());
    const bool believed = response.status < status_count && awaited_ && awaited_(response.channel);
    return believed ? Header::response : Header::malformed;
  }
  if (!may_be_name(bytes, 2, space_width) || !may_be_name(bytes, 2 + space_width, wire_width))
    return Header::malformed;
  if (bytes.size() > 13 && bytes[13] != '\r') return Header::malformed;
  if (bytes.size() > 14 && bytes[14] != '\n') return Header::malformed;
  return bytes.size() < request_header_size ? Header::undecided : Header::request;
}

Decoded FrameDecoder::next_of_any(std::string_view& bytes) {
  for (;;) {
    switch (classify(bytes)) {
      case Header::undecided:
        return NeedMore{};
      case Header::request: {
        synchronised_ = true;
        dropped_ = 0;
        RequestFrame request;
        decode_request_header(bytes.data(), request);
        if (bytes.size() < request_header_size + request.payload.size()) return NeedMore{};
        bytes.remove_prefix(request_header_size + request.payload.size());
        return request;
      }
      case Header::response: {
        synchronised_ = true;
        dropped_ = 0;
        const auto response = decode_response(bytes.data());
        bytes.remove_prefix(response_size);
        return response;
      }
      case Header::malformed: {
        const Channel channel{load_u16(bytes.data())};
        const bool first = std::exchange(synchronised_, false);
        bytes.remove_prefix(1);
        if (++dropped_ >= max_dropped_bytes) return StreamLost{};
        if (first) return MalformedFrame{channel};
        break;
      }
    }
  }
}

}  // namespace celeriac::protocol
