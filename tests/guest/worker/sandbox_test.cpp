// What celeriac-guest --probe says: every attempt in a process of its own, behind the walls of a worker.

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <cstdio>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace {

using nlohmann::json;

/// Somebody who listens where the VM would.
class Listener {
 public:
  Listener()
      : path_(std::filesystem::temp_directory_path() / ("celeriac-probe-" + std::to_string(::getpid()))),
        socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.string().copy(address.sun_path, sizeof address.sun_path - 1);
    std::filesystem::remove(path_);
    REQUIRE(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(socket_, 1) == 0);
    std::filesystem::permissions(path_, std::filesystem::perms::all);
  }
  ~Listener() {
    ::close(socket_);
    std::filesystem::remove(path_);
  }
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
  int socket_;
};

json run_probe() {
  const Listener listener;
  const int inherited = ::open("/dev/null", O_WRONLY);  // without close-on-exec, for the probe to try
  const std::string command = std::string(TEST_WORKER) + " --probe --connect " + listener.path() +
                              " --descriptor " + std::to_string(inherited);
  std::FILE* const output = ::popen(command.c_str(), "r");
  REQUIRE(output != nullptr);
  std::string text;
  char buffer[4096];
  while (const auto got = std::fread(buffer, 1, sizeof buffer, output)) text.append(buffer, got);
  CHECK(::pclose(output) == 0);
  ::close(inherited);
  return json::parse(text);
}

}  // namespace

TEST_CASE("a worker is refused everything but its socket, its memory and the time") {
  const json found = run_probe();
  INFO(found.dump(1));
  std::map<std::string, json> by_name;
  for (const auto& attempt : found.at("attempts")) by_name[attempt.at("name")] = attempt;
  REQUIRE(by_name.size() > 35);

  for (const auto& [name, attempt] : by_name) {
    INFO(name);
    CHECK(attempt.at("all") != "allowed");
    CHECK(attempt.at("filter_alone") != "allowed");
    for (const char* behind : {"all", "filter_alone", "landlock_alone"})
      CHECK_FALSE(attempt.at(behind).get<std::string>().starts_with("no "));
  }
  for (const char* deadly : {"make a unix socket", "make a TCP socket", "connect to the VM's socket", "fork",
                             "run a program", "trace the parent", "read the parent's memory",
                             "signal the parent", "pass a descriptor on", "mount", "make an I/O ring"})
    CHECK(by_name.at(deadly).at("all") == "killed by SIGSYS");
  for (const char* refused : {"read a file", "make a file", "list a directory", "map an executable page",
                              "make a page executable", "become root", "raise a limit"})
    CHECK(by_name.at(refused).at("all") == "EPERM");
  CHECK(by_name.at("write to another descriptor").at("all") == "EBADF");
  CHECK(by_name.at("reserve more address space").at("all") == "ENOMEM");
  CHECK(by_name.at("take more memory").at("all") == "ENOMEM");

  // The wall behind the wall.
  if (found.at("walls").at("landlock") >= 1)
    for (const char* file :
         {"read a file", "make a file", "list a directory", "open a device", "make a directory"})
      CHECK(by_name.at(file).at("landlock_alone") == "EACCES");
  if (found.at("walls").at("landlock") >= 6)
    CHECK(by_name.at("signal the parent").at("landlock_alone") == "EPERM");
  for (const char* privileged : {"become root", "mount", "change the root", "set the clock", "raise a limit"})
    CHECK(by_name.at(privileged).at("landlock_alone") == "EPERM");
}
