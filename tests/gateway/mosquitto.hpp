#pragma once
// A broker of the test's own, on a free port of loopback, with its files in a directory that goes with it.

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "tests/gateway/fake_vm.hpp"

namespace celeriac::gateway::testing {

class Mosquitto {
 public:
  /// `settings`: further lines of its configuration; DIR in them is its directory.
  explicit Mosquitto(std::string settings = "allow_anonymous true\n");
  ~Mosquitto();
  Mosquitto(const Mosquitto&) = delete;
  Mosquitto& operator=(const Mosquitto&) = delete;

  void start();
  /// `hard`: like a power cut, with SIGKILL; else it writes its sessions down.
  void stop(bool hard);
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] const std::filesystem::path& directory() const noexcept { return directory_.path; }

 private:
  Directory directory_;
  std::string settings_;
  std::uint16_t port_ = 0;
  pid_t pid_ = -1;
};

/// Runs a program to its end; true if it succeeds.
bool run_program(const std::vector<std::string>& words);

}  // namespace celeriac::gateway::testing
