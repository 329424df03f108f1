#include "protocol/registers.hpp"

#include <format>
#include <utility>

#include "protocol/log_tap.hpp"

namespace celeriac::protocol {

using namespace literals;

struct Registers::Register {
  std::string name;
  Json value;
  std::int64_t time = 0;
  bool stream = false;  // entries queue
  Reader reader;
  std::vector<std::weak_ptr<Opened>> watchers;
};

/// What a REGISTER.SET tells.
struct Registers::Change {
  Json value;
  std::int64_t time = 0;
};

/// A register that a stream has open.
struct Registers::Opened {
  std::uint16_t id = 0;
  std::weak_ptr<Session> session;
  std::shared_ptr<Register> reg;
  bool watched = false;
  bool unanswered = false;   // a REGISTER.SET is on its way
  bool stale = false;        // the value changed since
  std::deque<Change> queue;  // of a stream register only
  std::size_t dropped = 0;
};

struct Registers::StreamRegisters {
  std::map<std::uint16_t, std::shared_ptr<Opened>> opened;
  std::uint16_t last_id = 0;
};

namespace {

Error no_such_id(std::uint16_t id) {
  return {.status = Status::not_found,
          .message = std::format("No register is open as {} on this stream: open it with REGISTER.NEW.", id)};
}

}  // namespace

Registers::Registers() {
  ensure("log").stream = true;
}
Registers::~Registers() = default;

Registers::Register& Registers::ensure(std::string_view name) {
  auto found = table_.find(name);
  if (found == table_.end()) {
    found = table_.emplace(std::string(name), std::make_shared<Register>()).first;
    found->second->name = name;
    found->second->time = now_milliseconds();
  }
  return *found->second;
}

void Registers::publish(std::string_view name, Json value) {
  auto& reg = ensure(name);
  if (reg.value == value) return;
  reg.value = std::move(value);
  changed(reg);
}

void Registers::provide(std::string_view name, Reader reader) {
  ensure(name).reader = std::move(reader);
}

void Registers::touch(std::string_view name) {
  if (const auto found = table_.find(name); found != table_.end()) changed(*found->second);
}

void Registers::changed(Register& reg) {
  reg.time = now_milliseconds();
  if (reg.watchers.empty()) return;
  std::erase_if(reg.watchers, [](const auto& watcher) { return watcher.expired(); });
  // Pushing may call back into publish(), so the list is not walked itself.
  const auto watchers = reg.watchers;
  for (const auto& weak : watchers) {
    if (const auto opened = weak.lock()) {
      opened->stale = true;
      push(opened);
    }
  }
}

bool Registers::watched(std::string_view name) const {
  const auto found = table_.find(name);
  if (found == table_.end()) return false;
  auto& watchers = found->second->watchers;
  std::erase_if(watchers, [](const auto& weak) { return weak.expired(); });
  return !watchers.empty();
}

void Registers::append(std::string_view name, Json entry) {
  auto& reg = ensure(name);
  reg.stream = true;
  if (entry.is_null()) return;
  reg.value = std::move(entry);
  reg.time = now_milliseconds();
  if (name == "log") tell_log_tap(reg.value);
  std::erase_if(reg.watchers, [](const auto& watcher) { return watcher.expired(); });
  const auto watchers = reg.watchers;
  for (const auto& weak : watchers) {
    const auto opened = weak.lock();
    if (opened == nullptr) continue;
    if (opened->queue.size() >= max_queued_log) {
      opened->queue.pop_front();
      ++opened->dropped;
    }
    opened->queue.push_back({reg.value, reg.time});
    push(opened);
  }
}

void Registers::remove(std::string_view name) {
  const auto found = table_.find(name);
  if (found == table_.end()) return;
  const auto kept = found->second;
  table_.erase(found);
  kept->reader = nullptr;
  kept->value = nullptr;
  changed(*kept);
}

const Json& Registers::value(std::string_view name) const {
  static const Json absent;
  const auto found = table_.find(name);
  return found != table_.end() ? found->second->value : absent;
}

bool Registers::contains(std::string_view name) const {
  return table_.contains(name);
}

void Registers::resolve_with(Resolver resolver) {
  resolver_ = std::move(resolver);
}

void Registers::push(const std::shared_ptr<Opened>& opened) {
  static const Operation& set = "REGISTER.SET"_op;
  const auto session = opened->session.lock();
  if (session == nullptr || !session->open() || !opened->watched || opened->unanswered) return;
  const bool stream = opened->reg->stream;
  if (stream ? opened->queue.empty() : !opened->stale) return;
  opened->unanswered = true;
  opened->stale = false;
  const auto send = [opened, session, this](const Change& change) {
    if (!opened->watched) return;  // closed while its value was made
    auto payload = encode_id(opened->id) + to_bson({{"value", change.value}, {"time", change.time}});
    if (payload.size() > max_payload)
      payload =
          encode_id(opened->id) + to_bson({{"value", nullptr}, {"time", change.time}, {"too_long", true}});
    session->request(set, payload, [opened, this](Reply) {
      opened->unanswered = false;
      push(opened);
    });
  };
  if (stream) {
    Change entry = std::move(opened->queue.front());
    opened->queue.pop_front();
    if (const auto dropped = std::exchange(opened->dropped, 0); dropped != 0 && entry.value.is_object())
      entry.value["dropped"] = dropped;
    send(entry);
  } else if (opened->reg->reader) {
    opened->reg->reader(
        [send, opened](Result<Json> value) { send({value ? *value : Json(nullptr), opened->reg->time}); });
  } else {
    send({opened->reg->value, opened->reg->time});
  }
}

void Registers::open(Request& request, Responder responder) {
  auto& stream = request.session->local<StreamRegisters>();
  if (stream.opened.size() >= max_open_registers)
    return responder.fail(
        {.status = Status::overloaded,
         .message = std::format("A stream may have {} registers open: close some with REGISTER.RM.",
                                max_open_registers)});
  const auto found = table_.find(request.arguments.string("name"));
  do ++stream.last_id;
  while (stream.last_id == 0 || stream.opened.contains(stream.last_id));
  auto opened = std::make_shared<Opened>();
  opened->id = stream.last_id;
  opened->session = request.session;
  opened->reg = found->second;
  stream.opened.emplace(opened->id, opened);
  responder.ok(opened->id);
}

void Registers::install(Dispatcher& dispatcher) {
  dispatcher.on("REGISTER.NEW"_op, [this](Request& request, Responder responder) {
    const auto name = request.arguments.string("name");
    if (table_.contains(name)) return open(request, std::move(responder));
    const auto unknown = [name] {
      return Error{.status = Status::not_found, .message = std::format("There is no register \"{}\".", name)};
    };
    if (!resolver_) return responder.fail(unknown());
    resolver_(name, [this, request, unknown, name, held = std::move(responder)](Result<void> ready) mutable {
      request.payload = {};
      if (!request.session->open()) return held.ok();
      if (!ready) return held.fail(ready.error());
      if (!table_.contains(name)) return held.fail(unknown());
      open(request, std::move(held));
    });
  });

  const auto with_opened = [](auto serve) {
    return [serve](Request& request, Responder responder) {
      auto& stream = request.session->local<StreamRegisters>();
      const auto found = stream.opened.find(request.arguments.id());
      if (found == stream.opened.end()) return responder.fail(no_such_id(request.arguments.id()));
      serve(stream, found->second, std::move(responder));
    };
  };

  dispatcher.on("REGISTER.READ"_op,
                with_opened([](StreamRegisters&, std::shared_ptr<Opened> opened, Responder responder) {
                  auto answer = [reg = opened->reg, held = std::move(responder)](Result<Json> value) mutable {
                    if (!value) return held.fail(value.error());
                    held.document({{"name", reg->name}, {"value", std::move(*value)}, {"time", reg->time}});
                  };
                  if (opened->reg->reader)
                    opened->reg->reader(std::move(answer));
                  else
                    answer(opened->reg->value);
                }));

  dispatcher.on("REGISTER.WATCH"_op,
                with_opened([](StreamRegisters&, std::shared_ptr<Opened> opened, Responder responder) {
                  auto& watchers = opened->reg->watchers;
                  // Those of streams that have ended go here too: a register may never change.
                  std::erase_if(watchers, [](const auto& weak) { return weak.expired(); });
                  if (!std::exchange(opened->watched, true)) watchers.push_back(opened);
                  responder.ok();
                }));

  dispatcher.on("REGISTER.RM"_op,
                with_opened([](StreamRegisters& stream, std::shared_ptr<Opened> opened, Responder responder) {
                  std::erase_if(opened->reg->watchers,
                                [&](const auto& weak) { return weak.expired() || weak.lock() == opened; });
                  opened->watched = false;
                  stream.opened.erase(opened->id);
                  responder.ok();
                }));
}

}  // namespace celeriac::protocol
