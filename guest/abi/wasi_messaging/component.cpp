// The life of a component, and which draft a module is written for.

#include "guest/abi/wasi_messaging/component.hpp"

#include <algorithm>
#include <deque>
#include <format>
#include <map>

#include "guest/abi/canonical/names.hpp"
#include "guest/abi/mail.hpp"
#include "protocol/crossing.hpp"
#include "protocol/words.hpp"

namespace celeriac::guest::wasi_messaging {
namespace {

using namespace protocol::literals;
using canonical::Value;
using protocol::fail;
using protocol::Format;
using protocol::Item;
using protocol::Status;

struct Draft {
  std::string_view name;
  Variant variant;
};
constexpr Draft drafts[] = {
    {"A", Variant::a}, {"B", Variant::b}, {"C", Variant::c}, {"D", Variant::d}, {"E", Variant::e}};

constexpr std::string_view family = "wasi:messaging/";

bool is_ours(std::string_view module) {
  return module.starts_with(family) ||
         (module.starts_with("cm32p2|") && module.substr(7).starts_with(family));
}

/// True if the module imports a function of the interface, in either spelling.
const ModuleShape::Function* find_import(const ModuleShape& module, std::string_view interface,
                                         std::string_view field) {
  for (const auto& name : modules_of(interface))
    if (const auto* found = module.find_import(name, field)) return found;
  return nullptr;
}

bool exports(const ModuleShape& module, std::string_view function) {
  return !canonical::find_export(module, handler_interface, function).function.empty();
}

/// By what core types and names show; what cannot be told apart is the newest.
Variant detect(const ModuleShape& module) {
  const auto* constructor = find_import(module, types_interface, "[constructor]message");
  const bool asks = std::ranges::any_of(module.imports, [](const auto& import) {
    return std::ranges::contains(modules_of(request_interface), import.module);
  });
  if (exports(module, "get-topics")) return Variant::c;
  if (exports(module, "get-subscriptions")) return Variant::b;
  if (exports(module, "subscribe")) return Variant::a;
  if (constructor != nullptr && constructor->type.parameters.size() != 4) return Variant::e;
  if (constructor == nullptr) {
    // It makes no messages: what it sends them with may still tell.
    const auto* send = find_import(module, producer_interface, "send");
    if (send == nullptr || send->type.parameters.size() != 3) return Variant::e;
  }
  return asks || find_import(module, types_interface, "[method]client.disconnect") != nullptr ? Variant::b
                                                                                              : Variant::a;
}

/// Message text of what a component has returned as an error.
std::string text_of(const Value& error) {
  return error.payload() != nullptr ? std::string(error.payload()->text()) : "timeout";
}

}  // namespace

std::span<const std::string> modules_of(std::string_view interface) {
  static std::map<std::string_view, std::array<std::string, canonical::spellings>> all;
  const auto found = all.find(interface);
  return found != all.end() ? found->second
                            : all.emplace(interface, canonical::import_modules(interface)).first->second;
}

std::string_view kept(std::string name) {
  static std::deque<std::string> all;  // a handful: the tables are made once
  return all.emplace_back(std::move(name));
}

std::span<const HostFunction> Component::functions() const {
  static std::map<Variant, std::vector<HostFunction>> tables;
  auto& table = tables[variant_];
  if (table.empty()) {
    auto rows = message_functions(variant_);
    const auto more = exchange_functions(variant_);
    rows.insert(rows.end(), more.begin(), more.end());
    table = beside_preview1(std::move(rows));
  }
  return table;
}

void Component::serve(Guest& guest) {
  variant_ == Variant::a   ? serve_variant<Variant::a>(guest)
  : variant_ == Variant::b ? serve_variant<Variant::b>(guest)
  : variant_ == Variant::c ? serve_variant<Variant::c>(guest)
                           : serve_variant<Variant::e>(guest);
}

template <Variant variant>
void Component::serve_variant(Guest& guest) {
  canonical::initialise(guest);
  subscribe(guest, wanted_topics<variant>(guest));
  for (;;) {
    const auto item = mail::receive(guest);
    if (!item) throw Trap{item.error().message};
    if (item->type != protocol::ItemType::request) continue;  // too late
    handling_ = item->request;
    replied_ = false;
    auto error = handle<variant>(guest, *item);
    settle(guest, *item, std::move(error));
    handling_ = 0;
  }
}

/// What the component says at its start, and what its configuration says.
template <Variant variant>
std::vector<std::string> Component::wanted_topics(Guest& guest) {
  auto topics = guest.identity().topics;
  const auto name = canonical::find_export(guest, handler_interface, types::subscribe<variant>.name);
  if (name.function.empty() || variant > Variant::c) return topics;
  canonical::ExportCall call(types::subscribe<variant>, name, instance_, guest, {});
  std::string error;
  if (call.result().which() == 0)
    for (const auto& topic : call.result().payload()->items()) topics.emplace_back(topic.text());
  else
    error = text_of(*call.result().payload());
  const bool refused = call.result().which() != 0;
  call.finish();
  if (refused && topics.empty())
    throw Trap{std::format("{} has failed: {}.", types::subscribe<variant>.name, error)};
  if (refused)
    mail::print(guest, 0,
                std::format("{} has failed ({}); its configuration names topics.",
                            types::subscribe<variant>.name, error));
  return topics;
}

void Component::subscribe(Guest& guest, std::vector<std::string> topics) {
  std::ranges::sort(topics);
  const auto twice = std::ranges::unique(topics);
  topics.erase(twice.begin(), twice.end());
  std::string refusal;
  std::size_t active = 0;
  for (const auto& topic : topics) {
    const auto reply = mail::ask(guest, "TOPIC.SUBSCRIBE"_op, {{"topic", topic}});
    if (reply.ok()) {
      ++active;
      continue;
    }
    refusal = reply.error().message;
    mail::print(guest, 0, std::format("The topic {} is not subscribed to: {}", topic, refusal));
  }
  if (active == 0 && !topics.empty())
    throw Trap{std::format("None of its topics could be subscribed to: {}", refusal)};
}

/// Calls the component for one message; what went wrong, in its words.
template <Variant variant>
std::optional<std::string> Component::handle(Guest& guest, const Item& item) {
  if (protocol::drops_capabilities(item, Format::wasi))
    mail::print(guest, 1,
                std::format("{} capabilities of {} were left out: a component takes none.",
                            item.capabilities.size(), item.source));
  std::optional<std::string> blob;
  if (protocol::needs_blob(item, Format::wasi)) {
    if (item.blob->size > max_held_bytes)
      return std::format("The message has {} bytes, which is too much for a component.", item.blob->size);
    blob = mail::read_blob(guest, item.blob->size);
  }
  const auto received = protocol::to_wasi(item, std::move(blob));
  auto message = std::make_unique<Message>(ledger_, received.body);
  message->topic = received.topic;
  message->content_type = received.content_type;
  message->metadata = received.pairs;
  message->request = received.request;
  static const canonical::Function& function = types::handle<variant>;
  const auto name = canonical::find_export(guest, handler_interface, function.name);
  const Value arguments[] = {Value::number(instance_.handles().insert(types::message, std::move(message)))};
  canonical::ExportCall call(function, name, instance_, guest, arguments);
  std::optional<std::string> error;
  if (call.result().which() != 0) error = text_of(*call.result().payload());
  call.finish();
  return error;
}

/// Tells who waits for it what became of the message. Who wants a reply that the component can give gets none
/// of ours.
void Component::settle(Guest& guest, const Item& item, std::optional<std::string> error) {
  if (error) mail::print(guest, 1, std::format("handle has failed: {}", *error));
  const bool ours = error || item.settles || !replies_;
  if (item.request == 0 || replied_ || !ours) return;
  protocol::Outgoing out;
  out.format = Format::wasi;
  out.request = item.request;
  out.error = std::move(error);
  static_cast<void>(mail::respond(guest, std::move(out)));  // who asked may have gone
}

bool recognises(const ModuleShape& module) {
  return std::ranges::any_of(module.imports, [](const auto& import) { return is_ours(import.module); }) ||
         exports(module, "handle");
}

protocol::Result<std::unique_ptr<Personality>> make(const ModuleShape& module, std::string_view variant) {
  if (auto why = canonical::encoding_obstacle(module); !why.empty()) return fail(Status::invalid_code, why);
  const auto draft = std::ranges::find(drafts, variant, &Draft::name);
  if (!variant.empty() && draft == std::end(drafts))
    return fail(Status::invalid_code,
                std::format("There is no draft {} of wasi:messaging; there are A, B, C, D and E.",
                            protocol::shown(variant)));
  const auto name = canonical::find_export(module, handler_interface, "handle");
  const wasm::Signature wanted = canonical::export_signature(types::handle<Variant::e>);
  if (name.function.empty())
    return fail(Status::invalid_code,
                std::format("The module is a component of wasi:messaging, but exports no {}#handle.",
                            handler_interface));
  if (const auto& type = module.find_export(name.function)->type; type != wanted)
    return fail(Status::invalid_code, std::format("The module exports {} as {}, but its type is {}.",
                                                  name.function, wasm::text(type), wasm::text(wanted)));
  for (const auto& import : module.imports)
    if (is_ours(import.module))
      if (auto why = canonical::allocator_obstacle(module, true,
                                                   std::format("imports {} {}", import.module, import.name));
          !why.empty())
        return fail(Status::invalid_code, why);
  const bool replies = find_import(module, request_interface, "reply") != nullptr;
  return std::make_unique<Component>(variant.empty() ? detect(module) : draft->variant, replies);
}

}  // namespace celeriac::guest::wasi_messaging
