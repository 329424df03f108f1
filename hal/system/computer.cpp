#include "hal/system/computer.hpp"

#include <boost/asio/post.hpp>
#include <format>

#include "hal/system/logind.hpp"

namespace celeriac::hal::system {
namespace {

namespace asio = boost::asio;
using protocol::Result;
using protocol::Status;

constexpr std::string_view participles[] = {"switched off", "restarted"};
constexpr std::string_view words[] = {"off", "down_and_up"};

/// A hypervisor that was not told which computer it may switch off.
class NoComputer final : public Computer {
 public:
  explicit NoComputer(asio::io_context& io) : io_(io) {}
  void may_go(Going going, Completion completion) override {
    refuse(participle(going), std::move(completion));
  }
  void go(Going going, Completion completion) override { refuse(participle(going), std::move(completion)); }
  void restart_service(std::string_view, Completion completion) override {
    refuse("asked to restart a service", std::move(completion));
  }
  [[nodiscard]] Duration gone_within() const override { return Duration(0); }

 private:
  void refuse(std::string_view what, Completion completion) {
    asio::post(io_, [what, completion = std::move(completion)]() mutable {
      completion(protocol::fail(
          Status::offline, std::format("The computer is not {}: this hypervisor runs with --computer none. "
                                       "As a service it has --computer real.",
                                       what)));
    });
  }
  asio::io_context& io_;
};

}  // namespace

std::string_view participle(Going going) noexcept {
  return participles[static_cast<std::size_t>(going)];
}

void SimulatedComputer::may_go(Going, Completion completion) {
  asio::post(io_, [completion = std::move(completion)]() mutable { completion({}); });
}

void SimulatedComputer::go(Going going, Completion completion) {
  asked.emplace_back(words[static_cast<std::size_t>(going)]);
  say_(std::format("The simulated computer is {}. This machine stays as it is, and the bot goes on.",
                   participle(going)));
  asio::post(io_, [completion = std::move(completion)]() mutable { completion({}); });
}

void SimulatedComputer::restart_service(std::string_view service, Completion completion) {
  asked.push_back(std::format("restart {}", service));
  say_(std::format("The simulated computer restarts {}: nothing happens here.", service));
  asio::post(io_, [completion = std::move(completion)]() mutable { completion({}); });
}

Result<std::unique_ptr<Computer>> make_computer(asio::io_context& io, Timers& timers, const std::string& kind,
                                                SimulatedComputer::Say say) {
  if (kind == "real") return std::make_unique<Logind>(io, [&io, &timers] { return Bus::system(io, timers); });
  if (kind == "simulated") return std::make_unique<SimulatedComputer>(io, std::move(say));
  if (kind == "none") return std::make_unique<NoComputer>(io);
  return protocol::fail(
      Status::malformed,
      std::format("--computer takes real, simulated or none, and not \"{}\".", kind.substr(0, 60)));
}

}  // namespace celeriac::hal::system
