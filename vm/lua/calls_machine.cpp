// Operations, registers, CeleryScript, time and the network: calls that wait.

#include <algorithm>
#include <format>
#include <utility>

#include "protocol/operations.hpp"
#include "vm/lua/calls.hpp"
#include "vm/lua/json.hpp"

namespace celeriac::vm::lua {
namespace {

using nlohmann::json;
using protocol::Error;
using protocol::FieldType;
using protocol::Result;
using protocol::Status;

/// operate(long name, fields) → number / nil, reason, status
void operate(Script& script, json arguments, Reply reply) {
  const auto name = text(arguments, 0);
  const auto* operation = protocol::find_operation(name);
  if (operation == nullptr || !operation->available)
    return reply(refusal(std::format("{} is not served here yet.", name)));
  json fields = clean(argument(arguments, 1));
  if (!fields.is_object()) fields = json::object();
  for (const auto& field : operation->fields) {
    const auto found = fields.find(field.name);
    if (found == fields.end()) continue;
    if (field.type == FieldType::texts && found->empty()) *found = json::array();
    if ((field.type == FieldType::integer || field.type == FieldType::choice) && found->is_number_float())
      *found = static_cast<std::int64_t>(found->get<double>());
  }
  script.world().operate(
      script.id(), script.job().process, *operation, std::move(fields), [reply](Result<double> value) {
        if (value) return reply(json::array({*value}));
        reply(
            json::array({nullptr, value.error().message, std::string(protocol::name(value.error().status))}));
      });
}

/// lock(): the emergency lock, which ends the script.
void lock(Script& script, json, Reply reply) {
  const auto* operation = protocol::find_operation("SYS.EMERGENCY_LOCK");
  script.world().operate(
      script.id(), script.job().process, *operation, json::object(), [reply](Result<double> value) {
        if (!value)
          return reply.end({.status = value.error().status,
                            .message = "The emergency lock did not engage: " + value.error().message,
                            .code = "lua_error"});
        reply.end({.status = Status::locked,
                   .message = "Canceled sequence due to emergency lock.",
                   .code = "locked"});
      });
}

LuaWorld::Value answer_value(Reply reply) {
  return [reply = std::move(reply)](Result<json> value) {
    if (value)
      reply(json::array({std::move(*value)}));
    else
      reply(refusal(value.error().message));
  };
}

void read_register(Script& script, json arguments, Reply reply) {
  script.world().read_register(script.id(), text(arguments, 0), answer_value(std::move(reply)));
}

void status(Script& script, json, Reply reply) {
  script.world().read_status(answer_value(std::move(reply)));
}

/// Lua cannot tell an empty list from an empty object: the bodies of nodes are lists.
void repair_bodies(json& node) {
  if (!node.is_structured()) return;
  if (node.is_object())
    if (const auto body = node.find("body"); body != node.end() && body->is_object() && body->empty())
      *body = json::array();
  for (auto& part : node) repair_bodies(part);
}

/// evaluate(node) → true, nil / false, reason
void evaluate(Script& script, json arguments, Reply reply) {
  json node = clean(argument(arguments, 0));
  repair_bodies(node);
  script.world().evaluate(script.id(), script.job().process, std::move(node), [reply](Result<void> done) {
    if (done)
      reply(json::array({true, nullptr}));
    else
      reply(json::array({false, done.error().message}));
  });
}

/// sleep(ms)
void sleep(Script& script, json arguments, Reply reply) {
  const double wanted = std::clamp(number(arguments, 0), 0.0, 1e12);
  script.world().after(std::chrono::milliseconds(static_cast<std::int64_t>(wanted)),
                       [reply] { reply(json::array()); });
}

/// fetch{url, method, headers, body} → {status, body, headers} / nil, reason
void fetch(Script& script, json arguments, Reply reply) {
  const auto& wanted = argument(arguments, 0);
  if (!wanted.is_object()) return reply(refusal("Missing URL in HTTP request"));
  web::HttpRequest request{.url = text(json::array({wanted.value("url", json())}), 0)};
  if (const auto method = wanted.find("method"); method != wanted.end() && method->is_string()) {
    request.method = method->get<std::string>();
    for (char& c : request.method) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  if (const auto body = wanted.find("body"); body != wanted.end())
    request.body = body->is_string() ? body->get<std::string>() : json_text(*body);
  if (const auto headers = wanted.find("headers"); headers != wanted.end() && headers->is_object())
    for (const auto& [key, value] : headers->items())
      request.headers[key] = value.is_string() ? value.get<std::string>() : json_text(value);
  script.world().fetch(std::move(request), [reply](Result<web::HttpResponse> response) {
    if (!response) return reply(refusal(response.error().message));
    if (response->body.size() > web::max_body_bytes) return reply(refusal("The answer is too long."));
    reply(json::array({{{"status", response->status},
                        {"body", std::move(response->body)},
                        {"headers", response->headers}}}));
  });
}

constexpr Call calls[] = {
    {.name = "operate", .asks = operate},
    {.name = "lock", .asks = lock},
    {.name = "register", .asks = read_register},
    {.name = "status", .asks = status},
    {.name = "evaluate", .asks = evaluate},
    {.name = "sleep", .asks = sleep},
    {.name = "fetch", .asks = fetch},
};

}  // namespace

std::span<const Call> machine_calls() noexcept {
  return calls;
}

}  // namespace celeriac::vm::lua
