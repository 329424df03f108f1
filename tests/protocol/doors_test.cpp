#include "protocol/doors.hpp"

#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <format>
#include <fstream>

using namespace celeriac::protocol;
namespace fs = std::filesystem;

namespace {

/// A folder of its own for the test's sockets and files.
struct Folder {
  Folder() : path(fs::temp_directory_path() / std::format("celeriac-doors-{}", ::getpid())) {
    fs::create_directories(path);
  }
  ~Folder() { fs::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  fs::path path;
};

}  // namespace

TEST_CASE("without TCP no token is needed") {
  const auto token = read_token({.socket = "unused"});
  REQUIRE(token);
  CHECK(token->empty());
}

TEST_CASE("a token that is absent or too short is refused with the file's name") {
  const Folder folder;
  Doors doors{.tcp = "127.0.0.1:0", .token_file = folder.path / "token"};
  CHECK_FALSE(read_token(doors));
  std::ofstream(doors.token_file) << "short\n";
  const auto token = read_token(doors);
  REQUIRE_FALSE(token);
  CHECK(token.error().message.find(doors.token_file.string()) != std::string::npos);
  std::ofstream(doors.token_file) << "long-enough and the rest\n";
  CHECK(read_token(doors) == "long-enough");
}

TEST_CASE("all doors open, and their sockets go with them") {
  const Folder folder;
  boost::asio::io_context io{1};
  const Dispatcher dispatcher(Server::vm, "long-enough");
  const Doors doors{.socket = folder.path / "vm.sock", .tcp = "127.0.0.1:0"};
  {
    const auto opened = open(io, doors, dispatcher);
    REQUIRE(opened);
    CHECK(fs::is_socket(doors.socket));
    CHECK(opened->tcp->port() != 0);
    CHECK(opened->stdio == nullptr);
  }
  CHECK_FALSE(fs::exists(doors.socket));
}

TEST_CASE("an address that is none is refused with an example") {
  const Folder folder;
  boost::asio::io_context io{1};
  const Dispatcher dispatcher(Server::vm);
  for (const char* wrong : {"7000", "127.0.0.1:", "127.0.0.1:70000", "127.0.0.1:7000x", "nowhere:7000"}) {
    const auto opened = open(io, {.socket = folder.path / "vm.sock", .tcp = wrong}, dispatcher);
    INFO(wrong);
    REQUIRE_FALSE(opened);
    CHECK_FALSE(opened.error().message.empty());
  }
}
