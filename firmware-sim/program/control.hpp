#pragma once
// A unix socket for the hands of a tester: one command a line, one line of answer.
//
//   place x 120 | press x min | release x min | soil 100 200 700 | litres 100 200 | state
//   plant 100 200 50 lettuce | slot 50 100 -150 +x nozzle | scene
//   any line of a fault file; a fault without a time happens at once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <cstddef>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "firmware-sim/twin.hpp"

namespace celeriac::firmware_sim {

/// Does what a line says and returns the answer without its line end: `ok`, `error: sentence`, or what was
/// asked for. The twin has been advanced to `now`.
[[nodiscard]] std::string control(Twin& twin, std::string_view line, Instant now);

class ControlSocket {
 public:
  static constexpr std::size_t max_line = 1'024;
  static constexpr std::size_t max_clients = 16;

  using Answer = std::function<std::string(std::string_view line)>;

  /// Listens on `path`; a socket that nobody serves any more is replaced, anything else there is an error,
  /// told as a sentence. `answer` is called from the loop.
  [[nodiscard]] static std::expected<std::unique_ptr<ControlSocket>, std::string> open(
      const boost::asio::any_io_executor& executor, const std::filesystem::path& path, Answer answer);
  ~ControlSocket();
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

  void start();
  void stop();

 private:
  using Protocol = boost::asio::local::stream_protocol;
  struct Shared;

  ControlSocket(std::shared_ptr<Shared> shared, std::filesystem::path path);
  static boost::asio::awaitable<void> accept(std::shared_ptr<Shared> shared);
  static boost::asio::awaitable<void> serve(std::shared_ptr<Shared> shared,
                                            std::shared_ptr<Protocol::socket> client);

  std::shared_ptr<Shared> shared_;
  std::filesystem::path path_;
};

}  // namespace celeriac::firmware_sim
