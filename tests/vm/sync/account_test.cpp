#include "vm/sync/account.hpp"

#include <sys/stat.h>

#include <catch2/catch_test_macros.hpp>
#include <fstream>

#include "tests/web/server.hpp"

using namespace celeriac::vm;
using celeriac::protocol::Status;
using celeriac::web::testing::Directory;

namespace {

std::filesystem::path write(const Directory& directory, const std::string& text, ::mode_t mode = 0600) {
  auto file = directory.path / "token";
  std::ofstream(file) << text;
  ::chmod(file.c_str(), mode);
  return file;
}

}  // namespace

TEST_CASE("a token is taken from the API's answer, from a part of it, or bare") {
  const Directory directory;
  for (const char* text :
       {R"({"token": {"encoded": "abc.def", "unencoded": {}}, "user": {}})", R"({"encoded": "abc.def"})",
        R"({"token": "abc.def"})", R"("abc.def")", "abc.def", "  abc.def\n"}) {
    CAPTURE(text);
    const auto account =
        read_account({.web_api = "https://my.farm.bot/", .token_file = write(directory, text)});
    REQUIRE(account);
    CHECK(account->token == "abc.def");
    CHECK(account->server == "https://my.farm.bot");
  }
}

TEST_CASE("a token file that others may read is refused with what to do") {
  const Directory directory;
  const auto account =
      read_account({.web_api = "https://my.farm.bot", .token_file = write(directory, "abc", 0640)});
  REQUIRE_FALSE(account);
  CHECK(account.error().status == Status::denied);
  CHECK(account.error().message.contains("chmod 600"));
}

TEST_CASE("a token file without a token is refused") {
  const Directory directory;
  for (const char* text : {"", " \n", "{}", R"({"token": {}})", R"({"error": "no"})", "two words", "[1]"}) {
    CAPTURE(text);
    const auto account =
        read_account({.web_api = "https://my.farm.bot", .token_file = write(directory, text)});
    REQUIRE_FALSE(account);
  }
  CHECK_FALSE(read_account({.web_api = "https://my.farm.bot",
                            .token_file = write(directory, std::string(max_token_file_bytes + 1, 'x'))}));
}

TEST_CASE("an address without a token, or that is none, is refused") {
  const Directory directory;
  CHECK(read_account({.web_api = "https://my.farm.bot"}).error().message.contains("--web-token-file"));
  CHECK(read_account({.web_api = "https://my.farm.bot", .token_file = directory.path / "none"})
            .error()
            .message.contains("cannot be found"));
  CHECK(read_account({.web_api = "my.farm.bot", .token_file = write(directory, "abc")})
            .error()
            .message.contains("--web-api"));
}
