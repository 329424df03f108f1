#include "gateway/http/service.hpp"

#include <openssl/crypto.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <format>
#include <fstream>
#include <optional>

#include "gateway/spawn.hpp"
#include "protocol/document.hpp"

namespace celeriac::gateway {

namespace asio = boost::asio;
using protocol::fail;
using protocol::Failure;
using protocol::Format;
using protocol::ItemType;
using protocol::Json;
using protocol::Outgoing;
using protocol::Result;
using protocol::Status;

namespace {

constexpr std::string_view service_id = "http-server:distro:sys";

std::string_view id_of(std::string_view address) {
  const auto at = address.find('@');
  return at == std::string_view::npos ? address : address.substr(at + 1);
}

std::string text_of(const Json& fields, const char* key) {
  const auto at = fields.find(key);
  return at != fields.end() && at->is_string() ? at->get<std::string>() : std::string();
}

bool flag_of(const Json& fields, const char* key, bool fallback = false) {
  const auto at = fields.find(key);
  return at != fields.end() && at->is_boolean() ? at->get<bool>() : fallback;
}

/// Takes as long for any token of the same length.
bool same_secret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

Outgoing message_to(const std::string& address, const Json& body) {
  Outgoing message;
  message.to = address;
  message.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
  return message;
}

}  // namespace

/// Who sends an action.
struct HttpService::Sender {
  explicit Sender(const Incoming& request)
      : address(request.source), id(id_of(request.source)), object(request.source_path) {
    // Kinode processes are served below their id, objects below their path.
    home = request.format == Format::othismo && !object.empty() ? object : "/" + id;
  }
  std::string address, id, object, home;
};

HttpService::HttpService(VmLink& link, asio::io_context&, HttpAccess access, const HttpTimes& times)
    : access_(std::move(access)), times_(times) {
  process_ = link.add({.name = std::string(service_id), .path = "/sys/http"},
                      [this](Incoming request) { taken(std::move(request)); });
  restore();
}

void HttpService::restore() {
  std::ifstream file(access_.kept);
  if (access_.kept.empty() || !file) return;
  const auto document = Json::parse(file, nullptr, false);
  if (!document.is_object())
    return spdlog::warn("{} cannot be read: no path is bound.", access_.kept.string());
  bindings_.restore(document.value("http", Json()));
  websockets_.restore(document.value("websocket", Json()));
}

void HttpService::keep() const {
  if (access_.kept.empty()) return;
  auto next = access_.kept;
  next += ".new";
  const Json document{{"http", bindings_.document()}, {"websocket", websockets_.document()}};
  std::ofstream file(next, std::ios::trunc);
  file << document.dump(1, ' ', false, Json::error_handler_t::replace) << std::endl;
  std::error_code error;
  if (file) std::filesystem::rename(next, access_.kept, error);
  if (!file || error) spdlog::warn("The bound paths cannot be kept in {}.", access_.kept.string());
}

// ---- what processes want ----

void HttpService::taken(Incoming request) {
  const Sender sender(request);
  Result<void> done;
  if (request.format == Format::othismo) {
    const auto document = protocol::from_bson(request.body);
    static constexpr std::pair<std::string_view, std::string_view> actions[] = {
        {"othismo.http.bind", "Bind"}, {"othismo.http.unbind", "Unbind"}};
    done = fail(Status::malformed, "This service knows othismo.http.bind and othismo.http.unbind.");
    if (document)
      for (const auto& [name, action] : actions)
        if (const auto at = document->find(name); at != document->end())
          done = act(request, sender, {{action, *at}});
  } else {
    const auto action = Json::parse(request.body, nullptr, false);
    done = act(request, sender, action);
  }
  if (!done) spdlog::warn("{} asked for what cannot be: {}", sender.id, done.error().message);
  spawn(process_->io(), "an answer of http-server", respond(std::move(request), std::move(done)));
}

Result<void> HttpService::act(const Incoming& request, const Sender& sender, const Json& action) {
  if (!action.is_object() || action.size() != 1)
    return fail(Status::malformed,
                "An action is one JSON object with one key: {\"Bind\": {\"path\": \"/status\"}}.");
  const auto& [name, fields] = *action.items().begin();
  if (name == "WebSocketClose")
    return push(request, sender, {{"channel_id", fields}, {"message_type", "Close"}});
  if (!fields.is_object()) return fail(Status::malformed, std::format("\"{}\" needs its fields.", name));
  if (name == "Bind" || name == "SecureBind") return bind(request, sender, fields, bindings_);
  if (name == "WebSocketBind" || name == "WebSocketSecureBind")
    return bind(request, sender, fields, websockets_);
  if (name == "Unbind") return unbind(sender, fields, bindings_);
  if (name == "WebSocketUnbind") return unbind(sender, fields, websockets_);
  if (name == "WebSocketPush") return push(request, sender, fields);
  return fail(Status::malformed, std::format("There is no action \"{}\".", name.substr(0, 64)));
}

/// Always below the process's own name, and at the short path as well where it may have that.
Result<void> HttpService::bind(const Incoming& request, const Sender& sender, const Json& fields,
                               Bindings& into) {
  auto own = normal_path(text_of(fields, "path"));
  if (!own) return std::unexpected(std::move(own.error()));
  Binding binding{.own_path = *own,
                  .address = sender.address,
                  .owner = sender.id,
                  .object = sender.object,
                  .format = request.format,
                  .authenticated = flag_of(fields, "authenticated"),
                  .local_only = flag_of(fields, "local_only")};
  if (flag_of(fields, "cache")) {
    if (request.blob_missing || request.blob_bytes.size() > max_cached_body)
      return fail(Status::out_of_resources,
                  std::format("What is to be cached is longer than {} kB.", max_cached_body / 1024));
    binding.cached = CachedAnswer{request.blob ? request.blob->mime.value_or("") : "", request.blob_bytes};
  }
  auto long_path = is_below(*own, sender.home) ? *own : sender.home + (*own == "/" ? "" : *own);
  const bool short_too = long_path != *own && may_have_short(request, sender, *own);
  binding.path = std::move(long_path);
  auto bound = into.bind(binding);
  if (bound && short_too) {
    binding.path = *own;
    bound = into.bind(std::move(binding));
  }
  keep();
  return bound;
}

Result<void> HttpService::unbind(const Sender& sender, const Json& fields, Bindings& from) {
  auto own = normal_path(text_of(fields, "path"));
  if (!own) return std::unexpected(std::move(own.error()));
  const auto long_path = is_below(*own, sender.home) ? *own : sender.home + (*own == "/" ? "" : *own);
  auto unbound = from.unbind(sender.id, long_path);
  if (long_path != *own) static_cast<void>(from.unbind(sender.id, *own));
  keep();
  return unbound;
}

/// Given by the person, or by a capability that came with the message and names us as its issuer.
bool HttpService::may_have_short(const Incoming& request, const Sender& sender, std::string_view path) const {
  for (const auto& [given, process] : access_.given_paths)
    if ((process == sender.id || (!sender.object.empty() && process == sender.object)) &&
        is_below(path, given))
      return true;
  return std::ranges::any_of(request.capabilities, [&](const protocol::Capability& capability) {
    if (id_of(capability.issuer) != service_id) return false;
    const auto params = Json::parse(capability.params, nullptr, false);
    if (!params.is_object()) return false;
    if (flag_of(params, "root")) return true;
    const auto allowed = normal_path(text_of(params, "path"));
    return allowed && is_below(path, *allowed);
  });
}

Result<void> HttpService::push(const Incoming& request, const Sender& sender, const Json& fields) {
  const auto id = fields.find("channel_id");
  const auto frame = channel_frame(text_of(fields, "message_type"));
  if (id == fields.end() || !id->is_number_unsigned() || !frame)
    return fail(Status::malformed,
                "A push needs `channel_id` and `message_type`: Text, Binary, Ping, Pong or Close.");
  auto* channel = channels_.find(static_cast<std::uint32_t>(id->get<std::uint64_t>()), sender.id);
  if (channel == nullptr || id->get<std::uint64_t>() > 0xffffffff)
    return fail(Status::not_found, std::format("{} has no WebSocket {}.", sender.id, id->dump()));
  if (request.blob_missing || request.blob_bytes.size() > max_websocket_message)
    return fail(Status::out_of_resources,
                std::format("A WebSocket message has at most {} kB.", max_websocket_message / 1024));
  if (*frame == ChannelFrame::text && !protocol::is_utf8(request.blob_bytes))
    return fail(Status::malformed, "A message of type Text must be UTF-8.");
  if (!channel->push(*frame, request.blob_bytes))
    return fail(Status::out_of_resources, "The client of the WebSocket does not read: it is closed.");
  return {};
}

asio::awaitable<void> HttpService::respond(Incoming request, Result<void> done) {
  Outgoing response;
  response.format = request.format;
  if (request.format == Format::othismo) {
    Json document{{"othismo", {{"send_to", request.source_path}}}};
    if (done)
      document[request.body.find("othismo.http.unbind") == std::string::npos
                   ? "othismo.http.bind.response"
                   : "othismo.http.unbind.response"] = Json::object();
    else
      document["othismo.error"] = {
          {"code", done.error().status == Status::denied ? "path_conflict" : "bad_message"},
          {"message", done.error().message}};
    response.body = protocol::to_bson(document);
  } else if (done) {
    response.body = R"({"Ok":null})";
  } else {
    const bool malformed = done.error().status == Status::malformed;
    const Json error{{malformed ? "MalformedRequest" : "PathBindError", {{"error", done.error().message}}}};
    response.body = Json{{"Err", error}}.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  static_cast<void>(co_await process_->respond(request, std::move(response)));
}

// ---- what clients want ----

std::optional<HttpAnswer> HttpService::refusal(const HttpQuestion& question, const Binding& binding) const {
  if (binding.local_only && !question.local)
    return plain_answer(403, std::format("{} is served to this machine alone.", binding.path));
  if (!binding.authenticated) return std::nullopt;
  constexpr std::string_view bearer = "Bearer ";
  const auto given = question.header("authorization");
  if (!access_.token.empty() && given.starts_with(bearer) &&
      same_secret(given.substr(bearer.size()), access_.token))
    return std::nullopt;
  auto answer =
      plain_answer(401, access_.token.empty()
                            ? "This needs a token, and the gateway was started without --http-token-file."
                            : "This needs the token of the gateway: Authorization: Bearer …");
  answer.headers.emplace_back("www-authenticate", "Bearer");
  return answer;
}

asio::awaitable<HttpAnswer> HttpService::answer(const HttpQuestion& question) {
  const auto* found = bindings_.find(question.path);
  if (found == nullptr) co_return plain_answer(404, "Nobody serves this path.");
  const Binding binding = *found;  // it may go while we wait
  if (auto refused = refusal(question, binding)) co_return std::move(*refused);
  if (binding.cached) {
    HttpAnswer answer{.body = binding.cached->body};
    if (!binding.cached->mime.empty()) answer.headers.emplace_back("content-type", binding.cached->mime);
    co_return answer;
  }
  auto message = question_message(question, binding);
  message.to = binding.address;
  message.expects = times_.process.count();
  auto item = co_await process_->ask(std::move(message));
  if (item && item->type == ItemType::error && item->failure == Failure::no_target) ended(binding.owner);
  co_return answer_of(std::move(item), binding);
}

void HttpService::ended(const std::string& owner) {
  const auto paths = bindings_.remove(owner) + websockets_.remove(owner);
  if (paths > 0) keep();
  if (paths > 0) spdlog::info("{} has ended: its {} bound paths are free.", owner, paths);
  channels_.close_all(owner);
}

std::expected<Binding, HttpAnswer> HttpService::websocket_binding(const HttpQuestion& question) const {
  const auto* found = websockets_.find(question.path);
  if (found == nullptr) return std::unexpected(plain_answer(404, "Nobody takes WebSockets at this path."));
  if (auto refused = refusal(question, *found)) return std::unexpected(std::move(*refused));
  return *found;
}

asio::awaitable<std::uint32_t> HttpService::open_channel(Channel channel) {
  const auto address = channel.address;
  const auto path = channel.path;
  const auto owner = channel.owner;
  const auto id = channels_.add(std::move(channel));
  const auto told =
      co_await process_->tell(message_to(address, {{"WebSocketOpen", {{"path", path}, {"channel_id", id}}}}));
  if (!told && told.error().status == Status::not_found) ended(owner);
  co_return id;
}

asio::awaitable<bool> HttpService::channel_said(std::uint32_t id, const Channel& channel, ChannelFrame frame,
                                                std::string bytes) {
  auto message =
      message_to(channel.address, {{"WebSocketPush", {{"channel_id", id}, {"message_type", name(frame)}}}});
  message.blob_bytes = std::move(bytes);
  const auto told = co_await process_->tell(std::move(message));
  if (!told && told.error().status == Status::not_found) ended(channel.owner);
  co_return told.has_value();
}

asio::awaitable<void> HttpService::close_channel(std::uint32_t id, const Channel& channel) {
  channels_.remove(id);
  static_cast<void>(co_await process_->tell(message_to(channel.address, {{"WebSocketClose", id}})));
}

}  // namespace celeriac::gateway
