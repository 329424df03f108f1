#include "protocol/frame.hpp"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "protocol/frame_decoder.hpp"

using namespace celeriac::protocol;
using namespace std::string_literals;

namespace {

std::string encoded_header(Channel channel, std::string_view space, std::string_view wire,
                           std::uint16_t size) {
  std::string bytes(request_header_size, '\0');
  encode_request_header(bytes.data(), channel, space, wire, size);
  return bytes;
}

std::string encoded_response(ResponseFrame response) {
  std::string bytes(response_size, '\0');
  encode_response(bytes.data(), response);
  return bytes;
}

const std::string golden_request = "\x12\x34SYS HOME \x01\x02\r\n"s;
const std::string golden_response = "\x12\x34\x00\x07\xff\xfe\r\n"s;

}  // namespace

TEST_CASE("a request header is 15 bytes: channel, padded names, size, CR LF") {
  CHECK(encoded_header(Channel{0x1234}, "SYS", "HOME", 0x0102) == golden_request);
  CHECK(encoded_header(Channel{0}, "CODE", "CREAT", 0) == "\0\0CODECREAT\0\0\r\n"s);
  CHECK(encoded_header(Channel{0xffff}, "PROC", "RUN", 0xffff) == "\xff\xffPROCRUN  \xff\xff\r\n"s);
}

TEST_CASE("a response is 8 bytes: channel, status, value, CR LF") {
  CHECK(encoded_response({Channel{0x1234}, 7, 0xfffe}) == golden_response);
  CHECK(encoded_response({Channel{0}, 0, 0}) == "\0\0\0\0\0\0\r\n"s);
}

TEST_CASE("a request header gives back what was put in, without padding") {
  RequestFrame request;
  const std::string bytes = golden_request + std::string(0x102, 'x');
  REQUIRE(decode_request_header(bytes.data(), request));
  CHECK(request.channel == Channel{0x1234});
  CHECK(request.space == "SYS");
  CHECK(request.wire == "HOME");
  CHECK(request.payload == std::string(0x102, 'x'));
}

TEST_CASE("a response gives back what was put in") {
  const auto response = decode_response(golden_response.data());
  CHECK(response.channel == Channel{0x1234});
  CHECK(response.status == 7);
  CHECK(response.value == 0xfffe);
}

TEST_CASE("bytes 6 and 7 tell responses from requests") {
  CHECK(is_response(golden_response.data()));
  CHECK_FALSE(is_response(golden_request.data()));
  CHECK_FALSE(is_response("\0\0\0\0\0\0\r\r"));
  CHECK_FALSE(is_response("\0\0\0\0\0\0\n\n"));
}

TEST_CASE("every byte of a name is A-Z, 0-9, _ or padding, and every other one is refused") {
  for (std::size_t at = 2; at < 11; ++at) {
    for (int value = 0; value < 256; ++value) {
      std::string bytes =
          "\x00\x01"
          "ABCD"
          "EFGHI"
          "\x00\x00\r\n"s;
      const auto byte = static_cast<char>(value);
      bytes[at] = byte;
      const bool legal = (value >= 'A' && value <= 'Z') || (value >= '0' && value <= '9') || value == '_';
      const bool last = at == 5 || at == 10;
      const bool padding = value == ' ' && last;
      RequestFrame request;
      INFO("byte " << at << " is " << value);
      CHECK(decode_request_header(bytes.data(), request) == (legal || padding));
    }
  }
}

TEST_CASE("padding stands at the end of a name only, and a name is not empty") {
  RequestFrame request;
  for (const auto* bytes : {"\1\1 SYSHOME \0\0\r\n", "\1\1S YSHOME \0\0\r\n", "\1\1    HOME \0\0\r\n",
                            "\1\1SYS      \0\0\r\n", "\1\1SYS  HOME\0\0\r\n", "\1\1SYS H ME \0\0\r\n"})
    CHECK_FALSE(decode_request_header(bytes, request));
  CHECK(decode_request_header("\1\1S   H    \0\0\r\n", request));
  CHECK(request.space == "S");
  CHECK(request.wire == "H");
}

TEST_CASE("bytes 13 and 14 of a request are CR LF") {
  for (std::size_t at : {13U, 14U}) {
    for (int value = 0; value < 256; ++value) {
      std::string bytes = golden_request;
      if (static_cast<char>(value) == bytes[at]) continue;
      bytes[at] = static_cast<char>(value);
      RequestFrame request;
      CHECK_FALSE(decode_request_header(bytes.data(), request));
    }
  }
}
