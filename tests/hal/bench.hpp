#pragma once
// A whole hypervisor without sockets, at a port of memory, on virtual time.

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "board.hpp"
#include "hal/hypervisor.hpp"
#include "hal/recording/recording.hpp"
#include "virtual_time.hpp"

namespace celeriac::hal::testing {

/// A request that was made; `outcome` is there when it is answered.
struct Call {
  std::shared_ptr<std::optional<Outcome>> outcome = std::make_shared<std::optional<Outcome>>();

  [[nodiscard]] bool answered() const { return outcome->has_value(); }
  [[nodiscard]] bool ok() const { return answered() && (*outcome)->has_value(); }
  [[nodiscard]] protocol::Status status() const {
    return !answered() ? protocol::Status::internal
           : ok()      ? protocol::Status::ok
                       : (*outcome)->error().status;
  }
  [[nodiscard]] std::string message() const { return answered() && !ok() ? (*outcome)->error().message : ""; }
  [[nodiscard]] const Done& done() const { return (*outcome)->value(); }
};

/// A folder that is gone after the test.
class Folder {
 public:
  Folder();
  ~Folder();
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class Bench final : private firmware::PortOpener {
 public:
  /// `recorded`: with a recording, which is written to the folder at once.
  explicit Bench(BoardDouble& board, protocol::Json parameters = protocol::Json::object(),
                 std::filesystem::path dir = {}, bool recorded = false);
  ~Bench() override;

  /// Lets everything happen until `done`, at most `limit` of virtual time. False if time ran out.
  bool run_until(const std::function<bool()>& done, Duration limit = std::chrono::minutes(20));
  void run_for(Duration time);
  bool run_until_ready() {
    return run_until([&] { return hypervisor.link().state() == firmware::LinkState::ready; },
                     std::chrono::minutes(1));
  }

  /// Makes a request: "SYS.HOME", {{"axis", 0}}.
  Call start(const std::string& operation, const protocol::Json& fields = protocol::Json::object(),
             Owner owner = {1, {}});
  /// The same, and waits for its answer.
  Call call(const std::string& operation, const protocol::Json& fields = protocol::Json::object(),
            Owner owner = {1, {}});

  [[nodiscard]] Instant now() const { return timers.now(); }
  /// From now on log lines go into this.
  static std::shared_ptr<std::vector<std::string>> capture_log();
  /// True if something was logged with this in it.
  [[nodiscard]] bool logged(std::string_view part) const;

  /// Takes the port away, and gives it back.
  void unplug();
  void plug() { plugged_ = true; }
  /// Bytes that the host has written, and when each write was.
  std::vector<std::pair<Instant, std::string>> wire;
  /// How often the port was opened.
  int openings = 0;
  /// Bytes that "the system" still holds.
  std::size_t unsent = 0;

  boost::asio::io_context io{1};
  VirtualTimers timers{io};
  BoardDouble& board;
  protocol::Registers registers;
  Folder folder;
  std::shared_ptr<std::vector<std::string>> log = capture_log();
  /// Jobs are done at once, completions come from the loop.
  settings::Background background;
  std::unique_ptr<recording::Recording> recording;
  Hypervisor hypervisor;

 private:
  class Port;
  protocol::Result<std::unique_ptr<firmware::SerialPort>> open() override;
  [[nodiscard]] std::string port_name() const override { return "memory"; }
  bool step();

  Port* port_ = nullptr;
  bool plugged_ = true;
};

}  // namespace celeriac::hal::testing
