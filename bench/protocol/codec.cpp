// Frames of 64 bytes of payload through the codec of the project and through plain C.
// Target: encode, decode and copy in at most 20 ns, validation included.

#include <benchmark/benchmark.h>

#include <array>
#include <cstring>
#include <string>

#include "bench/protocol/plain.h"
#include "protocol/frame.hpp"
#include "protocol/frame_decoder.hpp"

namespace {

using namespace celeriac::protocol;

constexpr std::size_t payload_size = 64;

void encode_decode_copy_plain_c(benchmark::State& state) {
  std::array<unsigned char, 256> wire{};
  std::array<unsigned char, payload_size> payload{}, copy{};
  std::uint16_t channel = 0;
  for (auto _ : state) {
    plain_encode(wire.data(), ++channel, "SYS ", "MVABS", payload.data(), payload_size);
    benchmark::ClobberMemory();
    plain_request request;
    if (plain_decode(wire.data(), &request) == 0) return state.SkipWithError("malformed");
    std::memcpy(copy.data(), wire.data() + 15, request.size);
    benchmark::DoNotOptimize(request);
    benchmark::DoNotOptimize(copy);
  }
}
BENCHMARK(encode_decode_copy_plain_c);

/// The header alone, without the decoder's state.
void encode_decode_copy_header(benchmark::State& state) {
  std::array<char, 256> wire{};
  std::array<char, payload_size> payload{}, copy{};
  std::uint16_t channel = 0;
  for (auto _ : state) {
    encode_request_header(wire.data(), Channel{++channel}, "SYS", "MVABS", payload_size);
    std::memcpy(wire.data() + request_header_size, payload.data(), payload.size());
    benchmark::ClobberMemory();
    RequestFrame request;
    if (!decode_request_header(wire.data(), request)) return state.SkipWithError("malformed");
    std::memcpy(copy.data(), request.payload.data(), request.payload.size());
    benchmark::DoNotOptimize(request);
    benchmark::DoNotOptimize(copy);
  }
}
BENCHMARK(encode_decode_copy_header);

/// As a session does it: through the decoder that finds its way back after garbage.
void encode_decode_copy_frame(benchmark::State& state) {
  std::array<char, 256> wire{};
  std::array<char, payload_size> payload{}, copy{};
  FrameDecoder decoder;
  std::uint16_t channel = 0;
  for (auto _ : state) {
    encode_request_header(wire.data(), Channel{++channel}, "SYS", "MVABS", payload_size);
    std::memcpy(wire.data() + request_header_size, payload.data(), payload.size());
    benchmark::ClobberMemory();
    std::string_view bytes(wire.data(), request_header_size + payload_size);
    const auto decoded = decoder.next(bytes);
    const auto* request = std::get_if<RequestFrame>(&decoded);
    if (request == nullptr) return state.SkipWithError("malformed");
    std::memcpy(copy.data(), request->payload.data(), request->payload.size());
    benchmark::DoNotOptimize(copy);
  }
}
BENCHMARK(encode_decode_copy_frame);

void decode_header_plain_c(benchmark::State& state) {
  std::array<unsigned char, 256> wire{};
  const std::array<unsigned char, payload_size> payload{};
  plain_encode(wire.data(), 1, "SYS ", "MVABS", payload.data(), payload_size);
  for (auto _ : state) {
    benchmark::ClobberMemory();
    plain_request request;
    benchmark::DoNotOptimize(plain_decode(wire.data(), &request));
    benchmark::DoNotOptimize(request);
  }
}
BENCHMARK(decode_header_plain_c);

void decode_header(benchmark::State& state) {
  std::array<char, 256> wire{};
  encode_request_header(wire.data(), Channel{1}, "SYS", "MVABS", payload_size);
  for (auto _ : state) {
    benchmark::ClobberMemory();
    RequestFrame request;
    benchmark::DoNotOptimize(decode_request_header(wire.data(), request));
    benchmark::DoNotOptimize(request);
  }
}
BENCHMARK(decode_header);

}  // namespace
