// Mailboxes: what arrives, what waits, what is handed out, and whose time is over.

#include <algorithm>
#include <format>

#include "vm/kernel/kernel.hpp"

namespace celeriac::vm {

using protocol::fail;
using protocol::Failure;
using protocol::Item;
using protocol::ItemType;
using protocol::Status;

namespace {

std::size_t bytes_of(const MailItem& mail) {
  return mail.message->content.body.size() +
         (mail.message->blob ? mail.message->blob->blob->bytes.size() : 0);
}

}  // namespace

void Kernel::arrive(KernelProcess& process, MailItem mail) {
  if (mail.message->response) {
    const auto found = process.outstanding.find(mail.message->id);
    if (found == process.outstanding.end()) {
      // Late, a second one, or nobody asked. An object may have asked in an earlier life, and knows by the
      // number.
      if (!process.spec.durable) return;
    } else if (found->second.answered) {
      return;
    } else if (found->second.awaited) {
      return settle_await(process, found->second, std::move(mail));
    } else if (--found->second.replies == 0) {
      found->second.answered = true;
      deadline_dropped();
    }
  }
  enqueue(process, std::move(mail));
  hand_out(process);
}

void Kernel::enqueue(KernelProcess& process, MailItem mail) {
  process.mailbox_bytes += bytes_of(mail);
  process.mailbox.push_back(std::move(mail));
}

void Kernel::finish_outstanding(KernelProcess& process, std::uint64_t id, MailItem mail) {
  Outstanding& entry = process.outstanding.at(id);
  if (entry.awaited) return settle_await(process, entry, std::move(mail));
  entry.answered = true;
  deadline_dropped();
  enqueue(process, std::move(mail));
  hand_out(process);
}

void Kernel::settle_await(KernelProcess& process, Outstanding& entry, MailItem mail) {
  ItemHandler outcome = std::exchange(entry.awaited, {});
  process.awaiting = 0;
  Item item = item_of(process, mail);
  process.prompting = entry.prompting;
  process.current_blob = mail.failure ? std::nullopt : mail.message->blob;
  process.item_blob = mail.message->blob;
  if (process.current_blob) process.last_blob = process.current_blob;
  if (!mail.failure) note_offered(process, mail.message->content);
  ++process.received;
  if (!mail.failure && entry.replies > 1) {
    --entry.replies;
    item.request = entry.sent->id;  // one more may come
  } else {
    process.outstanding.erase(entry.sent->id);
    deadline_dropped();
  }
  outcome(std::move(item));
}

void Kernel::receive(KernelProcess& process, std::chrono::milliseconds patience, ItemHandler item) {
  if (process.receiver) return item(fail(Status::wrong_state, "The process waits for a message already."));
  process.receiver = std::move(item);
  ++process.receive_serial;
  hand_out(process);
  if (!process.receiver || patience < std::chrono::milliseconds::zero()) return;
  add_deadline(world_.now() + patience, process.id, process.receive_serial, true);
}

void Kernel::hand_out(KernelProcess& process) {
  while (process.receiver && !process.mailbox.empty()) {
    MailItem mail = std::move(process.mailbox.front());
    process.mailbox.pop_front();
    process.mailbox_bytes -= bytes_of(mail);
    Item item;
    if (!take(process, mail, item)) continue;
    ++process.received;
    ItemHandler receiver = std::exchange(process.receiver, {});
    receiver(std::move(item));
    return;
  }
}

/// What taking an item changes in the process. False: it is discarded.
bool Kernel::take(KernelProcess& process, MailItem& mail, Item& item) {
  const MessageRef& message = mail.message;
  item = item_of(process, mail);
  if (process.spec.durable) process.in_hand = message;
  if (!message->response && !mail.failure) {
    process.current_blob = message->blob;
    note_offered(process, message->content);
    if (message->rsvp) {
      process.prompting = message;
      item.request = message->id;
      if (process.answerable.emplace(message->id, message).second)
        process.answerable_order.push_back(message->id);
      if (process.answerable_order.size() > max_answerable) {
        process.answerable.erase(process.answerable_order.front());
        process.answerable_order.pop_front();
      }
    }
  } else if (message->response && mail.failure) {
    // Our own response has not reached the other node: what it answered is dealt with once more.
    if (const auto request = process.answerable.find(message->id); request != process.answerable.end())
      process.prompting = request->second;
    process.current_blob.reset();
  } else {
    const auto found = process.outstanding.find(message->id);
    if (found != process.outstanding.end()) {
      process.prompting = found->second.prompting;
      item.context = found->second.context;
      if (found->second.answered) process.outstanding.erase(found);
    } else if (!process.spec.durable) {
      return false;
    }
    process.current_blob = mail.failure ? std::nullopt : message->blob;
    if (!mail.failure) note_offered(process, message->content);
    item.request = message->id;
  }
  process.item_blob = message->blob;
  if (process.current_blob) process.last_blob = process.current_blob;
  return true;
}

Item Kernel::item_of(const KernelProcess&, const MailItem& mail) const {
  const Message& message = *mail.message;
  Item item;
  static_cast<protocol::Content&>(item) = message.content;
  item.type = mail.failure ? ItemType::error : message.response ? ItemType::response : ItemType::request;
  item.source = message.source.address.text();
  item.source_path = message.source_path;
  item.inherit = message.inherit;
  item.expects = message.expects;
  item.settles = !message.response && message.rsvp && message.rsvp->address.process == system_name("topic");
  if (message.blob) item.blob = protocol::BlobInfo{message.blob->mime, message.blob->blob->bytes.size()};
  if (mail.failure) {
    item.failure = *mail.failure;
    item.explanation = mail.explanation;
    item.target = message.target.address.text();
    item.of_response = message.response;
  }
  return item;
}

void Kernel::stop_waiting(KernelProcess& process) {
  std::vector<ItemHandler> waiting;
  if (process.receiver) waiting.push_back(std::exchange(process.receiver, {}));
  for (auto& [id, entry] : process.outstanding)
    if (entry.awaited) waiting.push_back(std::exchange(entry.awaited, {}));
  process.awaiting = 0;
  for (auto& handler : waiting) handler(fail(Status::cancelled, "The process has ended."));
}

void Kernel::add_deadline(Time deadline, ProcessId process, std::uint64_t id, bool receive) {
  deadlines_.push_back({deadline, process, id, receive});
  std::ranges::push_heap(deadlines_, later);
  if (deadline < alarm_) world_.set_alarm(alarm_ = deadline);
}

bool Kernel::is_due(const Deadline& deadline) {
  KernelProcess* process = find(deadline.process);
  if (process == nullptr) return false;
  if (deadline.receive) return process->receiver && process->receive_serial == deadline.id;
  const auto found = process->outstanding.find(deadline.id);
  return found != process->outstanding.end() && !found->second.answered &&
         found->second.deadline == deadline.time;
}

void Kernel::deadline_dropped() {
  // Most requests are answered long before their time: a sweep at half keeps the heap within twice the live
  // ones.
  constexpr std::size_t least = 1024;
  if (++dropped_deadlines_ < least || dropped_deadlines_ * 2 < deadlines_.size()) return;
  std::erase_if(deadlines_, [this](const Deadline& deadline) { return !is_due(deadline); });
  std::ranges::make_heap(deadlines_, later);
  dropped_deadlines_ = 0;
}

void Kernel::run_deadlines() {
  graveyard_.clear();
  const Time now = world_.now();
  while (!deadlines_.empty() && deadlines_.front().time <= now) {
    std::ranges::pop_heap(deadlines_, later);
    const Deadline deadline = deadlines_.back();
    deadlines_.pop_back();
    if (!is_due(deadline)) continue;
    KernelProcess& process = *find(deadline.process);
    if (deadline.receive) {
      std::exchange(process.receiver, {})(fail(Status::timeout, "Nothing has come in this time."));
      continue;
    }
    const MessageRef sent = process.outstanding.at(deadline.id).sent;
    finish_outstanding(
        process, deadline.id,
        {sent, Failure::timeout,
         std::format("{} has not answered within {} ms.", sent->target.address.text(), *sent->expects)});
  }
  while (!restarts_.empty() && restarts_.begin()->first <= now) {
    const ProcessId id = restarts_.begin()->second;
    restarts_.erase(restarts_.begin());
    KernelProcess* process = find(id);
    if (process != nullptr && process->state == KernelState::resting)
      start(*process, [](const protocol::Result<void>&) {});
  }
  run_settlements(now);
  alarm_ = Time::max();
  if (!deadlines_.empty()) alarm_ = deadlines_.front().time;
  if (!restarts_.empty()) alarm_ = std::min(alarm_, restarts_.begin()->first);
  if (!graveyard_.empty()) alarm_ = now;
  if (alarm_ != Time::max()) world_.set_alarm(alarm_);
}

}  // namespace celeriac::vm
