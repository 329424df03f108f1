#include "console/commands/perform.hpp"

#include <algorithm>
#include <format>

#include "console/text.hpp"

namespace celeriac::console {
namespace asio = boost::asio;
using protocol::Json;
using protocol::Operation;

namespace {

Json result_of(const Operation& operation, const protocol::Reply& reply, const Json& fields) {
  Json result = fields;
  result["operation"] = operation.long_name;
  result["ok"] = true;
  result["value"] = reply.value;
  return result;
}

}  // namespace

asio::awaitable<Exit> perform(Context& context, const Operation& operation, Json fields,
                              std::string sentence) {
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  const auto reply = co_await (*client)->call(operation, fields);
  if (!reply) co_return context.failed(reply.error());
  co_return context.done(result_of(operation, *reply, fields), sentence);
}

asio::awaitable<Exit> perform_motion(Context& context, const Operation& operation, Json fields,
                                     std::string sentence) {
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  const auto started = context.world().now();
  const auto reply = co_await (*client)->call(operation, fields);
  if (!reply && reply.error().code == interrupted_code) {
    // The host stops the move of a client whose stream ends, whatever became of the client.
    context.note("interrupted: the host stops the move.");
    co_return Exit::interrupted;
  }
  if (!reply) co_return context.failed(reply.error());
  const auto took = context.world().now() - started;
  const auto place = co_await (*client)->read("position");
  Json result = result_of(operation, *reply, fields);
  result["seconds"] = std::chrono::duration<double>(took).count();
  std::string text = std::format("{} in {}", sentence, elapsed(took));
  if (place) {
    result["position"] = *place;
    text += std::format(", at {}", position(*place));
  }
  co_return context.done(result, text);
}

int axis_number(const std::string& name) {
  const auto found = std::ranges::find(protocol::axis_choices, name, &protocol::Choice::name);
  return found != std::end(protocol::axis_choices) ? static_cast<int>(found->number) : 3;
}

}  // namespace celeriac::console
