#pragma once
// A connection to D-Bus in the event loop: sd-bus does the protocol, this waits for its descriptor and clock.

#include <boost/asio/io_context.hpp>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <variant>

#include "hal/timers.hpp"
#include "protocol/error.hpp"

struct sd_bus;

namespace celeriac::hal::system {

/// A method takes so long at most: logind answers in milliseconds, polkit may have to be started first.
inline constexpr std::chrono::seconds bus_patience{10};

/// A method of an object of a service.
struct BusMethod {
  const char* service;    ///< "org.freedesktop.login1"
  const char* object;     ///< "/org/freedesktop/login1"
  const char* interface;  ///< "org.freedesktop.login1.Manager"
  const char* member;     ///< "PowerOff"
};
/// D-Bus types b and s.
using BusArgument = std::variant<bool, std::string>;

class Bus {
 public:
  /// The first string of the reply, "" where it has none.
  using Reply = std::move_only_function<void(protocol::Result<std::string>)>;

  /// The system's bus. Status::offline if there is none.
  static protocol::Result<std::unique_ptr<Bus>> system(boost::asio::io_context& io, Timers& timers);
  /// A peer at the other end of a socket, which becomes the bus's own.
  static protocol::Result<std::unique_ptr<Bus>> peer(boost::asio::io_context& io, Timers& timers, int socket);
  /// Closes it; calls that are unanswered are not answered any more.
  ~Bus();
  Bus(const Bus&) = delete;
  Bus& operator=(const Bus&) = delete;

  /// Calls a method; `reply` comes once, from the loop. Status::denied where the service or polkit refuses,
  /// Status::timeout after bus_patience, Status::offline where nobody serves it, Status::failed for the rest.
  void call(const BusMethod& method, std::initializer_list<BusArgument> arguments, Reply reply);

 private:
  struct Pending;
  class Loop;
  Bus(boost::asio::io_context& io, Timers& timers, sd_bus* bus);

  std::shared_ptr<Loop> loop_;
};

}  // namespace celeriac::hal::system
