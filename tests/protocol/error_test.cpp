#include "protocol/error.hpp"

#include <catch2/catch_test_macros.hpp>
#include <string_view>

using namespace celeriac::protocol;

TEST_CASE("the statuses have the contract's numbers and names") {
  constexpr std::string_view names[] = {"ok",
                                        "unknown_operation",
                                        "malformed",
                                        "not_found",
                                        "channel_busy",
                                        "overloaded",
                                        "denied",
                                        "invalid_code",
                                        "wrong_state",
                                        "locked",
                                        "offline",
                                        "timeout",
                                        "hardware_fault",
                                        "cancelled",
                                        "failed",
                                        "out_of_resources",
                                        "internal"};
  STATIC_REQUIRE(std::size(names) == status_count);
  for (std::uint16_t i = 0; i < status_count; ++i) {
    CHECK(name(Status{i}) == names[i]);
    CHECK_FALSE(meaning(Status{i}).empty());
  }
}

TEST_CASE("a status outside the table has a name all the same") {
  CHECK(name(Status{17}) == "unknown");
  CHECK_FALSE(meaning(Status{65535}).empty());
}

TEST_CASE("an error document has code, message, path and details") {
  const Error error{.status = Status::not_found, .message = "There is no pin 70."};
  CHECK(error.document() == nlohmann::json{{"code", "not_found"},
                                           {"message", "There is no pin 70."},
                                           {"path", ""},
                                           {"details", nlohmann::json::object()}});
}

TEST_CASE("an error's own code stands in its document in place of the status' name") {
  const Error error{
      .status = Status::invalid_code, .message = "x", .path = "/body/0", .code = "unknown_kind"};
  CHECK(error.document()["code"] == "unknown_kind");
  CHECK(error.document()["path"] == "/body/0");
}
