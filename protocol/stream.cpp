#include "protocol/stream.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace celeriac::protocol {

Stream Stream::of_socket(boost::asio::io_context& io, int descriptor) {
  auto both = std::make_shared<boost::asio::posix::stream_descriptor>(io, descriptor);
  return {both, both};
}

Stream Stream::of_stdio(boost::asio::io_context& io) {
  std::signal(SIGPIPE, SIG_IGN);
  Stream made{std::make_shared<boost::asio::posix::stream_descriptor>(io, ::dup(STDIN_FILENO)),
              std::make_shared<boost::asio::posix::stream_descriptor>(io, ::dup(STDOUT_FILENO))};
  made.output->non_blocking(true);
  return made;
}

std::expected<std::size_t, boost::system::error_code> Stream::write_some(std::string_view bytes) const {
  const int descriptor = output->native_handle();
  for (;;) {
    ssize_t taken = ::send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (taken < 0 && errno == ENOTSOCK) taken = ::write(descriptor, bytes.data(), bytes.size());
    if (taken >= 0) return static_cast<std::size_t>(taken);
    if (errno == EAGAIN || errno == EWOULDBLOCK) return 0;
    if (errno != EINTR)
      return std::unexpected(boost::system::error_code(errno, boost::system::system_category()));
  }
}

}  // namespace celeriac::protocol
