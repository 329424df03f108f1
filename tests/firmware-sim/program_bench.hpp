#pragma once
// The simulator as a program of its own, on a real pseudo terminal.

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace celeriac::firmware_sim::testing {

/// A file descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int descriptor = -1) : descriptor_(descriptor) {}
  Descriptor(Descriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~Descriptor();
  [[nodiscard]] int get() const { return descriptor_; }

 private:
  int descriptor_;
};

/// However busy the machine is: a failure, not a measurement.
inline constexpr std::chrono::seconds patience{60};

/// Reads until the text contains `wanted`, the other end is gone, or patience is.
std::string read_until(int descriptor, std::string_view wanted);
/// Reads until the other end is gone; false if it is not.
bool hangs_up(int descriptor);

class Program {
 public:
  explicit Program(std::vector<std::string> arguments);
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program();

  /// Standard output and standard error, until `wanted` is in it.
  [[nodiscard]] std::string output(std::string_view wanted) const {
    return read_until(output_.get(), wanted);
  }
  void signal(int number) const;
  /// The exit status.
  [[nodiscard]] int wait();

 private:
  pid_t process_ = -1;
  Descriptor output_;
};

/// A directory that goes with the test.
class Directory {
 public:
  Directory();
  ~Directory();
  [[nodiscard]] std::string file(std::string_view name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

Descriptor open_port(const std::string& link);
/// A client of a unix socket.
Descriptor connect_to(const std::string& path);
void write_line(const Descriptor& port, std::string_view line);
std::string contents(const std::string& path);

}  // namespace celeriac::firmware_sim::testing
