#include "protocol/frame_decoder.hpp"

#include <rapidcheck.h>

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "raw_peer.hpp"

using namespace celeriac::protocol;
using namespace celeriac::protocol::test;
using namespace std::string_literals;

namespace {

// What a decoder made of a stream, one entry a result.
struct Decoding {
  char kind = '?';  // q request, r response, m malformed, l lost
  unsigned channel = 0;
  std::string text;

  friend bool operator==(const Decoding&, const Decoding&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Decoding& r) {
    return out << r.kind << r.channel << r.text;
  }
};

/// Feeds the stream in chunks whose sizes repeat; keeps what is left between them as a session does.
std::vector<Decoding> decode(std::string_view stream, const std::vector<std::size_t>& chunks,
                             FrameDecoder::Awaited awaited = {}) {
  FrameDecoder decoder(std::move(awaited));
  std::vector<Decoding> results;
  std::string kept;
  for (std::size_t at = 0, turn = 0; at < stream.size(); ++turn) {
    const auto size = std::min(chunks[turn % chunks.size()], stream.size() - at);
    kept.append(stream.substr(at, size));
    at += size;
    std::string_view rest = kept;
    for (;;) {
      const auto got = decoder.next(rest);
      if (std::holds_alternative<NeedMore>(got)) break;
      if (const auto* q = std::get_if<RequestFrame>(&got))
        results.push_back(
            {'q', static_cast<unsigned>(q->channel),
             std::string(q->space) + "." + std::string(q->wire) + ":" + std::string(q->payload)});
      if (const auto* r = std::get_if<ResponseFrame>(&got))
        results.push_back({'r', static_cast<unsigned>(r->channel),
                           std::to_string(r->status) + "=" + std::to_string(r->value)});
      if (const auto* m = std::get_if<MalformedFrame>(&got))
        results.push_back({'m', static_cast<unsigned>(m->channel), ""});
      if (std::holds_alternative<StreamLost>(got)) {
        results.push_back({'l', 0, ""});
        return results;
      }
    }
    kept.erase(0, kept.size() - rest.size());
  }
  return results;
}

std::vector<Decoding> decode(std::string_view stream) {
  return decode(stream, {stream.size()});
}

const std::string good = request_bytes(9, "SYS", "HOME", "abc");
const Decoding good_result{'q', 9, "SYS.HOME:abc"};

rc::Gen<std::string> name_of(std::size_t width) {
  return rc::gen::mapcat(rc::gen::inRange<std::size_t>(1, width + 1), [](std::size_t length) {
    return rc::gen::container<std::string>(length,
                                           rc::gen::elementOf("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"s));
  });
}

struct Stream {
  std::string bytes;
  std::vector<Decoding> expected;
};

Stream random_frames() {
  Stream made;
  const auto count = *rc::gen::inRange(0, 12);
  for (int i = 0; i < count; ++i) {
    const unsigned channel = *rc::gen::inRange(0U, 65536U);
    if (*rc::gen::arbitrary<bool>()) {
      const auto space = *name_of(4);
      const auto wire = *name_of(5);
      const auto payload = *rc::gen::container<std::string>(rc::gen::elementOf("\r\n \0ABSYS\xff\x01"s));
      made.bytes += request_bytes(channel, space, wire, payload);
      made.expected.push_back({'q', channel, space + "." + wire + ":" + payload});
    } else {
      const unsigned status = *rc::gen::inRange(0U, 65536U);
      const unsigned value = *rc::gen::inRange(0U, 65536U);
      made.bytes += response_bytes(channel, status, value);
      made.expected.push_back({'r', channel, std::to_string(status) + "=" + std::to_string(value)});
    }
  }
  return made;
}

}  // namespace

TEST_CASE("124: frames split anywhere decode to the same frames, and requests are told from responses") {
  CHECK(rc::check([] {
    const auto stream = random_frames();
    const auto chunks = *rc::gen::nonEmpty(
        rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(1, 40)));
    RC_ASSERT(decode(stream.bytes, chunks) == stream.expected);
  }));
}

TEST_CASE("any bytes at all, split anywhere, decode to the same results") {
  CHECK(rc::check([] {
    // Letters that make near misses likely.
    auto bytes = *rc::gen::container<std::string>(rc::gen::elementOf("\r\n\0\1AB_ z"s));
    if (*rc::gen::arbitrary<bool>())
      bytes += good + *rc::gen::container<std::string>(rc::gen::elementOf("\r\n\0A"s));
    const auto chunks = *rc::gen::nonEmpty(
        rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(1, 20)));
    const auto awaited = [](Channel channel) { return static_cast<unsigned>(channel) % 2 == 0; };
    RC_ASSERT(decode(bytes, chunks, awaited) == decode(bytes, {bytes.size() + 1}, awaited));
  }));
}

TEST_CASE("a payload of every boundary size is taken whole") {
  for (const std::size_t size : {0U, 1U, 65534U, 65535U}) {
    const std::string payload(size, '\r');
    CHECK(decode(request_bytes(3, "A", "B", payload) + good) ==
          std::vector<Decoding>{{'q', 3, "A.B:" + payload}, good_result});
  }
}

TEST_CASE("a broken byte anywhere in a header is answered once on the channel of the first two bytes") {
  for (std::size_t at = 2; at < 15; ++at) {
    if (at == 11 || at == 12) continue;  // any size is legal
    for (const char broken : "a-\r\n\x7f\xff\0"s) {
      std::string bytes = request_bytes(0x0102, "ABCD", "EFGHI", "");
      if (bytes[at] == broken) continue;
      bytes[at] = broken;
      INFO("byte " << at << " is " << static_cast<int>(broken));
      CHECK(decode(bytes + good) == std::vector<Decoding>{{'m', 0x0102, ""}, good_result});
    }
  }
}

TEST_CASE("the payload of a broken header is dropped with it") {
  std::string bytes = request_bytes(5, "SYS", "HOME", "some payload \r\n\r\n and more");
  bytes[3] = 'y';
  CHECK(decode(bytes + good) == std::vector<Decoding>{{'m', 5, ""}, good_result});
}

TEST_CASE("names padded with zeros are malformed once, though their tail looks like a response") {
  const auto bytes = "\x00\x07PROCRUN\0\0\0\2\r\n\0\1"s;
  CHECK(decode(bytes + good) == std::vector<Decoding>{{'m', 7, ""}, good_result});
}

TEST_CASE("garbage before and between frames costs one malformed each") {
  const auto garbage = "GET / HTTP/1.1\r\nHost: bot\r\n\r\n"s;
  const auto channel_of_garbage = static_cast<unsigned>('G') * 256U + static_cast<unsigned>('E');
  CHECK(decode(garbage + good + garbage + good) ==
        std::vector<Decoding>{
            {'m', channel_of_garbage, ""}, good_result, {'m', channel_of_garbage, ""}, good_result});
}

TEST_CASE("while searching, a response convinces only where one is awaited") {
  const auto stream = "garbage that is none!!"s + response_bytes(6, 0, 4) + good;
  const auto channel = static_cast<unsigned>('g') * 256U + static_cast<unsigned>('a');
  CHECK(decode(stream) == std::vector<Decoding>{{'m', channel, ""}, good_result});
  CHECK(decode(stream, {1}, [](Channel c) { return c == Channel{6}; }) ==
        std::vector<Decoding>{{'m', channel, ""}, {'r', 6, "0=4"}, good_result});
}

TEST_CASE("in step, a response with an unknown status on an unknown channel is a response") {
  CHECK(decode(response_bytes(77, 40000, 1)) == std::vector<Decoding>{{'r', 77, "40000=1"}});
}

TEST_CASE("after 65,536 dropped bytes the stream is lost, and not one byte earlier") {
  // The last 14 bytes of garbage may yet become a header, so they are dropped only when more comes.
  const auto z = static_cast<unsigned>('z') * 257U;
  CHECK(decode(std::string(65535, 'z') + good) == std::vector<Decoding>{{'m', z, ""}, good_result});
  CHECK(decode(std::string(65536, 'z') + good) == std::vector<Decoding>{{'m', z, ""}, {'l', 0, ""}});
}

TEST_CASE("a good frame starts the count of dropped bytes anew") {
  const auto z = static_cast<unsigned>('z') * 257U;
  const std::string garbage(60000, 'z');
  CHECK(decode(garbage + good + garbage + good) ==
        std::vector<Decoding>{{'m', z, ""}, good_result, {'m', z, ""}, good_result});
}

TEST_CASE("what cannot become a header is told before all of it has come") {
  FrameDecoder decoder;
  const auto bytes = "\x00\x01sys xy"s;
  std::string_view eight = bytes;
  CHECK(std::holds_alternative<MalformedFrame>(decoder.next(eight)));
}

TEST_CASE("what may become a frame is waited for") {
  for (std::size_t size = 0; size < good.size(); ++size) {
    FrameDecoder decoder;
    std::string_view part = std::string_view(good).substr(0, size);
    CHECK(std::holds_alternative<NeedMore>(decoder.next(part)));
    CHECK(part.size() == size);
  }
}
