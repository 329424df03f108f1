#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "protocol/document.hpp"
#include "raw_peer.hpp"

using namespace celeriac::protocol;
using namespace celeriac::protocol::test;

namespace {

/// Runs the server with these descriptors as its input and output; its exit status.
int serve(int input, int output) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  char program[] = STDIO_SERVER;
  char* arguments[] = {program, nullptr};
  pid_t child = 0;
  REQUIRE(::posix_spawn(&child, STDIO_SERVER, &actions, nullptr, arguments, environ) == 0);
  posix_spawn_file_actions_destroy(&actions);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

struct Pipe {
  Pipe() {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    read = ends[0];
    write = ends[1];
  }
  int read = -1, write = -1;
};

const std::string question = request_bytes(7, "SYS", "RDPIN", to_bson({{"pin", 5}, {"mode", 0}}));

}  // namespace

TEST_CASE("over pipes a program answers what it was asked before its input ended, and then ends") {
  Pipe in, out;
  REQUIRE(::write(in.write, question.data(), question.size()) == static_cast<ssize_t>(question.size()));
  ::close(in.write);
  CHECK(serve(in.read, out.write) == 0);
  ::close(out.write);
  char answer[100];
  CHECK(std::string(answer, static_cast<std::size_t>(::read(out.read, answer, sizeof answer))) ==
        response_bytes(7, 0, 50));
  ::close(in.read);
  ::close(out.read);
}

TEST_CASE("over files a program answers likewise") {
  const auto folder =
      std::filesystem::temp_directory_path() / ("celeriac-stdio-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "in") << question << request_bytes(8, "SYS", "STATU");
  const int in = ::open((folder / "in").c_str(), O_RDONLY | O_CLOEXEC);
  const int out = ::open((folder / "out").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  CHECK(serve(in, out) == 0);
  ::close(in);
  ::close(out);
  std::stringstream answer;
  answer << std::ifstream(folder / "out").rdbuf();
  CHECK(answer.str().starts_with(response_bytes(7, 0, 50)));
  CHECK(answer.str().ends_with(response_bytes(8, 0, 8)));
  std::filesystem::remove_all(folder);
}

TEST_CASE("a reader that goes away ends the program without a signal") {
  Pipe in, out;
  REQUIRE(::write(in.write, question.data(), question.size()) == static_cast<ssize_t>(question.size()));
  ::close(out.read);
  CHECK(serve(in.read, out.write) == 0);
  ::close(in.read);
  ::close(in.write);
  ::close(out.write);
}
