// A program that serves the protocol on standard input and output: SYS.READ_PIN answers ten times the pin.

#include <boost/asio/io_context.hpp>

#include "protocol/dispatcher.hpp"
#include "protocol/listener.hpp"

int main() {
  using namespace celeriac::protocol;
  using namespace celeriac::protocol::literals;
  boost::asio::io_context io{1};
  Dispatcher dispatcher(Server::hypervisor);
  dispatcher.on("SYS.READ_PIN"_op, [](Request& request, Responder responder) {
    responder.ok(static_cast<std::uint16_t>(request.arguments.integer("pin") * 10));
  });
  dispatcher.on("SYS.READ_STATUS"_op, [](Request&, Responder responder) {
    responder.document({{"text", std::string(500'000, 'x')}});
  });
  serve_stdio(io, dispatcher);
  io.run();
}
