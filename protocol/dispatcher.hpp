#pragma once
// From a request frame to the function that serves it, by the operation table.

#include <functional>
#include <string>
#include <vector>

#include "protocol/frame.hpp"
#include "protocol/operations.hpp"
#include "protocol/payload.hpp"
#include "protocol/session.hpp"

namespace celeriac::protocol {

/// A request on its way through a service.
struct Request {
  const Operation& operation;
  Arguments arguments;       ///< empty for raw handlers
  std::string_view payload;  ///< as received; valid only while the handler runs
  Channel channel;
  std::shared_ptr<Session> session;
};

class Dispatcher {
 public:
  using Handler = std::function<void(Request& request, Responder responder)>;

  /// `server` is who we are: vm or hypervisor. Serves SYS.HELLO itself. A non-empty token is what HELLO over
  /// TCP must bring.
  explicit Dispatcher(Server server, std::string token = {});

  /// Serves an operation: the payload is decoded before, and what does not decode never arrives.
  void on(const Operation& operation, Handler handler);
  /// Serves every operation that the other daemon has and this one does not; the payload is not looked at.
  void forward(Handler handler);

  /// Who looks on: gets each request of a client, and each answer to one, as they pass.
  struct Tap {
    std::function<void(Session& session, const RequestFrame& request)> request;
    std::function<void(Session& session, const ResponseFrame& response)> response;
  };
  void tap(Tap tap) { tap_ = std::move(tap); }
  [[nodiscard]] const Tap& tap() const noexcept { return tap_; }

  /// Answers the request, now or through the responder later.
  void dispatch(const std::shared_ptr<Session>& session, const RequestFrame& frame) const;

 private:
  void hello(Request& request, Responder responder) const;

  Server server_;
  std::string token_;
  std::vector<Handler> handlers_;  // by index_of(operation)
  Handler forward_;
  Tap tap_;
};

}  // namespace celeriac::protocol
