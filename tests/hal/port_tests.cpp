// A port that is a descriptor: what comes after silence wakes the hypervisor twice, not once for each line.

#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "hal/firmware/descriptor_port.hpp"

namespace celeriac::hal::testing {
namespace {

using namespace std::chrono_literals;

/// A port whose board is the test.
class Line {
 public:
  Line() {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
    board_ = ends[1];
    port = firmware::make_descriptor_port(io, ends[0], {});
    port->start(
        [this](std::string_view bytes) {
          came.emplace_back(bytes);
          if (on_bytes) on_bytes();
        },
        [](const std::string&) {});
  }
  ~Line() { ::close(board_); }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  void say(std::string_view bytes) { REQUIRE(::write(board_, bytes.data(), bytes.size()) > 0); }
  void run(std::size_t pieces) {
    for (const auto end = std::chrono::steady_clock::now() + 5s; came.size() < pieces;) {
      REQUIRE(std::chrono::steady_clock::now() < end);
      io.run_one_for(100ms);
    }
  }

  boost::asio::io_context io;
  std::unique_ptr<firmware::SerialPort> port;
  std::vector<std::string> came;
  std::function<void()> on_bytes;

 private:
  int board_;
};

TEST_CASE("after silence the first bytes of a board come at once and the rest together", "[port]") {
  Line line;
  line.say("R00 Q0\r\n");
  line.run(1);
  line.say("R82 X0 Y0 Z0 Q0\r\n");
  line.io.run_one_for(1ms);
  line.say("R84 X0 Y0 Z0 Q0\r\n");
  line.run(2);
  CHECK(line.came == std::vector<std::string>{"R00 Q0\r\n", "R82 X0 Y0 Z0 Q0\r\nR84 X0 Y0 Z0 Q0\r\n"});
}

TEST_CASE("while a board and its host talk, each line comes at once", "[port]") {
  Line line;
  line.port->write("F83 Q1\r\n");
  line.say("R08 F83 Q1\r\n");
  line.run(1);
  line.say("R01 Q1\r\n");
  line.run(2);
  line.say("R02 Q1\r\n");
  line.run(3);
  CHECK(line.came.size() == 3);
}

TEST_CASE("who writes does not wait for the rest of what a silent board began to say", "[port]") {
  Line line;
  line.on_bytes = [&] { line.port->write("F83 Q1\r\n"); };
  line.say("R00 Q0\r\n");
  line.run(1);
  line.on_bytes = nullptr;
  line.say("R08 F83 Q1\r\n");
  line.run(2);
  line.say("R01 Q1\r\n");
  line.run(3);
  CHECK(line.came.size() == 3);
}

}  // namespace
}  // namespace celeriac::hal::testing
