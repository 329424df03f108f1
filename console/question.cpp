#include "console/question.hpp"

#include <unistd.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <ostream>

namespace celeriac::console {
namespace asio = boost::asio;
using protocol::Error;
using protocol::Result;
using protocol::Status;

bool can_ask(Context& context) {
  return context.world().input && context.world().terminal.interactive && !context.json();
}

asio::awaitable<Result<bool>> ask_person(Context& context, std::string_view question) {
  World& world = context.world();
  world.out << question << " [y/N] " << std::flush;
  asio::posix::stream_descriptor input(world.io);
  const int descriptor = world.input ? ::dup(*world.input) : -1;
  boost::system::error_code failed;
  if (descriptor >= 0) input.assign(descriptor, failed);
  if (descriptor < 0 || failed) {  // a file: nobody types into it
    if (descriptor >= 0) ::close(descriptor);
    co_return false;
  }
  std::array<char, 256> line{};
  const auto [error, size] =
      co_await input.async_read_some(asio::buffer(line), asio::as_tuple(asio::use_awaitable));
  if (error == asio::error::operation_aborted)
    co_return std::unexpected(
        Error{.status = Status::cancelled, .message = "Interrupted.", .code = interrupted_code});
  co_return size > 0 && (line[0] == 'y' || line[0] == 'Y');
}

}  // namespace celeriac::console
