// GPIO lines at the command line, against a host in the same process.

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch_test_macros.hpp>
#include <thread>

#include "console/up/box_lines.hpp"
#include "tests/console/fake_host.hpp"

namespace celeriac::console {
namespace asio = boost::asio;
using protocol::Json;
using test::CommandLine;
using test::FakeMachine;
using test::FakeVm;
using test::TemporaryDirectory;
using test::When;

namespace {

struct Host {
  TemporaryDirectory directory;
  CommandLine celeriac{directory};
  FakeVm vm{celeriac.io, directory};
  FakeMachine machine{vm.dispatcher};

  Host() { lines(1, "slow", nullptr); }
  void lines(int lights, const char* blink, const Json& trouble) {
    vm.registers.publish("gpio", {{"button_3",
                                   {{"direction", "input"},
                                    {"role", "binding"},
                                    {"chip", nullptr},
                                    {"line", "GPIO26"},
                                    {"value", trouble.is_null() ? Json(0) : Json(nullptr)},
                                    {"trouble", trouble}}},
                                  {"lights",
                                   {{"direction", "output"},
                                    {"role", "plain"},
                                    {"chip", "pinctrl-bcm2711"},
                                    {"line", "GPIO23"},
                                    {"value", lights},
                                    {"blink", blink},
                                    {"trouble", nullptr}}}});
  }
};

}  // namespace

TEST_CASE("gpio lists the lines with what they are at, and what is wrong with them") {
  Host host;
  host.lines(1, "slow", "GPIO26 is taken by \"pigpio\".");
  CHECK(
      host.celeriac({"gpio"}).out ==
      "NAME      VALUE        DIRECTION  ROLE     LINE                       TROUBLE\n"
      "button_3  ?            input      binding  GPIO26                     GPIO26 is taken by \"pigpio\".\n"
      "lights    blinks slow  output     plain    GPIO23 of pinctrl-bcm2711  -\n");
  CHECK(host.celeriac({"gpio", "--json"}).json()["lights"]["blink"] == "slow");
  host.vm.registers.publish("gpio", Json::object());
  CHECK(host.celeriac({"gpio"}).out.contains("no GPIO lines"));
}

TEST_CASE("gpio set switches an output, or lets it blink") {
  Host host;
  const auto written = [&] { return host.machine.requests.back(); };
  CHECK(host.celeriac({"gpio", "set", "lights", "1"}).out == "lights is 1\n");
  CHECK(written() ==
        std::pair<std::string, Json>{"SYS.WRITE_LINE", {{"line", "lights"}, {"value", 1}, {"blink", 0}}});
  CHECK(host.celeriac({"gpio", "set", "lights", "fast"}).out == "lights blinks fast\n");
  CHECK(written().second == Json{{"line", "lights"}, {"value", 1}, {"blink", 2}});
  CHECK(host.celeriac({"gpio", "set", "lights", "0"}).status == 0);
  CHECK(written().second["value"] == 0);
  CHECK(host.celeriac({"gpio", "set", "lights", "loud"}).status == 2);
  CHECK(host.celeriac({"gpio", "sit", "lights", "1"}).err.contains("Did you mean \"set\"?"));
}

TEST_CASE("gpio watch shows the lines, and then what changes") {
  Host host;
  When watched(
      host.celeriac.io, [&] { return host.vm.registers.watched("gpio"); },
      [&] { host.lines(0, "off", nullptr); });
  const auto out = host.celeriac({"gpio", "watch", "--count", "3"}).out;
  CHECK(std::ranges::count(out, '\n') == 3);
  CHECK(out.contains("blinks slow"));
  CHECK(out.ends_with("lights                  0\n"));
}

TEST_CASE("gpio press is a hand on a simulated computer") {
  Host host;
  CHECK(host.celeriac({"gpio", "press", "button_3"}).err.contains("There is no simulated computer at"));

  asio::io_context io;
  asio::local::stream_protocol::acceptor acceptor(
      io, asio::local::stream_protocol::endpoint((host.directory.path() / "gpio.sock").string()));
  std::vector<std::string> heard;
  const auto serve = [&](std::string answer) {
    return std::jthread([&, answer = std::move(answer)] {
      auto socket = acceptor.accept();
      std::string buffer;
      boost::system::error_code over;
      while (true) {
        const auto size = asio::read_until(socket, asio::dynamic_buffer(buffer), '\n', over);
        if (over) return;
        heard.push_back(buffer.substr(0, size - 1));
        buffer.erase(0, size);
        asio::write(socket, asio::buffer(answer + "\n"));
      }
    });
  };
  {
    const auto hands = serve("ok");
    CHECK(host.celeriac({"gpio", "press", "button_3", "--for", "0.01"}).out ==
          "button_3 was pressed for 0.01 s\n");
  }
  CHECK(heard == std::vector<std::string>{"press button_3", "release button_3"});
  const auto hands = serve("error: There is no line x.");
  CHECK(host.celeriac({"gpio", "press", "x"}).err.contains("There is no line x."));
}

TEST_CASE("a simulated host has the lines of FarmBot's box") {
  CHECK(Json::parse(box_lines())["lines"].contains("estop_button"));
}

}  // namespace celeriac::console
