// call: any operation of the table, for people who look under the bonnet.

#include <CLI/App.hpp>
#include <algorithm>
#include <format>
#include <fstream>
#include <iterator>
#include <memory>
#include <vector>

#include "console/commands/declarations.hpp"
#include "console/commands/perform.hpp"
#include "console/text.hpp"
#include "console/values.hpp"
#include "protocol/frame.hpp"
#include "protocol/payload.hpp"
#include "protocol/words.hpp"

namespace celeriac::console {
namespace asio = boost::asio;
using protocol::Error;
using protocol::Json;
using protocol::Operation;
using protocol::Result;
using protocol::Status;

namespace {

struct Call {
  std::string operation;
  std::vector<std::string> fields;
  std::string payload_file;
  bool describe = false;
};

Result<const Operation*> find(const std::string& name) {
  if (const auto* row = protocol::find_operation(name)) return row;
  const auto names = protocol::operations() | std::views::transform(&Operation::long_name);
  const auto close = protocol::closest(name, names);
  return protocol::fail(Status::malformed,
                        std::format("There is no operation \"{}\".{} `celeriac call --help` lists them.",
                                    name, close.empty() ? "" : std::format(" Did you mean \"{}\"?", close)));
}

/// Bytes of a file as the payload, whatever the table says of it.
Result<std::string> read_payload(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file.is_open()) return protocol::fail(Status::malformed, std::format("Cannot read {}.", path));
  if (bytes.size() > protocol::max_payload)
    return protocol::fail(Status::malformed, std::format("{} has {} bytes, and a payload at most {}.", path,
                                                         bytes.size(), protocol::max_payload));
  return bytes;
}

Result<std::string> payload_of(const Operation& operation, const Call& call) {
  if (!call.payload_file.empty()) return read_payload(call.payload_file);
  const auto fields = fields_of(operation, call.fields);
  if (!fields) return std::unexpected(fields.error());
  return protocol::encode(operation, *fields);
}

std::string description(const Operation& operation) {
  std::string text = std::format("{}  {}\n  takes    {}\n  returns  {}\n", operation.long_name,
                                 operation.summary, usage_of(operation), operation.returns);
  if (!operation.slices.empty()) text += std::format("  slices   {}\n", operation.slices);
  if (!operation.available) text += "  comes later: this version does not serve it\n";
  return text + std::format("  example  celeriac call {}{}{}\n", operation.long_name,
                            operation.example.empty() ? "" : " ", operation.example);
}

asio::awaitable<Exit> make_call(Context& context, const Call& call) {
  const auto operation = find(call.operation);
  if (!operation) co_return context.failed(operation.error());
  if (call.describe)
    co_return context.done({{"operation", call.operation}, {"takes", usage_of(**operation)}},
                           description(**operation));
  auto payload = payload_of(**operation, call);
  if (!payload) co_return context.failed(payload.error());
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  const auto reply = co_await (*client)->send(**operation, std::move(*payload), patience(**operation));
  if (!reply) co_return context.failed(reply.error());
  const auto slices = reply->document();
  Json result{{"status", "ok"}, {"value", reply->value}};
  std::string text = std::format("ok, value {}", reply->value);
  if (slices && !slices->empty()) {
    result["slices"] = *slices;
    text += '\n' + slices->dump(2, ' ', false, Json::error_handler_t::replace);
  }
  co_return context.done(result, text);
}

std::string list_of_operations() {
  std::string text = "Operations (`celeriac call NAME --describe` tells more):\n";
  for (const auto& row : protocol::operations())
    text += std::format("  {:<36} {}\n", row.long_name, row.summary);
  return text;
}

}  // namespace

Action declare_call(CLI::App& app) {
  auto call = std::make_shared<Call>();
  app.add_option("operation", call->operation, "Long name, such as SYS.HOME")
      ->type_name("OPERATION")
      ->required();
  app.add_option("fields", call->fields, "Fields of its payload; values are JSON, or else text")
      ->type_name("FIELD=VALUE");
  app.add_option("--payload", call->payload_file, "Send the bytes of this file as payload")
      ->type_name("FILE");
  app.add_flag("--describe", call->describe,
               "Tell what the operation takes and returns instead of calling it");
  app.footer(list_of_operations());
  return [call](Context& context) { return make_call(context, *call); };
}

}  // namespace celeriac::console
