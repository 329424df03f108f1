#pragma once
// The two kinds of frame, to the byte. Header integers are unsigned 16 bit, big endian.
//
//   request    channel(2) namespace(4) operation(5) size(2) CR LF payload(size)
//   response   channel(2) status(2) value(2) CR LF
//
// Bytes 6 and 7 tell them apart: CR LF in a response, characters of an operation in a request.

#include <cstdint>
#include <cstring>
#include <string_view>

#include "protocol/status.hpp"

namespace celeriac::protocol {

/// Correlates a request with its response. Each side numbers its own requests.
enum class Channel : std::uint16_t {};

/// The channel that is never refused for load.
inline constexpr Channel emergency_channel{0};

inline constexpr std::size_t space_width = 4;
inline constexpr std::size_t wire_width = 5;
inline constexpr std::size_t request_header_size = 15;
inline constexpr std::size_t response_size = 8;
inline constexpr std::size_t max_payload = 65535;

/// A request as it stands in a buffer; the views point into that buffer.
struct RequestFrame {
  Channel channel;
  std::string_view space;  ///< without padding
  std::string_view wire;   ///< without padding
  std::string_view payload;
};

struct ResponseFrame {
  Channel channel;
  std::uint16_t status;  ///< as received: a number outside the table is possible
  std::uint16_t value;
};

inline std::uint16_t load_u16(const char* bytes) noexcept {
  return static_cast<std::uint16_t>((static_cast<unsigned char>(bytes[0]) << 8) |
                                    static_cast<unsigned char>(bytes[1]));
}

inline void store_u16(char* bytes, std::uint16_t number) noexcept {
  bytes[0] = static_cast<char>(number >> 8);
  bytes[1] = static_cast<char>(number & 0xff);
}

/// Length of a padded name of `width` characters, 0 if it breaks the rules: at least one of A-Z 0-9 _,
/// then only spaces.
inline std::size_t name_length(const char* name, std::size_t width) noexcept {
  constexpr auto legal = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; };
  std::size_t length = 0;
  while (length < width && legal(name[length])) ++length;
  for (std::size_t i = length; i < width; ++i)
    if (name[i] != ' ') return 0;
  return length;
}

/// Writes a request header of 15 bytes. `space` has at most 4, `wire` at most 5 characters.
inline void encode_request_header(char* out, Channel channel, std::string_view space, std::string_view wire,
                                  std::uint16_t payload_size) noexcept {
  store_u16(out, static_cast<std::uint16_t>(channel));
  std::memset(out + 2, ' ', space_width + wire_width);
  std::memcpy(out + 2, space.data(), space.size());
  std::memcpy(out + 2 + space_width, wire.data(), wire.size());
  store_u16(out + 11, payload_size);
  out[13] = '\r';
  out[14] = '\n';
}

/// Writes a response of 8 bytes.
inline void encode_response(char* out, ResponseFrame response) noexcept {
  store_u16(out, static_cast<std::uint16_t>(response.channel));
  store_u16(out + 2, response.status);
  store_u16(out + 4, response.value);
  out[6] = '\r';
  out[7] = '\n';
}

/// True if these 8 bytes are a response.
inline bool is_response(const char* bytes) noexcept {
  return bytes[6] == '\r' && bytes[7] == '\n';
}

inline ResponseFrame decode_response(const char* bytes) noexcept {
  return {Channel{load_u16(bytes)}, load_u16(bytes + 2), load_u16(bytes + 4)};
}

/// Reads a request header of 15 bytes. False if it breaks the rules. The payload's view is
/// made of the bytes behind the header, which need not be there yet: only its size is read.
inline bool decode_request_header(const char* bytes, RequestFrame& request) noexcept {
  const std::size_t space = name_length(bytes + 2, space_width);
  const std::size_t wire = name_length(bytes + 2 + space_width, wire_width);
  if (space == 0 || wire == 0 || bytes[13] != '\r' || bytes[14] != '\n') return false;
  request = {Channel{load_u16(bytes)},
             {bytes + 2, space},
             {bytes + 2 + space_width, wire},
             {bytes + request_header_size, load_u16(bytes + 11)}};
  return true;
}

}  // namespace celeriac::protocol
