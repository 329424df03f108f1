#pragma once
// What tests of the command line run against: a directory, a world that remembers what was printed, and
// daemons that are sessions in the same process, on the same io_context.

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "console/command_line.hpp"
#include "console/world.hpp"
#include "protocol/dispatcher.hpp"
#include "protocol/listener.hpp"
#include "protocol/registers.hpp"

namespace celeriac::console::test {

/// A directory that ends with the test.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// Writes a file into it, and returns its path.
  [[nodiscard]] std::string file(const std::string& name, std::string_view text) const;

 private:
  std::filesystem::path path_;
};

/// What a command printed, and its exit status.
struct Outcome {
  int status = -1;
  std::string out, err;
  /// Standard output as one document.
  [[nodiscard]] protocol::Json json() const { return protocol::Json::parse(out); }
  /// Standard output as one document a line.
  [[nodiscard]] std::vector<protocol::Json> json_lines() const;
};

/// Runs `celeriac` with these words in an environment of its own.
class CommandLine {
 public:
  explicit CommandLine(const TemporaryDirectory& directory) : directory_(directory) {}
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;
  /// A person at a terminal, who has typed this.
  void person_types(std::string_view text);
  Outcome operator()(std::vector<std::string> words);
  boost::asio::io_context io{1};
  std::map<std::string, std::string> environment;
  std::filesystem::path programs;
  std::filesystem::path service;  ///< where an installed service would have its sockets
  bool interactive = false;
  std::optional<int> input;  ///< what the person types into

 private:
  const TemporaryDirectory& directory_;
  int typed_ = -1;
};

/// Does something once, as soon as a condition holds: it is looked at again and again while the loop runs, so
/// that a slow machine is only slower.
class When {
 public:
  When(boost::asio::io_context& io, std::function<bool()> condition, std::function<void()> action);

 private:
  void look();

  boost::asio::steady_timer timer_;
  std::function<bool()> condition_;
  std::function<void()> action_;
};

/// A VM that keeps codes without looking into them, and processes that end when the test says so.
class FakeVm {
 public:
  FakeVm(boost::asio::io_context& io, const TemporaryDirectory& directory);

  protocol::Dispatcher dispatcher{protocol::Server::vm};
  protocol::Registers registers;
  std::vector<std::string> requests;           ///< long names in order, those of registers left out
  std::map<std::uint16_t, std::string> codes;  ///< sources by id
  protocol::Json started = nullptr;            ///< fields of the last PROC.START
  std::uint16_t started_code = 0;
  protocol::Json stat;                           ///< what PROC.STAT and PROC.LIST tell
  std::optional<protocol::Error> run_ends_with;  ///< how PROC.WAIT answers
  bool runs_for_ever = false;                    ///< PROC.WAIT stays open until PROC.KILL
  std::function<void()> on_run;

 private:
  void note(const protocol::Request& request) { requests.emplace_back(request.operation.long_name); }
  void serve_codes();
  void serve_processes();

  std::unique_ptr<protocol::Listener> listener_;
  std::map<std::uint16_t, std::pair<std::uint16_t, std::string>> buffers_;  // by channel: code and text
  std::uint16_t last_code_ = 0;
  std::vector<protocol::Responder> waiting_;
};

/// A hypervisor, or a VM that forwards to one: remembers the fields of SYS requests, and answers ok.
class FakeMachine {
 public:
  explicit FakeMachine(protocol::Dispatcher& dispatcher);
  std::vector<std::pair<std::string, protocol::Json>> requests;
  std::optional<protocol::Error> refuses;
  [[nodiscard]] bool was_asked(std::string_view operation) const {
    return std::ranges::contains(requests, operation, &std::pair<std::string, protocol::Json>::first);
  }
};

}  // namespace celeriac::console::test
