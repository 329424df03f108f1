#include "guest/instance.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <format>
#include <utility>

#include "protocol/payload.hpp"

namespace celeriac::guest {
using protocol::Error;
using protocol::Operation;
using protocol::Reply;
using protocol::Status;
using namespace protocol::literals;

namespace {

/// Bytes of a process's number before each envelope of an outbox.
constexpr std::size_t entry_head = 2;

/// It could not be made.
struct Refused {
  Error error;
};

/// Longest time that a timer is set for; a guest that sleeps longer sleeps again.
constexpr auto longest_nap = std::chrono::hours(24);

/// A BSON document begins with its length.
bool whole_document(std::string_view bytes) {
  std::uint32_t length = 0;
  if (bytes.size() < sizeof length) return false;
  std::memcpy(&length, bytes.data(), sizeof length);
  if constexpr (std::endian::native == std::endian::big) length = std::byteswap(length);
  return bytes.size() >= length;
}

std::string explain(std::string_view function, const wasm::GuestFault& fault) {
  return std::format("Its function {} trapped: {}.", function, fault.message);
}

}  // namespace

std::string_view name(How how) noexcept {
  constexpr std::string_view names[] = {"returned", "trap", "refused", "killed"};
  return names[static_cast<std::size_t>(how)];
}

Instance::Instance(Surroundings& surroundings, StartOrder order)
    : surroundings_(surroundings),
      order_(std::move(order)),
      messages_(std::max(1.0, order_.messages_per_second),
                std::max(1.0, order_.messages_per_second * message_burst_seconds)),
      fiber_([this] { live(); }, surroundings.stack_bytes) {}

Instance::~Instance() = default;

// ---- life ----------------------------------------------------------------------------------------

void Instance::run() {
  const auto self = shared_from_this();
  fiber_.resume();
  if (fiber_.finished()) finish();
}

void Instance::live() {
  try {
    prepare();
    started_ = true;
    surroundings_.owner.started(*this);
    personality_->run(*this);
    end_ = {How::returned, ""};
  } catch (const Refused& refused) {
    end_ = {How::refused, refused.error.message};
    refusal_ = refused.error;
  } catch (const Trap& trap) {
    end_ = {How::trap, trap.why};
  } catch (const Ended& ended) {
    end_ = {How::returned, ended.code == 0 ? "" : std::format("It exited with status {}.", ended.code)};
  } catch (const std::bad_alloc&) {
    end_ = {How::trap, "There was no memory left for what it asked for."};
  } catch (const std::exception& error) {
    end_ = {How::trap, std::format("The worker failed, which is a defect of it: {}.", error.what())};
  }
  if (killed_) end_ = *killed_;
  // What the guest held ends on its own stack: an engine instance may have frames of it open until here.
  personality_.reset();
  code_.reset();
  committed_.reset();
}

void Instance::finish() {
  if (std::exchange(ended_, true)) return;
  if (!started_ && end_.how != How::refused)
    refusal_ = {.status = end_.how == How::killed ? Status::cancelled : Status::invalid_code,
                .message = end_.message.empty() ? "It ended before it ran." : end_.message};
  rests();
  surroundings_.owner.ended(*this);
}

void Instance::kill(InstanceEnd why) {
  if (ended_ || killed_) return;
  killed_ = std::move(why);
  go_on();
}

void Instance::pause(std::move_only_function<void()> resting) {
  paused_ = true;
  resting_.push_back(std::move(resting));
  if (waiting_ || ended_) rests();
}

void Instance::resume() {
  paused_ = false;
  go_on();
}

void Instance::rests() {
  for (auto& tell_of_it : std::exchange(resting_, {})) tell_of_it();
}

// ---- waiting -------------------------------------------------------------------------------------

Instance::Ticket Instance::begin_wait() noexcept {
  last_ticket_ = Ticket{static_cast<std::uint64_t>(last_ticket_) + 1};
  woken_ = false;
  return ticket_ = last_ticket_;
}

/// On the fiber. Until the ticket's wake(), for as long as it is to rest, or until it is killed: throws
/// Ended.
void Instance::wait() {
  waiting_ = true;
  while (!killed_ && (!woken_ || paused_)) {
    if (paused_) rests();
    Fiber::suspend();  // throws Killed when the worker itself goes
  }
  waiting_ = false;
  ticket_ = Ticket::none;
  if (killed_) throw Ended{};
}

/// From the loop, never from a fiber.
void Instance::wake(Ticket ticket) {
  if (ticket != ticket_ || ticket == Ticket::none) return;
  woken_ = true;
  go_on();
}

void Instance::go_on() {
  if (!waiting_ || fiber_.finished()) return;
  if (!killed_ && (!woken_ || paused_)) return;
  const auto self = shared_from_this();
  fiber_.resume();
  if (fiber_.finished()) finish();
}

void Instance::checkpoint() {
  if (killed_) throw Ended{};
  if (!paused_) return;
  begin_wait();
  woken_ = true;
  wait();
}

wasm::HostOutcome Instance::refuel(void* instance) noexcept {
  auto& self = *static_cast<Instance*>(instance);
  try {
    self.end_slice();
    return wasm::HostOutcome::go_on;
  } catch (...) {
    self.thrown_ = std::current_exception();
    return wasm::HostOutcome::stop;
  }
}

/// Lets everybody else have a turn.
void Instance::end_slice() {
  if (code_) memory_bytes_ = code_->memory().size();
  turn_ = begin_wait();
  surroundings_.owner.wants_turn(*this);
  wait();
}

void Instance::sleep(std::chrono::nanoseconds time) {
  checkpoint();
  wait_until(begin_wait(), time);
}

/// Waits for the ticket, and at most so long.
void Instance::wait_until(Ticket ticket, std::chrono::nanoseconds time) {
  const auto until = std::chrono::steady_clock::now() +
                     std::clamp<std::chrono::nanoseconds>(time, std::chrono::nanoseconds(0), longest_nap);
  if (!timer_) timer_ = std::make_unique<boost::asio::steady_timer>(surroundings_.io);
  timer_->expires_at(until);
  timer_->async_wait([weak = weak_from_this(), ticket](const boost::system::error_code& error) {
    if (error) return;
    if (const auto self = weak.lock()) self->wake(ticket);
  });
  try {
    wait();
  } catch (...) {
    timer_->cancel();
    throw;
  }
  timer_->cancel();
}

// ---- the wire ------------------------------------------------------------------------------------

/// Holds a guest back that sends more than it may.
void Instance::throttle(const Operation& operation) {
  if (operation.payload != protocol::Payload::id_and_envelope) return;
  while (!messages_.take(std::chrono::steady_clock::now()))
    sleep(messages_.wait(std::chrono::steady_clock::now()));
}

Reply Instance::ask(const Operation& operation, std::string payload) {
  checkpoint();
  throttle(operation);
  const Ticket ticket = begin_wait();
  surroundings_.session->request(operation, payload, [weak = weak_from_this(), ticket](Reply reply) {
    const auto self = weak.lock();
    if (!self || self->ticket_ != ticket) return;
    self->reply_ = std::move(reply);
    self->wake(ticket);
  });
  payload = {};  // it may sleep for long
  wait();
  return std::exchange(reply_, {});
}

void Instance::tell(const Operation& operation, std::string payload) {
  checkpoint();
  throttle(operation);
  while (told_ >= max_told) {
    tells_ = begin_wait();
    wait();
  }
  ++told_;
  surroundings_.session->request(operation, payload, [weak = weak_from_this(), &operation](Reply reply) {
    const auto self = weak.lock();
    if (!self) return;
    --self->told_;
    if (!reply.ok())
      spdlog::debug("{}: {}: {}", self->identity().address, operation.long_name, reply.error().message);
    self->wake(std::exchange(self->tells_, Ticket::none));
  });
}

void Instance::begin(const Operation& operation, std::string payload, std::uint64_t number) {
  checkpoint();
  throttle(operation);
  surroundings_.session->request(operation, payload, [weak = weak_from_this(), number](Reply reply) {
    const auto self = weak.lock();
    if (!self) return;
    self->answers_.push_back({number, std::move(reply)});
    self->wake(std::exchange(self->wants_answer_, Ticket::none));
  });
}

std::optional<Guest::Answer> Instance::next_answer(std::optional<std::chrono::nanoseconds> patience) {
  checkpoint();
  if (answers_.empty()) {
    wants_answer_ = begin_wait();
    patience ? wait_until(wants_answer_, *patience) : wait();
    wants_answer_ = Ticket::none;
  }
  if (answers_.empty()) return std::nullopt;
  Answer next = std::move(answers_.front());
  answers_.pop_front();
  return next;
}

void Instance::write_line(bool error, std::string_view line) {
  static const Operation& print = "MESSAGE.PRINT"_op;
  auto shown = output_.line(error, line, std::chrono::steady_clock::now());
  if (!shown || told_ >= max_told) return;
  auto payload =
      protocol::encode(print, {{"id", identity().process}, {"verbosity", 0}, {"text", std::move(*shown)}});
  if (payload) tell(print, std::move(*payload));
}

// ---- the module ----------------------------------------------------------------------------------

std::span<std::uint8_t> Instance::memory() {
  return code_ ? code_->memory() : std::span<std::uint8_t>();
}

bool Instance::exports(std::string_view function) const {
  return module_->code->find_export(function).has_value();
}

const wasm::Signature* Instance::export_type(std::string_view function) const {
  const auto index = module_->code->find_export(function);
  return index ? &module_->code->exports()[static_cast<std::size_t>(*index)].type : nullptr;
}

std::vector<Slot> Instance::call(std::string_view function, std::span<const Slot> arguments) {
  checkpoint();
  if (faulted_) throw Trap{"It has trapped before and must not be entered again."};
  auto results = code_->call(function, arguments);
  if (results) return std::move(*results);
  faulted_ = true;
  if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
  if (killed_) throw Ended{};
  throw Trap{explain(function, results.error())};
}

wasm::HostOutcome Instance::enter(void* instance, const void* function,
                                  std::span<const std::uint64_t> arguments,
                                  std::span<std::uint64_t> results) noexcept {
  auto& self = *static_cast<Instance*>(instance);
  const auto& offered = *static_cast<const HostFunction*>(function);
  try {
    if (!self.code_)
      throw Trap{std::format("Its start function calls {}.{}; that is possible only once it runs.",
                             offered.module, offered.field)};
    self.checkpoint();
    offered.call(*self.personality_, self, arguments, results);
    return wasm::HostOutcome::go_on;
  } catch (...) {
    self.thrown_ = std::current_exception();
    return wasm::HostOutcome::stop;
  }
}

// ---- making it -----------------------------------------------------------------------------------

void Instance::prepare() {
  module_ = fetch_module();
  auto personality = surroundings_.personality_for(module_->shape, order_.abi);
  if (!personality) throw Refused{personality.error()};
  personality_ = std::move(*personality);
  // A guest that is restored has started long ago.
  const auto start =
      order_.identity.restored ? wasm::GuestInstance::Start::skip : wasm::GuestInstance::Start::run;
  auto made = wasm::GuestInstance::create(module_->code, {&Instance::refuel, this}, start);
  if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
  if (!made) throw Refused{made.error()};
  code_ = std::move(*made);
  memory_bytes_ = code_->memory().size();
  if (order_.identity.restored) restore();
}

std::shared_ptr<const LoadedModule> Instance::fetch_module() {
  Modules& modules = surroundings_.modules;
  if (auto found = modules.find(order_.module, order_.abi, order_.limits)) return found;
  const std::string bytes = read_all("GUEST.MODULE"_op, {{"sha256", order_.module}}, max_module_bytes);
  // Another instance may have asked for the same meanwhile.
  if (auto found = modules.find(order_.module, order_.abi, order_.limits)) return found;
  auto loaded = modules.load(order_.module, order_.abi, order_.limits,
                             {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, &enter);
  if (!loaded) throw Refused{loaded.error()};
  return std::move(*loaded);
}

/// Reads piece by piece until an answer is empty, or has what `whole` says.
std::string Instance::read_all(const Operation& operation, protocol::Json fields, std::size_t most,
                               bool (*whole)(std::string_view bytes)) {
  std::string bytes;
  fields["length"] = module_slice;
  while (whole == nullptr || !whole(bytes)) {
    fields["offset"] = bytes.size();
    auto payload = protocol::encode(operation, fields);
    if (!payload) throw Refused{payload.error()};
    Reply reply = ask(operation, std::move(*payload));
    if (!reply.ok()) throw Refused{reply.error()};
    if (reply.data.empty()) return bytes;
    if (bytes.size() + reply.data.size() > most)
      throw Refused{
          {.status = Status::out_of_resources,
           .message = std::format("{} gave more than {} bytes, the limit.", operation.long_name, most)}};
    if (bytes.empty())
      bytes = std::move(reply.data);
    else
      bytes += reply.data;
  }
  return bytes;
}

void Instance::restore() {
  const std::string bytes =
      read_all("GUEST.RESTORE"_op, {{"id", identity().process}}, protocol::max_snapshot, whole_document);
  const auto snapshot = protocol::decode_snapshot(bytes);
  if (!snapshot) throw Refused{snapshot.error()};
  const auto misfit = [] {
    return Refused{{.status = Status::invalid_code,
                    .message = "Its snapshot does not fit its module: it was taken of another one."}};
  };
  if (!code_->restore(snapshot->memory_pages, snapshot->globals)) throw misfit();
  const auto now = memory();
  if (now.size() != std::size_t{snapshot->memory_pages} * protocol::memory_page_bytes) throw misfit();
  committed_ = std::make_unique<CommittedMemory>();
  committed_->restore(*snapshot, now);
  committed_globals_ = snapshot->globals;
  committed_pages_ = snapshot->memory_pages;
  memory_bytes_ = now.size();
}

// ---- committing ----------------------------------------------------------------------------------

std::uint16_t Instance::write_blob(std::string_view bytes) {
  static const Operation& write = "BLOB.WRITE"_op;
  std::uint16_t handle = 0;
  while (!bytes.empty()) {
    const auto part = bytes.substr(0, commit_inline_bytes);
    bytes.remove_prefix(part.size());
    protocol::Json fields{{"id", identity().process},
                          {"data", protocol::Json::binary({part.begin(), part.end()})}};
    if (handle != 0) fields["blob"] = handle;
    auto payload = protocol::encode(write, fields);
    if (!payload) throw Trap{payload.error().message};
    if (handle != 0) {
      tell(write, std::move(*payload));  // what goes wrong shows when the whole is read
      continue;
    }
    const Reply reply = ask(write, std::move(*payload));
    if (!reply.ok()) throw Trap{std::format("Its state could not be kept: {}", reply.error().message)};
    handle = reply.value;
  }
  return handle;
}

void Instance::commit(std::vector<std::string> outbox, std::uint64_t answered) {
  checkpoint();
  if (const auto& obstacle = module_->code->snapshot_obstacle(); !obstacle.empty())
    throw Trap{std::format("Its state cannot be kept: {}", obstacle)};
  const auto now = memory();
  const auto pages = static_cast<std::uint32_t>(now.size() / protocol::memory_page_bytes);
  if (pages > protocol::max_snapshot_pages)
    throw Trap{std::format("Its state cannot be kept: its memory has {} pages, and {} is the limit.", pages,
                           protocol::max_snapshot_pages)};
  const bool first = committed_ == nullptr;
  if (first) committed_ = std::make_unique<CommittedMemory>();
  const std::string rows = committed_->take_changes(now);
  auto globals = code_->globals();
  const bool changed = first || !rows.empty() || globals != committed_globals_ || pages != committed_pages_;
  memory_bytes_ = now.size();
  if (!changed && outbox.empty() && answered == 0) return;
  committed_globals_ = std::move(globals);
  committed_pages_ = pages;

  protocol::Json fields{{"id", identity().process}};
  if (answered != 0) fields["answered"] = static_cast<std::int64_t>(answered);  // the same bits
  std::vector<std::uint16_t> blobs;
  std::size_t inline_bytes = 0;
  if (changed) {
    const std::string bytes = protocol::encode_snapshot(pages, committed_globals_, rows);
    if (bytes.size() > commit_inline_bytes) {
      blobs.push_back(write_blob(bytes));
      fields["blob"] = blobs.back();
    } else {
      inline_bytes = bytes.size();
      fields["data"] = protocol::Json::binary({bytes.begin(), bytes.end()});
    }
  }
  if (!outbox.empty()) {
    auto list = protocol::Json::array();
    for (const auto& entry : outbox) {
      // Every one begins with our number, as the payload of MESSAGE.SEND does; the operation says it once.
      const auto envelope = std::string_view(entry).substr(std::min(entry.size(), entry_head));
      inline_bytes += envelope.size() + 16;
      list.push_back(protocol::Json::binary({envelope.begin(), envelope.end()}));
    }
    if (inline_bytes > commit_inline_bytes) {
      blobs.push_back(write_blob(protocol::to_bson({{"outbox", std::move(list)}})));
      fields["outbox_blob"] = blobs.back();
    } else {
      fields["outbox"] = std::move(list);
    }
  }
  static const Operation& operation = "GUEST.COMMIT"_op;
  static const Operation& free = "BLOB.FREE"_op;
  auto payload = protocol::encode(operation, fields);
  if (!payload) throw Trap{payload.error().message};
  const Reply reply = ask(operation, std::move(*payload));
  for (const auto blob : blobs)
    tell(free, protocol::encode(free, {{"id", identity().process}, {"blob", blob}}).value_or(""));
  if (!reply.ok()) throw Trap{std::format("Its state could not be kept: {}", reply.error().message)};
}

}  // namespace celeriac::guest
