// image send: a message to an object, and its reply.

#include <CLI/App.hpp>
#include <format>
#include <memory>

#include "console/blob_upload.hpp"
#include "console/commands/declarations.hpp"
#include "console/text.hpp"
#include "console/values.hpp"
#include "protocol/envelope.hpp"
#include "protocol/othismo.hpp"
#include "protocol/payload.hpp"

namespace celeriac::console {
namespace asio = boost::asio;
using namespace protocol::literals;
using protocol::Error;
using protocol::Json;
using protocol::Result;
using protocol::Status;

namespace {

struct Send {
  std::string path, name;
  std::vector<std::string> words;
  double timeout = 30;
};

Result<std::string> request_of(const Send& job) {
  Json fields = Json::object();
  for (const auto& word : job.words) {
    const auto assignment = split_assignment(word);
    if (!assignment) return std::unexpected(assignment.error());
    fields[assignment->first] = value_of(assignment->second);
  }
  if (auto good = protocol::check_path(job.path); !good) return std::unexpected(std::move(good.error()));
  protocol::Outgoing message;
  message.to = job.path;
  message.format = protocol::Format::othismo;
  message.expects = static_cast<std::int64_t>(job.timeout * 1000);
  message.body = protocol::write_othismo(
      {.send_to = job.path, .parts = {protocol::OthismoMessage::Part::of(job.name, fields)}});
  if (message.body.size() > protocol::max_inline_body)
    return protocol::fail(Status::malformed, "The message is too long for a command line.");
  return protocol::encode(message);
}

/// What came back, as one document.
Result<Json> reply_of(const protocol::Item& item) {
  if (item.type == protocol::ItemType::error)
    return std::unexpected(Error{.status = Status::failed,
                                 .message = item.explanation.empty()
                                                ? std::format("There was no reply: {}.", name(item.failure))
                                                : item.explanation,
                                 .code = std::string(name(item.failure))});
  const auto reply = protocol::read_othismo(item.body);
  if (!reply) return Json{{"body", protocol::as_utf8(item.body)}};
  Json document = Json::object();
  for (const auto& part : reply->parts) document[part.name] = part.json();
  if (const auto failed = document.find("othismo.error"); failed != document.end() && failed->is_object())
    return std::unexpected(Error{.status = Status::failed,
                                 .message = failed->value("message", std::string("The object says no.")),
                                 .code = failed->value("code", std::string())});
  return document;
}

std::string reply_text(const Json& document) {
  std::string text;
  for (const auto& [name, value] : document.items())
    text += std::format("{}: {}\n", printable(name), brief(value));
  return text;
}

asio::awaitable<Exit> send(Context& context, const Send& job) {
  const auto request = request_of(job);
  if (!request) co_return context.failed(request.error());
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  const auto process = co_await become_process(**client);
  if (!process) co_return context.failed(process.error());
  auto reply = co_await (*client)->send("MESSAGE.AWAIT"_op, protocol::encode_id(*process) + *request,
                                        patience("MESSAGE.AWAIT"_op));
  if (!reply) co_return context.failed(reply.error());
  const auto item = protocol::decode_item(reply->data);
  if (!item) co_return context.failed(item.error());
  const auto document = reply_of(*item);
  if (!document) co_return context.failed(document.error());
  co_return context.done(*document, reply_text(*document));
}

}  // namespace

Action declare_image_send(CLI::App& app) {
  auto job = std::make_shared<Send>();
  app.add_option("path", job->path, "Path of the object")->type_name("PATH")->required();
  app.add_option("name", job->name, "Name of the message: acme.water")->type_name("NAME")->required();
  app.add_option("field", job->words, "What is in it")->type_name("FIELD=VALUE");
  app.add_option("--timeout", job->timeout, "How long to wait for the reply, in s")->type_name("SECONDS");
  return [job](Context& context) { return send(context, *job); };
}

}  // namespace celeriac::console
