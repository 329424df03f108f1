#pragma once
// The console's end of a stream: one call and its answer, or a register and its changes.

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "protocol/dispatcher.hpp"
#include "protocol/error.hpp"
#include "protocol/operations.hpp"
#include "protocol/session.hpp"

namespace celeriac::console {

/// A daemon, and where it listens.
struct Target {
  std::string who;                    ///< "the VM", "the hypervisor"; for sentences
  std::filesystem::path socket = {};  ///< its unix socket; empty: TCP
  std::string host = {};
  std::uint16_t port = 0;
  std::string token = {};  ///< secret of the TCP listener

  /// "/tmp/celeriac-0/vm.sock", "192.168.0.7:9000".
  [[nodiscard]] std::string place() const;
};

/// `Error::code` of what the console itself has to say. No daemon sends these.
inline constexpr const char* unreachable_code = "unreachable";  ///< nobody listens, or the stream ended
inline constexpr const char* interrupted_code = "interrupted";  ///< Ctrl-C, or SIGTERM

/// How long an answer that needs no motor may take.
inline constexpr std::chrono::seconds prompt_answer{10};
/// For answers that come when the work is done: a move, the end of a process. Ctrl-C ends the wait.
inline constexpr std::chrono::hours patient_answer{24 * 7};

/// How long the answer to an operation may take, by what the table says of it.
std::chrono::seconds patience(const protocol::Operation& operation);

/// One stream to a daemon. Awaits end with the error `interrupted` when the coroutine is cancelled.
class Client {
 public:
  using Changed = std::function<void(const protocol::Json& value, std::int64_t time_ms)>;

  /// Connects and says HELLO; over TCP with the token, and waits for the answer to it. The error of a daemon
  /// that is not there names its place and what to try.
  static boost::asio::awaitable<protocol::Result<std::unique_ptr<Client>>> connect(
      boost::asio::io_context& io, Target target);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Sends a request made of fields (see protocol::encode) and awaits its answer; a status other than ok is
  /// an error.
  boost::asio::awaitable<protocol::Result<protocol::Reply>> call(
      const protocol::Operation& operation, const protocol::Json& fields = protocol::Json::object());
  /// The same with a payload that is ready, and a patience of the caller's.
  boost::asio::awaitable<protocol::Result<protocol::Reply>> send(const protocol::Operation& operation,
                                                                 std::string payload,
                                                                 std::chrono::milliseconds patience);
  /// The same on one channel: what the contract binds to it follows each other there. `channel` is 0 at
  /// first, and then the channel that was chosen, from when the request has been sent.
  boost::asio::awaitable<protocol::Result<protocol::Reply>> send_on(
      protocol::Channel& channel, const protocol::Operation& operation, std::string payload,
      std::chrono::milliseconds patience = prompt_answer);
  /// The same on channel 0, in front of everything.
  boost::asio::awaitable<protocol::Result<protocol::Reply>> send_urgent(const protocol::Operation& operation,
                                                                        std::chrono::milliseconds patience);
  /// A call whose answer is a document.
  boost::asio::awaitable<protocol::Result<protocol::Json>> ask(
      const protocol::Operation& operation, const protocol::Json& fields = protocol::Json::object());

  /// The present value of a register.
  boost::asio::awaitable<protocol::Result<protocol::Json>> read(const std::string& name);
  /// Calls `changed` for every change of a register, until the client ends.
  boost::asio::awaitable<protocol::Result<void>> watch(const std::string& name, Changed changed);

  /// Ends the watch of a register; one that is not watched is no error.
  boost::asio::awaitable<void> unwatch(const std::string& name);

  /// Waits until the stream ends, and says so as an error; or `interrupted`. Ends also when `enough` says so,
  /// which is asked after each change of a watched register.
  boost::asio::awaitable<protocol::Error> ended(std::function<bool()> enough);

  [[nodiscard]] const Target& target() const noexcept { return target_; }

 private:
  explicit Client(Target target);
  using Send = std::function<void(protocol::Session& session, protocol::Session::Completion completion)>;
  boost::asio::awaitable<protocol::Result<protocol::Reply>> exchange(const protocol::Operation& operation,
                                                                     Send send,
                                                                     std::chrono::milliseconds patience);
  boost::asio::awaitable<protocol::Result<std::uint16_t>> open(const std::string& name);
  [[nodiscard]] protocol::Error lost() const;

  /// What the session calls back into; the session holds it until its stream has ended.
  struct Inbound;

  Target target_;
  std::shared_ptr<Inbound> inbound_;
  std::shared_ptr<protocol::Session> session_;
};

/// The sentence of somebody who is not there.
protocol::Error nobody_answers(const Target& target);

}  // namespace celeriac::console
