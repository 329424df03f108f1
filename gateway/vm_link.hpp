#pragma once
// The gateway's connection to the VM, and its processes there.
//
//   down ──connected, all processes open──► up ──the stream ends, or a process cannot receive──► down
//     └──refused: again after 50 ms, doubling to 5 s──┘
//
// Each process has one MESSAGE.RECEIVE outstanding. An item's blob is read before the next item is asked for,
// for `blob: 0` is the blob of the item received last; that is also why ask() sends with a context and waits
// for the item that brings it back, instead of using MESSAGE.AWAIT.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "protocol/envelope.hpp"
#include "protocol/session.hpp"

namespace celeriac::gateway {

/// Bytes of a blob that is read; a longer one is not, and its item says so.
inline constexpr std::size_t max_blob_read = std::size_t{16} * 1024 * 1024;
/// Messages of one process that wait for their response.
inline constexpr std::size_t max_waiting = 1000;
/// How long the VM may take beyond a message's own deadline, before we believe that it has forgotten it.
inline constexpr std::chrono::seconds vm_grace{10};
/// Between two attempts to reach the VM: at first, and at last.
inline constexpr std::chrono::milliseconds first_retry{50}, last_retry{5000};

/// An item, with its blob.
struct Incoming : protocol::Item {
  std::string blob_bytes;     ///< all of it; "" if there is none
  bool blob_missing = false;  ///< it has one that was not read: too long
};

/// A process of the gateway's on the VM.
class VmProcess : public std::enable_shared_from_this<VmProcess> {
 public:
  struct Identity {
    std::string name;       ///< process:package:publisher
    std::string path = {};  ///< a second name; "" for none
  };
  /// Gets every request, in order.
  using Handler = std::function<void(Incoming request)>;

  VmProcess(boost::asio::io_context& io, Identity identity, Handler handler);

  /// Sends a message that expects a response, and waits for the item that is the response, or the error.
  /// `body` and `blob_bytes` may have any length. offline: the VM is not there, or went away meanwhile;
  /// overloaded: too many wait; timeout: the VM has forgotten it.
  boost::asio::awaitable<protocol::Result<Incoming>> ask(protocol::Outgoing message);
  /// Sends a message that expects none.
  boost::asio::awaitable<protocol::Result<void>> tell(protocol::Outgoing message);
  /// Responds to a request; does nothing if nobody waits for it.
  boost::asio::awaitable<protocol::Result<void>> respond(const protocol::Item& request,
                                                         protocol::Outgoing response);

  [[nodiscard]] bool up() const noexcept { return session_ != nullptr; }
  [[nodiscard]] const Identity& identity() const noexcept { return identity_; }
  [[nodiscard]] boost::asio::io_context& io() noexcept { return io_; }

 private:
  friend class VmLink;
  struct Waiter;
  using SessionPointer = std::shared_ptr<protocol::Session>;

  void opened(SessionPointer session, std::uint16_t id);
  void lost();
  /// Receives until the stream ends.
  boost::asio::awaitable<void> receive(SessionPointer session);
  boost::asio::awaitable<protocol::Result<std::string>> read_blob(protocol::Session& session,
                                                                  std::uint64_t size);
  boost::asio::awaitable<protocol::Result<std::uint16_t>> write_blob(protocol::Session& session,
                                                                     std::string_view bytes);
  boost::asio::awaitable<protocol::Result<void>> post(const protocol::Operation& operation,
                                                      protocol::Outgoing message);
  void deliver(Incoming item);

  boost::asio::io_context& io_;
  Identity identity_;
  Handler handler_;
  SessionPointer session_;
  std::uint16_t id_ = 0;
  std::uint64_t next_context_ = 1;
  std::map<std::string, Waiter*> waiting_;
};

class VmLink : public std::enable_shared_from_this<VmLink> {
 public:
  VmLink(boost::asio::io_context& io, std::filesystem::path socket);

  /// Adds a process, before start().
  std::shared_ptr<VmProcess> add(VmProcess::Identity identity, VmProcess::Handler handler);
  /// Called each time that all processes are open.
  void on_up(std::function<void()> handler);
  /// Connects, and stays connected until stop().
  void start();
  void stop();
  [[nodiscard]] bool up() const noexcept { return up_; }

 private:
  boost::asio::awaitable<void> run();
  boost::asio::awaitable<protocol::Result<void>> open(const std::shared_ptr<protocol::Session>& session);

  boost::asio::io_context& io_;
  std::filesystem::path socket_;
  std::vector<std::shared_ptr<VmProcess>> processes_;
  std::vector<std::function<void()>> up_handlers_;
  std::shared_ptr<protocol::Session> session_;
  boost::asio::steady_timer timer_;
  bool up_ = false, stopped_ = false;
};

}  // namespace celeriac::gateway
