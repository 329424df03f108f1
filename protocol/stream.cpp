#include "protocol/stream.hpp"

#include <unistd.h>

namespace celeriac::protocol {

Stream Stream::of_socket(boost::asio::io_context& io, int descriptor) {
  auto both = std::make_shared<boost::asio::posix::stream_descriptor>(io, descriptor);
  return {both, both};
}

Stream Stream::of_stdio(boost::asio::io_context& io) {
  return {std::make_shared<boost::asio::posix::stream_descriptor>(io, ::dup(STDIN_FILENO)),
          std::make_shared<boost::asio::posix::stream_descriptor>(io, ::dup(STDOUT_FILENO))};
}

}  // namespace celeriac::protocol
