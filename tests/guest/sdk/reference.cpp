#include "tests/guest/sdk/reference.hpp"

#include <string>

namespace celeriac::test {
namespace {

constexpr std::string_view kinode = "kinode:process/standard";
constexpr std::string_view types = "wasi:messaging/types@0.2.0-draft";
constexpr std::string_view producer = "wasi:messaging/producer@0.2.0-draft";
constexpr std::string_view request_reply = "wasi:messaging/request-reply@0.2.0-draft";
constexpr std::string_view othismo = "othismo";
constexpr std::string_view farm = "farm";

constexpr ReferenceRow rows[] = {
    {kinode, "print-to-terminal", "3"},
    {kinode, "our", "1"},
    {kinode, "set-on-exit", "3"},
    {kinode, "get-on-exit", "1"},
    {kinode, "get-state", "1"},
    {kinode, "set-state", "2"},
    {kinode, "clear-state", "0"},
    {kinode, "spawn", "14"},
    {kinode, "save-capabilities", "2"},
    {kinode, "drop-capabilities", "2"},
    {kinode, "our-capabilities", "1"},
    {kinode, "receive", "1"},
    {kinode, "has-blob", "0>1"},
    {kinode, "get-blob", "1"},
    {kinode, "last-blob", "1"},
    {kinode, "send-request", "1"},
    {kinode, "send-requests", "2"},
    {kinode, "send-response", "14"},
    {kinode, "send-and-await-response", "2"},

    {types, "[static]client.connect", "3"},
    {types, "[method]client.disconnect", "2"},
    {types, "[resource-drop]client", "1"},
    {types, "[constructor]message", "4>1"},  // mid 2024
    {types, "[constructor]message", "2>1"},  // December 2024
    {types, "[method]message.topic", "2"},
    {types, "[method]message.set-topic", "3"},
    {types, "[method]message.content-type", "2"},
    {types, "[method]message.set-content-type", "3"},
    {types, "[method]message.data", "2"},
    {types, "[method]message.set-data", "3"},
    {types, "[method]message.metadata", "2"},
    {types, "[method]message.add-metadata", "5"},
    {types, "[method]message.set-metadata", "3"},
    {types, "[method]message.remove-metadata", "3"},
    {types, "[resource-drop]message", "1"},
    {producer, "send", "3"},  // mid 2024
    {producer, "send", "5"},  // December 2024
    {request_reply, "[constructor]request-options", "0>1"},
    {request_reply, "[method]request-options.set-timeout-ms", "2"},
    {request_reply, "[method]request-options.set-expected-replies", "2"},
    {request_reply, "[resource-drop]request-options", "1"},
    {request_reply, "request", "7"},
    {request_reply, "reply", "3"},

    {othismo, "send_message", "2>1"},
    {othismo, "_send_message", "2>1"},

    {farm, "send", "2>1"},
    {farm, "receive", "3>1"},
    {farm, "listen", "0"},
};

std::string words(std::string_view count) {
  std::string made;
  for (int i = 0; i < std::stoi(std::string(count)); ++i) made += i == 0 ? "i32" : ", i32";
  return made;
}

}  // namespace

std::span<const ReferenceRow> imports() {
  return rows;
}

std::string spelt(std::string_view type) {
  const auto arrow = type.find('>');
  return "(" + words(type.substr(0, arrow)) + ") -> (" +
         (arrow == std::string_view::npos ? "" : words(type.substr(arrow + 1))) + ")";
}

}  // namespace celeriac::test
