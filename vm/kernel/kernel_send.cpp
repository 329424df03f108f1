// From a process's hands to whom it is for.

#include <algorithm>
#include <format>
#include <utility>

#include "protocol/othismo.hpp"
#include "vm/kernel/kernel.hpp"

namespace celeriac::vm {

using protocol::fail;
using protocol::Failure;
using protocol::Outgoing;
using protocol::Result;
using protocol::Status;

namespace {

constexpr std::string_view topic_path = "/topic/";

/// What a failure is for somebody who asked over the wire.
constexpr std::pair<Failure, Status> statuses[] = {
    {Failure::offline, Status::offline},       {Failure::timeout, Status::timeout},
    {Failure::no_target, Status::not_found},   {Failure::denied, Status::denied},
    {Failure::full, Status::overloaded},       {Failure::too_large, Status::out_of_resources},
    {Failure::bad_message, Status::malformed}, {Failure::deadlock, Status::wrong_state},
    {Failure::trap, Status::failed},
};
Status status_of(Failure failure) {
  const auto row = std::ranges::find(statuses, failure, &std::pair<Failure, Status>::first);
  return row != std::end(statuses) ? row->second : Status::internal;
}

/// Objects of the namespace trust each other inside one image.
bool is_object(const ProcessName& name) {
  return name.publisher == "local" && name.package == "othismo";
}

}  // namespace

Address Kernel::resolve_node(Address address) const {
  if (address.node == our) address.node = options_.node;
  return address;
}

bool Kernel::is_system(const ProcessName& name) const {
  return name.publisher == "sys" && name.package == "distro";
}

void Kernel::offer(std::optional<ProcessName> name, std::string path, NativeObject& object) {
  natives_.push_back({std::move(name), std::move(path), &object});
}

const Kernel::Native* Kernel::native_at(std::string_view path) const {
  const Native* best = nullptr;
  for (const Native& native : natives_) {
    if (native.path.empty() || !path.starts_with(native.path)) continue;
    const bool whole =
        path.size() == native.path.size() || native.path.ends_with('/') || path[native.path.size()] == '/';
    if (whole && (best == nullptr || best->path.size() < native.path.size())) best = &native;
  }
  return best;
}

Result<Kernel::Target> Kernel::resolve(const Outgoing& message) const {
  Target target;
  if (message.to.starts_with('/')) {
    // A topic is opaque: what follows its path may be anything.
    const bool is_topic = message.to.starts_with(topic_path) && message.to.size() > topic_path.size();
    if (!is_topic)
      if (auto good = protocol::check_path(message.to); !good)
        return std::unexpected(std::move(good.error()));
    target.path = message.to;
    if (is_topic) {
      target.is_topic = true;
      target.topic = message.to.substr(topic_path.size());
      target.address = address_of(system_name("topic"));
      return target;
    }
    if (const auto found = paths_.find(message.to); found != paths_.end()) {
      target.process = processes_.at(number(found->second)).get();
      target.address = address_of(target.process->spec.name);
    } else if (const Native* native = native_at(message.to)) {
      target.native = native;
      target.rest = message.to.substr(native->path.size());
      target.address = address_of(native->name.value_or(name_of_path(native->path)));
    } else {
      target.address = address_of(name_of_path(message.to));
    }
    return target;
  }
  if (message.to.contains('@')) {
    auto address = parse_address(message.to);
    if (!address) return std::unexpected(std::move(address.error()));
    target.address = resolve_node(std::move(*address));
  } else {
    auto name = parse_process_name(message.to);
    if (!name) return std::unexpected(std::move(name.error()));
    target.address = address_of(*name);
  }
  if (target.address.node != options_.node) {
    target.elsewhere = true;
    return target;
  }
  const ProcessName& name = target.address.process;
  if (name == system_name("topic") && message.topic) {
    target.is_topic = true;
    target.topic = *message.topic;
    return target;
  }
  // The kernel's own process sends, and what is sent to its name goes to the object.
  const auto native = std::ranges::find_if(natives_, [&](const Native& row) { return row.name == name; });
  if (native != natives_.end()) {
    target.native = &*native;
  } else if (const auto found = names_.find(name); found != names_.end()) {
    target.process = processes_.at(number(found->second)).get();
    target.path = target.process->path;
  }
  return target;
}

std::optional<Kernel::Bounce> Kernel::refuse(const KernelProcess& sender, const Target& target,
                                             const Message& message) const {
  const bool trusted = sender.spec.kind == ProcessKind::client;
  const auto denied = [&](std::string_view what) {
    return Bounce{
        Failure::denied,
        std::format("{} may not send to {}: it lacks the capability {}.", sender.spec.name.text(),
                    message.target_path.empty() ? target.address.text() : message.target_path, what)};
  };
  if (target.elsewhere) {
    const std::string issuer = address_of(system_name("kernel")).text();
    if (trusted || sender.capabilities.holds(issuer, network_params)) return std::nullopt;
    return denied("of the network");
  }
  if (target.is_topic) {
    const auto may = may_use_topic(sender, target.topic, "publish");
    if (may) return std::nullopt;
    return Bounce{Failure::denied, may.error().message};
  }
  const std::string address = target.address.text();
  const auto may_message = [&] { return trusted || sender.capabilities.holds(address, messaging_params); };
  if (target.native != nullptr) {
    if (target.native->object->is_public() || may_message()) return std::nullopt;
    return denied("of messaging");
  }
  const KernelProcess* process = target.process;
  const bool there = process != nullptr && process->alive() &&
                     (process->state != KernelState::resting || process->spec.durable);
  if (!there)
    return Bounce{Failure::no_target,
                  std::format("There is no {}.", target.path.empty() ? address : target.path)};
  const bool among_objects = is_object(sender.spec.name) && is_object(process->spec.name);
  if (!process->spec.is_public && !among_objects && !may_message()) return denied("of messaging");
  const std::size_t bytes =
      message.content.body.size() + (message.blob ? message.blob->blob->bytes.size() : 0);
  if (process->mailbox.size() >= max_mailbox || process->mailbox_bytes + bytes > max_mailbox_bytes)
    return Bounce{Failure::full, std::format("The mailbox of {} is full: {} messages wait for it.", address,
                                             process->mailbox.size())};
  return std::nullopt;
}

std::uint64_t Kernel::fresh_id(const KernelProcess& process) {
  std::uint64_t id = 0;
  do id = world_.random();
  while (id == 0 || process.outstanding.contains(id));
  return id;
}

Kernel::Prepared Kernel::prepare(KernelProcess& sender, Outgoing out, Attached attached, bool awaited) {
  Prepared made;
  made.message = std::make_shared<Message>();
  Message& message = *made.message;
  auto target = resolve(out);
  made.replies = out.replies;
  if (target)
    made.target = std::move(*target);
  else
    made.bounce = Bounce{Failure::bad_message, target.error().message};

  if (out.expects) out.expects = std::clamp<std::int64_t>(*out.expects, 0, longest_expects);
  const bool inherits = out.inherit && sender.prompting != nullptr;
  message.source = {sender.id, address_of(sender.spec.name)};
  message.source_path = sender.path;
  message.target = {made.target.process != nullptr ? made.target.process->id : no_process,
                    made.target.address};
  message.target_path = out.to.starts_with('/') ? out.to : std::string();
  message.inherit = out.inherit;
  message.expects = out.expects;
  message.id = inherits && !out.expects ? sender.prompting->id : fresh_id(sender);
  if (attached.blob)
    message.blob = std::move(attached.blob);
  else if (out.inherit)
    message.blob = sender.current_blob;
  filter(sender, out);
  made.is_outstanding = out.expects.has_value();
  if (out.expects) {
    message.rsvp = message.source;
    if (out.rsvp && !awaited && *out.rsvp != sender.path) {
      // Somebody else is to have the response. It must be somebody whom the sender could write to himself.
      Outgoing to;
      to.to = *out.rsvp;
      const auto other = resolve(to);
      if (other && other->process != nullptr && !refuse(sender, *other, Message{})) {
        message.rsvp = Endpoint{other->process->id, other->address};
        made.is_outstanding = false;
      }
    }
  } else if (inherits) {
    message.rsvp = sender.prompting->rsvp;
  }
  message.content = static_cast<protocol::Content&&>(out);
  if (!made.bounce) made.bounce = refuse(sender, made.target, message);
  if (made.bounce && made.bounce->failure == Failure::denied)
    world_.print(&sender, 0, made.bounce->explanation);
  ++sender.sent;
  return made;
}

void Kernel::expect(KernelProcess& sender, MessageRef sent, std::optional<std::string> context, int replies) {
  if (sender.outstanding.size() >= max_outstanding) {
    // Those that are answered are about to go; of the others the oldest has waited longest.
    auto oldest = sender.outstanding.end();
    for (auto at = sender.outstanding.begin(); at != sender.outstanding.end(); ++at) {
      if (at->second.answered || at->second.awaited) continue;
      if (oldest == sender.outstanding.end() || at->second.serial < oldest->second.serial) oldest = at;
    }
    if (oldest != sender.outstanding.end())
      finish_outstanding(sender, oldest->first,
                         {oldest->second.sent, Failure::timeout,
                          "Too many requests wait for a response: this was the oldest."});
  }
  const Time deadline = world_.now() + std::chrono::milliseconds(*sent->expects);
  const std::uint64_t id = sent->id;
  sender.outstanding.insert_or_assign(id, Outstanding{.sent = std::move(sent),
                                                      .context = std::move(context),
                                                      .prompting = sender.prompting,
                                                      .deadline = deadline,
                                                      .serial = ++serial_,
                                                      .awaited = {},
                                                      .replies = std::max(replies, 1),
                                                      .answered = false});
  add_deadline(deadline, sender.id, id, false);
}

void Kernel::send(KernelProcess& sender, Outgoing message, Attached attached, Done done) {
  auto context = std::exchange(message.context, std::nullopt);
  const int replies = message.replies;
  Prepared prepared = prepare(sender, std::move(message), std::move(attached), false);
  if (prepared.is_outstanding) expect(sender, prepared.message, std::move(context), replies);
  dispatch(std::move(prepared), std::move(done));
}

bool Kernel::closes_a_cycle(const KernelProcess& sender, const KernelProcess& target) const {
  const KernelProcess* at = &target;
  for (std::size_t length = 0; length <= max_kernel_processes; ++length) {
    if (at == &sender) return true;
    if (at->awaiting == 0) return false;
    const auto waits = at->outstanding.find(at->awaiting);
    if (waits == at->outstanding.end()) return false;
    const auto next = processes_.find(number(waits->second.sent->target.id));
    if (next == processes_.end()) return false;
    at = next->second.get();
  }
  return false;
}

void Kernel::await(KernelProcess& sender, Outgoing message, Attached attached, ItemHandler outcome) {
  if (sender.awaiting != 0)
    return outcome(fail(Status::wrong_state, "The process waits for a response already."));
  if (!message.expects)
    return outcome(fail(Status::malformed, "A request that is waited for must say how long."));
  message.context.reset();
  const int replies = message.replies;
  Prepared prepared = prepare(sender, std::move(message), std::move(attached), true);
  const KernelProcess* target = prepared.target.process;
  if (target == &sender)
    return outcome(fail(Status::malformed, "A process that waits for itself would wait for ever."));
  if (!prepared.bounce && target != nullptr && closes_a_cycle(sender, *target))
    prepared.bounce =
        Bounce{Failure::deadlock, std::format("{} waits for {} already.", target->address, sender.address)};
  const std::uint64_t id = prepared.message->id;
  expect(sender, prepared.message, std::nullopt, replies);
  sender.outstanding.at(id).awaited = std::move(outcome);
  sender.awaiting = id;
  dispatch(std::move(prepared), [](const Result<void>&) {});
}

void Kernel::await_more(KernelProcess& sender, std::uint64_t request, ItemHandler outcome) {
  const auto found = sender.outstanding.find(request);
  if (sender.awaiting != 0 || found == sender.outstanding.end())
    return outcome(fail(Status::not_found, "No request of that number waits for another reply."));
  sender.awaiting = request;
  found->second.awaited = std::move(outcome);
  // What has come meanwhile is in the mailbox.
  const auto queued =
      std::ranges::find_if(sender.mailbox, [&](const MailItem& mail) { return mail.message->id == request; });
  if (queued == sender.mailbox.end()) return;
  MailItem mail = std::move(*queued);
  sender.mailbox.erase(queued);
  settle_await(sender, found->second, std::move(mail));
}

void Kernel::dispatch(Prepared prepared, Done done) {
  if (!prepared.bounce)
    return deliver(prepared.target, std::move(prepared.message), std::move(done), prepared.replies);
  const auto [failure, explanation] = *prepared.bounce;
  if (prepared.message->expects) {
    bounce(prepared.message, failure, explanation);
    return done({});
  }
  done(fail(status_of(failure), explanation));
}

void Kernel::deliver(const Target& target, MessageRef message, Done done, int replies) {
  if (target.elsewhere) {
    // Whether it has arrived is not known here; that it could not be sent is.
    world_.forward(message, [this, message](const Result<void>& sent) {
      if (!sent) undeliverable(message, Failure::offline, sent.error().message);
    });
    return done({});
  }
  if (target.is_topic) {
    publish(target.topic, message, replies);
    return done({});
  }
  if (target.native != nullptr) {
    deliver_native(*target.native, target.rest, std::move(message));
    return done({});
  }
  KernelProcess& process = *target.process;
  if (!process.spec.durable || message->stored != 0) {
    arrive(process, {std::move(message), std::nullopt, {}});
    return done({});
  }
  // It is there when it is on disk.
  auto stored = std::make_shared<Message>(*message);
  stored->stored = ++last_row_;
  world_.keep_message(stored,
                      [this, stored, id = process.id, done = std::move(done)](Result<void> kept) mutable {
                        KernelProcess* there = find(id);
                        if (!kept) {
                          bounce(stored, Failure::too_large, kept.error().message);
                        } else if (there == nullptr) {
                          bounce(stored, Failure::no_target, "The process has ended.");
                          world_.forget_message(stored->stored);
                        } else {
                          arrive(*there, {stored, std::nullopt, {}});
                        }
                        done(std::move(kept));
                      });
}

void Kernel::deliver_native(const Native& native, std::string rest, MessageRef message) {
  const Endpoint from{no_process, address_of(native.name.value_or(name_of_path(native.path)))};
  std::string path = message->target_path.empty() ? native.path : message->target_path;
  native.object->receive(
      {.message = message,
       .sender = find(message->source.id),
       .rest = rest,
       .answer = [this, message, from, path = std::move(path)](Result<NativeReply> reply) mutable {
         if (!message->rsvp) return;
         if (!reply && reply.error().status == Status::denied)
           world_.print(find(message->source.id), 0, reply.error().message);
         if (!reply) reply = NativeReply{.content = refusal(*message, reply.error()), .blob = {}};
         route_response(make_response(from, std::move(path), *message, std::move(reply->content),
                                      std::move(reply->blob)),
                        [](const Result<void>&) {});
       }});
}

std::shared_ptr<Message> Kernel::make_response(Endpoint from, std::string from_path, const Message& request,
                                               protocol::Content content, std::optional<BlobRef> blob) const {
  auto made = std::make_shared<Message>();
  made->id = request.id;
  made->response = true;
  made->source = std::move(from);
  made->source_path = std::move(from_path);
  made->target = request.rsvp.value_or(request.source);
  made->content = std::move(content);
  made->blob = std::move(blob);
  return made;
}

void Kernel::respond(KernelProcess& sender, Outgoing out, Attached attached, Done done) {
  MessageRef request = sender.prompting;
  if (out.request != 0) {
    const auto found = sender.answerable.find(out.request);
    if (found == sender.answerable.end()) return done({});  // nobody waits any more
    request = found->second;
  }
  if (request == nullptr) {
    world_.print(&sender, 0, "has sent a response, and there is no request that it could answer: dropped.");
    return done({});
  }
  std::optional<BlobRef> blob = std::move(attached.blob);
  if (!blob && out.inherit) blob = sender.current_blob;
  filter(sender, out);
  ++sender.sent;
  auto message = make_response({sender.id, address_of(sender.spec.name)}, sender.path, *request,
                               static_cast<protocol::Content&&>(out), std::move(blob));
  message->inherit = out.inherit;
  const auto client = [](const KernelProcess* process) {
    return process != nullptr && process->spec.kind == ProcessKind::client;
  };
  // Clients are people's, who hold everything; whoever answers one does what he was asked to.
  if (options_.strict_responses && !client(&sender) && !client(find(message->target.id)) &&
      !sender.capabilities.holds(message->target.address.text(), messaging_params)) {
    world_.print(&sender, 0,
                 std::format("may not respond to {}: it lacks the capability of messaging.",
                             message->target.address.text()));
    return done({});
  }
  route_response(std::move(message), std::move(done));
}

void Kernel::route_response(MessageRef message, Done done) {
  const Address& to = message->target.address;
  if (to.node != options_.node) {
    world_.forward(message, [this, message](const Result<void>& sent) {
      if (!sent) undeliverable(message, Failure::offline, sent.error().message);
    });
    return done({});
  }
  if (to.process == system_name("topic")) {
    settle(*message);
    return done({});
  }
  KernelProcess* process = find(to.process);
  if (process == nullptr || !process->alive()) return done({});
  Target target;
  target.process = process;
  target.address = to;
  // A response belongs to a run that waits for it: only an object, whose memory outlives the run, gets it
  // from the disk.
  const bool waited_for = process->outstanding.contains(message->id);
  if (process->spec.durable && !waited_for) return deliver(target, std::move(message), std::move(done), 0);
  arrive(*process, {std::move(message), std::nullopt, {}});
  done({});
}

void Kernel::commit(KernelProcess& process, std::string snapshot,
                    std::vector<std::pair<Outgoing, Attached>> outbox, Done done) {
  const auto dealt_with = std::exchange(process.in_hand, nullptr);
  Commit commit{.snapshot = std::move(snapshot),
                .dealt_with = dealt_with != nullptr ? dealt_with->stored : 0,
                .outbox = {}};
  process.cut_short = 0;
  std::vector<Leaving> leaving;
  for (auto& [message, attached] : outbox) {
    Leaving one{.message = {}, .to = message.to, .bounce = {}, .replies = message.replies};
    std::shared_ptr<Message> made;
    if (message.request != 0) {  // a response
      const auto found = process.answerable.find(message.request);
      if (found == process.answerable.end()) continue;
      filter(process, message);
      made = make_response({process.id, address_of(process.spec.name)}, process.path, *found->second,
                           static_cast<protocol::Content&&>(message), std::move(attached.blob));
    } else {
      auto context = std::exchange(message.context, std::nullopt);
      Prepared prepared = prepare(process, std::move(message), std::move(attached), false);
      made = std::move(prepared.message);
      if (prepared.is_outstanding) expect(process, made, std::move(context), one.replies);
      one.bounce = std::move(prepared.bounce);
    }
    made->stored = ++last_row_;
    if (!one.bounce) commit.outbox.push_back(made);
    one.message = std::move(made);
    leaving.push_back(std::move(one));
  }
  world_.commit(process, std::move(commit),
                [this, leaving = std::move(leaving), done = std::move(done)](Result<void> committed) mutable {
                  if (!committed) return done(std::move(committed));
                  for (Leaving& one : leaving) leave(std::move(one));
                  done({});
                });
}

/// A message that is on disk goes its way. Its target is looked for again: it may have gone meanwhile.
void Kernel::leave(Leaving one) {
  const std::uint64_t row = one.message->stored;
  const KernelProcess* target = find(one.message->target.address.process);
  const bool stays = !one.bounce && target != nullptr && target->spec.durable && target->alive();
  if (one.message->response) {
    route_response(one.message, [](const Result<void>&) {});
  } else {
    Outgoing to;
    to.to = std::move(one.to);
    to.topic = one.message->content.topic;
    auto found = resolve(to);
    if (!one.bounce && !found) one.bounce = Bounce{Failure::bad_message, found.error().message};
    if (!one.bounce && found->process == nullptr && !found->is_topic && !found->elsewhere &&
        found->native == nullptr)
      one.bounce = Bounce{Failure::no_target, std::format("There is no {}.", to.to)};
    if (one.bounce)
      bounce(one.message, one.bounce->failure, one.bounce->explanation);
    else
      deliver(*found, one.message, [](const Result<void>&) {}, one.replies);
  }
  if (!stays) world_.forget_message(row);
}

void Kernel::restore_message(std::shared_ptr<Message> message) {
  last_row_ = std::max(last_row_, message->stored);
  KernelProcess* process = find(message->target.address.process);
  if (process != nullptr && process->spec.durable)
    return arrive(*process, {std::move(message), std::nullopt, {}});
  // It had left its sender for good: it goes to whoever is there now.
  leave({.message = message,
         .to = message->target_path.empty() ? message->target.address.text() : message->target_path,
         .bounce = {},
         .replies = 0});
}

Result<void> Kernel::arrive_from_elsewhere(std::shared_ptr<Message> message) {
  message->target.address = resolve_node(message->target.address);
  if (message->source.address.node == options_.node)
    return fail(Status::denied, "Nobody else speaks for this node.");
  message->source.id = no_process;
  message->source_path.clear();
  // What claims to be issued here would need our signature: other nodes cannot make rights of ours.
  std::erase_if(message->content.capabilities, [&](const protocol::Capability& capability) {
    return capability.issuer.starts_with(options_.node + '@') || capability.issuer.starts_with("our@");
  });
  if (message->response) {
    route_response(std::move(message), [](const Result<void>&) {});
    return {};
  }
  KernelProcess* process = find(message->target.address.process);
  const bool may = process != nullptr && process->alive() && process->spec.kind == ProcessKind::guest &&
                   process->capabilities.holds(address_of(system_name("kernel")).text(), network_params);
  if (!may) {
    world_.print(
        process, 1,
        std::format("A message of {} for {} was dropped: there is no such process that may use the network.",
                    message->source.address.text(), message->target.address.text()));
    return fail(Status::not_found, "There is no such process that may use the network.");
  }
  if (process->mailbox.size() >= max_mailbox) {
    world_.print(process, 1, "Its mailbox is full: a message from another node was dropped.");
    return fail(Status::overloaded, "The mailbox is full.");
  }
  if (message->expects && !message->rsvp) message->rsvp = message->source;
  message->target.id = process->id;
  Target target;
  target.process = process;
  target.address = message->target.address;
  deliver(target, std::move(message), [](const Result<void>&) {}, 0);
  return {};
}

void Kernel::fail_request(const ProcessName& requester, std::uint64_t id, Failure failure,
                          std::string explanation) {
  KernelProcess* process = find(requester);
  if (process == nullptr) return;
  const auto entry = process->outstanding.find(id);
  if (entry == process->outstanding.end() || entry->second.answered) return;
  finish_outstanding(*process, id, {entry->second.sent, failure, std::move(explanation)});
}

std::vector<std::string> Kernel::native_paths() const {
  std::vector<std::string> made;
  for (const Native& native : natives_)
    if (!native.path.empty()) made.push_back(native.path);
  return made;
}

void Kernel::undeliverable(const MessageRef& message, Failure failure, std::string explanation) {
  if (!message->response) return bounce(message, failure, std::move(explanation));
  // The responder may try again: what it answered becomes what it deals with, once more.
  KernelProcess* process = find(message->source.id);
  if (process == nullptr) return;
  enqueue(*process, {message, failure, std::move(explanation)});
  hand_out(*process);
}

void Kernel::bounce(const MessageRef& message, Failure failure, std::string explanation) {
  if (!message->rsvp) return;
  if (message->rsvp->address.process == system_name("topic")) {
    Message answer;
    answer.id = message->id;
    answer.content.error = std::move(explanation);
    return settle(answer);
  }
  KernelProcess* process = find(message->rsvp->id);
  if (process == nullptr || process->address != message->rsvp->address.text()) return;
  if (const auto entry = process->outstanding.find(message->id);
      entry != process->outstanding.end() && !entry->second.answered)
    finish_outstanding(*process, message->id, {entry->second.sent, failure, std::move(explanation)});
}

}  // namespace celeriac::vm
