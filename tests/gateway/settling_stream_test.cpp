#include "gateway/mqtt/settling_stream.hpp"

#include <catch2/catch_test_macros.hpp>
#include <random>

using namespace celeriac::gateway;

namespace {

std::string bytes(std::initializer_list<int> values) {
  std::string made;
  for (const int value : values) made += static_cast<char>(value);
  return made;
}

/// A PUBLISH on "a/b" with this payload; packet id 7 where the QoS has one.
std::string publish(int flags, const std::string& payload, const std::string& properties = {}) {
  std::string body = bytes({0, 3}) + "a/b";
  if ((flags & 6) != 0) body += bytes({0, 7});
  body += static_cast<char>(properties.size());
  body += properties + payload;
  REQUIRE(body.size() < 128);
  return bytes({0x30 | flags, static_cast<int>(body.size())}) + body;
}

struct Trial {
  std::vector<PublishRewriter::Publish> publishes;
  std::vector<bool> sessions;
  std::uint32_t number = 19;
  PublishRewriter rewriter{{.publish =
                                [this](PublishRewriter::Publish publish) {
                                  publishes.push_back(publish);
                                  return number;
                                },
                            .connack = [this](bool present, std::size_t) { sessions.push_back(present); }}};
};

}  // namespace

TEST_CASE("a message of QoS 1 is shown as one of QoS 0 with its number, wherever the stream is cut") {
  const std::string content_type = bytes({3, 0, 1}) + "t";
  const std::string input = bytes({0x20, 3, 1, 0, 0}) + publish(0x0b, "water", content_type) +
                            publish(1, "soil") + bytes({0xd0, 0}) + publish(2, "");
  const std::string expected = bytes({0x20, 3, 1, 0, 0}) + bytes({0x31, 17, 0, 3}) + "a/b" +
                               bytes({6, 0x0b, 19}) + content_type + "water" + publish(1, "soil") +
                               bytes({0xd0, 0}) + bytes({0x30, 8, 0, 3}) + "a/b" + bytes({2, 0x0b, 19});
  for (std::size_t step = 1; step <= input.size(); ++step) {
    Trial trial;
    std::string out;
    for (std::size_t at = 0; at < input.size(); at += step)
      REQUIRE(trial.rewriter.feed(std::string_view(input).substr(at, step), out));
    CHECK(out == expected);
    REQUIRE(trial.publishes.size() == 2);
    CHECK(trial.publishes[0].packet == 7);
    CHECK(trial.publishes[0].again);
    CHECK_FALSE(trial.publishes[1].again);
    CHECK(trial.sessions == std::vector<bool>{true});
  }
}

TEST_CASE("a message that is known already is not shown") {
  Trial trial;
  trial.number = 0;
  std::string out;
  REQUIRE(trial.rewriter.feed(publish(0x0a, "again") + publish(0, "new"), out));
  CHECK(out == publish(0, "new"));
}

TEST_CASE("what is not MQTT ends the stream, and noise harms nothing") {
  for (const auto& bad :
       {bytes({0x32, 0xff, 0xff, 0xff, 0xff, 1}), bytes({0x32, 4, 0, 3, 'a', 'b'}),
        bytes({0x32, 6, 0, 9, 'a', 'b', 'c', 'd'}), bytes({0x32, 6, 0, 1, 'a', 0, 7, 0x80})}) {
    Trial trial;
    std::string out;
    CHECK_FALSE(trial.rewriter.feed(bad, out));
  }
  std::mt19937 random(3);
  for (int i = 0; i < 20'000; ++i) {
    Trial trial;
    std::string noise(random() % 64, ' '), out;
    for (auto& c : noise) c = static_cast<char>(random());
    static_cast<void>(trial.rewriter.feed(noise, out));
    CHECK(out.size() <= noise.size() + 8 * (noise.size() / 5 + 1));
  }
}
