#pragma once
// Programs that belong together: started in order, each when the one before is ready; if one ends, all end.
//
//   start ──"ready"──► running ──(a death)──► first_death(): the caller stops the rest
//     └──(death, or too late)──► an error that says which and why

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "console/up/child.hpp"
#include "protocol/error.hpp"

namespace celeriac::console {

class Supervisor {
 public:
  /// Receives every line that a program writes, but for its first "ready …".
  using Log = std::function<void(const std::string& name, std::string_view line)>;

  Supervisor(boost::asio::io_context& io, Log log);
  ~Supervisor();

  /// Starts a program and waits until it has written a line that begins with "ready".
  boost::asio::awaitable<protocol::Result<void>> start(ChildSpec spec, std::chrono::seconds patience);

  /// What became of a program that has ended though nobody asked it to; nullopt while all run.
  [[nodiscard]] std::optional<protocol::Error> death() const;
  /// Lets time pass: ends early with the error of a death, or `interrupted`.
  boost::asio::awaitable<protocol::Result<void>> pass(std::chrono::milliseconds time);
  /// Waits for a death, or `interrupted`.
  boost::asio::awaitable<protocol::Error> first_death();

  /// Ends all, the youngest first: SIGTERM, and SIGKILL for one that has not ended within `grace`.
  boost::asio::awaitable<void> stop(std::chrono::seconds grace);

 private:
  struct Member;
  enum class Woken : std::uint8_t { event, late, interrupted };
  boost::asio::awaitable<Woken> wait_until(std::function<bool()> met, std::chrono::milliseconds patience);
  void woke();

  boost::asio::io_context& io_;
  Log log_;
  std::vector<std::unique_ptr<Member>> crew_;
  boost::asio::steady_timer wake_;
  std::uint64_t events_ = 0;  // lines "ready" and ends seen
};

/// A program of ours: beside this program, else on PATH. Status::not_found with what to do.
protocol::Result<std::filesystem::path> find_program(const std::filesystem::path& beside,
                                                     const std::string& search_path, const std::string& name);

}  // namespace celeriac::console
