// The whole hypervisor in real time: a client on a unix socket at one end, the simulator on a pseudo terminal
// at the other.

#include <boost/asio/post.hpp>
#include <catch2/catch_test_macros.hpp>

#include "bench.hpp"
#include "firmware-sim/program/simulation.hpp"
#include "hal/firmware/descriptor_port.hpp"
#include "hal/service.hpp"
#include "protocol/listener.hpp"
#include "simulated_board.hpp"

namespace celeriac::hal::testing {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using protocol::Json;
using protocol::Status;

constexpr double speed = 20;
/// What takes a second at most is waited for this long: the machine may be busy.
constexpr auto patience = 40s;

struct House {
  House() {
    board = simulator();
    registers.install(dispatcher);
    install(dispatcher, hypervisor);
    auto made = protocol::Listener::on_unix(io, folder.path() / "hal.sock", dispatcher);
    REQUIRE(made);
    listener = std::move(*made);
    REQUIRE(hypervisor.start());
    client = connect();
  }
  ~House() {
    client->close();
    hypervisor.stop();
    if (board) board->stop();
    io.run_for(50ms);
  }

  std::unique_ptr<firmware_sim::Simulation> simulator() {
    auto terminal = firmware_sim::PseudoTerminal::open(folder.path() / "board");
    REQUIRE(terminal);
    auto made = std::make_unique<firmware_sim::Simulation>(
        io.get_executor(), std::move(*terminal),
        firmware_sim::SimulationOptions{.board = garden(), .speed = speed, .reset_on_open = true},
        firmware_sim::SimulationLog{});
    made->start();
    return made;
  }

  std::shared_ptr<protocol::Session> connect() {
    auto session = protocol::connect_unix(io, folder.path() / "hal.sock", nullptr);
    REQUIRE(session);
    return *session;
  }

  bool until(const std::function<bool()>& done) {
    const auto end = Clock::now() + patience;
    while (!done() && Clock::now() < end) io.run_one_for(10ms);
    return done();
  }

  bool until_state(firmware::LinkState state) {
    return until([&] { return hypervisor.link().state() == state; });
  }

  using Answer = std::shared_ptr<std::optional<protocol::Reply>>;
  Answer start(const char* name, const Json& fields = Json::object(),
               std::shared_ptr<protocol::Session> session = {}) {
    const auto* operation = protocol::find_operation(name);
    auto answer = std::make_shared<std::optional<protocol::Reply>>();
    (session ? session : client)
        ->request(*operation, protocol::encode(*operation, fields).value(),
                  [answer](protocol::Reply reply) { *answer = std::move(reply); });
    return answer;
  }
  protocol::Reply call(const char* name, const Json& fields = Json::object()) {
    const auto answer = start(name, fields);
    REQUIRE(until([&] { return answer->has_value(); }));
    return **answer;
  }

  asio::io_context io{1};
  AsioTimers timers{io};
  Folder folder;
  std::shared_ptr<std::vector<std::string>> log = Bench::capture_log();
  std::unique_ptr<firmware_sim::Simulation> board;
  std::unique_ptr<firmware::PortOpener> opener = firmware::make_opener(io, folder.path() / "board");
  protocol::Registers registers;
  protocol::Dispatcher dispatcher{protocol::Server::hypervisor};
  Hypervisor hypervisor{io,
                        timers,
                        *opener,
                        registers,
                        [this](std::move_only_function<void()> job, std::move_only_function<void()> done) {
                          job();
                          asio::post(io, std::move(done));
                        },
                        {.dir = folder.path(), .initial_parameters = garden_parameters()}};
  std::unique_ptr<protocol::Listener> listener;
  std::shared_ptr<protocol::Session> client;
};

std::uint16_t number(Status status) {
  return static_cast<std::uint16_t>(status);
}

TEST_CASE("a client moves the bot over a socket and a pseudo terminal") {
  House house;
  REQUIRE(house.until_state(firmware::LinkState::ready));
  CHECK(house.call("SYS.MOVE_ABSOLUTE", {{"x", 20}, {"y", 10}, {"z", -4}}).ok());
  const auto status = house.call("SYS.READ_STATUS");
  CHECK(status.value == 1);
  const auto tree = status.document();
  REQUIRE(tree);
  CHECK((*tree)["position"] == Json{{"x", 20.0}, {"y", 10.0}, {"z", -4.0}});
  CHECK((*tree)["firmware"]["state"] == "ready");
  CHECK(house.call("SYS.WRITE_PIN", {{"pin", 8}, {"value", 1}, {"mode", 0}}).ok());
  CHECK(house.call("SYS.READ_PIN", {{"pin", 59}, {"mode", 1}}).value == 512);
}

TEST_CASE("registers of pins and parameters can be opened, and others not") {
  House house;
  REQUIRE(house.until_state(firmware::LinkState::ready));
  for (const auto* name :
       {"pins.8", "pins.69", "config.movement_max_spd_x", "config.safe_height", "status", "position"}) {
    const auto opened = house.call("REGISTER.NEW", {{"name", name}});
    INFO(name);
    CHECK(opened.ok());
    CHECK(house.call("REGISTER.READ", {{"id", opened.value}}).ok());
  }
  for (const auto* name : {"pins.70", "pins.", "config.nothing", "nonsense"})
    CHECK(house.call("REGISTER.NEW", {{"name", name}}).status == number(Status::not_found));
}

TEST_CASE("an emergency stop of one client ends the move of another") {
  House house;
  REQUIRE(house.until_state(firmware::LinkState::ready));
  const auto move = house.start("SYS.MOVE_ABSOLUTE", {{"x", 2000}, {"y", 0}, {"z", 0}});
  REQUIRE(house.until([&] { return house.hypervisor.link().board().position_mm[Axis::x].value_or(0) > 5; }));
  const auto other = house.connect();
  auto stopped = std::make_shared<std::optional<protocol::Reply>>();
  other->request_urgent(*protocol::find_operation("SYS.EMERGENCY_LOCK"), "",
                        [stopped](protocol::Reply reply) { *stopped = std::move(reply); });
  REQUIRE(house.until([&] { return stopped->has_value() && move->has_value(); }));
  CHECK((*stopped)->ok());
  CHECK((*move)->status == number(Status::locked));
  CHECK((*move)->error().message.find("unlock") != std::string::npos);
  CHECK(house.call("SYS.EMERGENCY_UNLOCK").ok());
  CHECK(house.call("SYS.HOME", {{"axis", 0}}).ok());
  other->close();
}

TEST_CASE("a client that goes away leaves a machine that stands still, and serves others") {
  House house;
  REQUIRE(house.until_state(firmware::LinkState::ready));
  const auto other = house.connect();
  house.start("SYS.MOVE_ABSOLUTE", {{"x", 2000}, {"y", 0}, {"z", 0}}, other);
  REQUIRE(house.until([&] { return house.hypervisor.link().moving(); }));
  other->close();
  REQUIRE(house.until([&] { return !house.hypervisor.link().moving(); }));
  CHECK(house.call("SYS.HOME", {{"axis", 0}}).ok());
}

TEST_CASE("a simulator that goes and comes is found again") {
  House house;
  REQUIRE(house.until_state(firmware::LinkState::ready));
  house.board->stop();
  house.io.run_for(20ms);
  house.board.reset();
  REQUIRE(house.until_state(firmware::LinkState::closed));
  CHECK(house.call("SYS.HOME", {{"axis", 0}}).status == number(Status::offline));
  house.board = house.simulator();
  REQUIRE(house.until_state(firmware::LinkState::ready));
  CHECK(house.call("SYS.HOME", {{"axis", 0}}).ok());
}

}  // namespace
}  // namespace celeriac::hal::testing
