#pragma once
// A unix socket for the hands of a tester: one command a line, one line of answer.

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "protocol/error.hpp"

namespace celeriac::hal::gpio {

class ControlSocket {
 public:
  static constexpr std::size_t max_line = 256;
  static constexpr std::size_t max_clients = 16;
  using Answer = std::function<std::string(std::string_view line)>;

  /// Listens on `path`, in the place of a socket that an earlier host left behind. Status::failed with a
  /// sentence. `answer` is called from the loop.
  static protocol::Result<std::unique_ptr<ControlSocket>> open(boost::asio::io_context& io,
                                                               std::filesystem::path path, Answer answer);
  ~ControlSocket();
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

 private:
  struct State;
  explicit ControlSocket(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

}  // namespace celeriac::hal::gpio
