#pragma once
// A component of wasi:messaging: it is called for each message of its topics, one at a time, and keeps
// nothing but what is in its memory.
//
//   _initialize ─► subscribe, once ─► TOPIC.SUBSCRIBE, with those of its configuration
//                                          │
//        ┌──── MESSAGE.RECEIVE ◄───────────┘◄───────────────────────────────────┐
//        └──► handle(message) ─► post-return ─► its outcome, where somebody waits ┘
//
// An exchange is named when a client connects: "" and "local" are the broker of this machine, all others must
// stand in the configuration and are asked at /exchange/NAME.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "guest/abi/canonical/call.hpp"
#include "guest/abi/canonical/instance.hpp"
#include "guest/abi/personality.hpp"
#include "guest/abi/wasi_messaging/types.hpp"
#include "protocol/envelope.hpp"

namespace celeriac::guest::wasi_messaging {

/// Bytes of all messages that a component holds.
inline constexpr std::size_t max_held_bytes = std::size_t{64} << 20;
/// Replies that one request collects.
inline constexpr std::uint32_t max_replies = 1024;
/// How long a publication to another exchange may take, and a request that names no time: it waits for its
/// replies.
inline constexpr std::int64_t publish_deadline_ms = 30'000;
inline constexpr std::int64_t no_deadline_ms = std::int64_t{365} * 86'400'000;

/// Counts what the messages of one component hold. Messages may outlive it by a little.
class Ledger {
 public:
  void add(std::size_t bytes) {
    if (bytes > max_held_bytes - bytes_)
      throw Trap{"the messages that it holds would have more bytes than a component may hold."};
    bytes_ += bytes;
  }
  void remove(std::size_t bytes) noexcept { bytes_ -= bytes; }

 private:
  std::size_t bytes_ = 0;
};

/// A client: which exchange it is connected to.
struct Client final : canonical::Resource {
  explicit Client(std::string name) : exchange(std::move(name)) {}
  std::string exchange;  ///< "": of this machine
  bool connected = true;
};

/// A message, received or made by the guest.
class Message final : public canonical::Resource {
 public:
  Message(std::shared_ptr<Ledger> ledger, std::string_view data) : ledger_(std::move(ledger)) {
    set_data(data);
  }
  ~Message() override { ledger_->remove(data_.size()); }
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

  [[nodiscard]] const std::string& data() const noexcept { return data_; }
  void set_data(std::string_view data) {
    ledger_->remove(std::exchange(data_, {}).size());
    ledger_->add(data.size());
    data_ = data;
  }

  std::optional<std::string> topic;
  std::optional<std::string> content_type;
  std::optional<protocol::Pairs> metadata;
  std::uint64_t request = 0;  ///< whom a reply answers; 0: nobody waits

 private:
  std::shared_ptr<Ledger> ledger_;
  std::string data_;
};

struct RequestOptions final : canonical::Resource {
  std::optional<std::uint32_t> timeout_ms;
  std::optional<std::uint32_t> expected;
};

/// An error of the interface, whatever the draft numbers it.
struct Failed {
  enum class Kind : std::uint8_t { timeout, connection, permission_denied, other } kind = Kind::other;
  std::string text;
};

class Component final : public PersonalityBase {
 public:
  Component(Variant variant, bool replies) : variant_(variant), replies_(replies) {}

  [[nodiscard]] std::span<const HostFunction> functions() const override;
  void serve(Guest& guest) override;

  [[nodiscard]] canonical::Instance& instance() noexcept { return instance_; }
  [[nodiscard]] const std::shared_ptr<Ledger>& ledger() const noexcept { return ledger_; }
  /// A request has been replied to.
  void note_reply(std::uint64_t request) noexcept { replied_ |= request == handling_; }

 private:
  template <Variant variant>
  void serve_variant(Guest& guest);
  template <Variant variant>
  std::vector<std::string> wanted_topics(Guest& guest);
  template <Variant variant>
  std::optional<std::string> handle(Guest& guest, const protocol::Item& item);
  void subscribe(Guest& guest, std::vector<std::string> topics);
  void settle(Guest& guest, const protocol::Item& item, std::optional<std::string> error);

  Variant variant_;
  bool replies_;  // it can reply by itself
  std::shared_ptr<Ledger> ledger_ = std::make_shared<Ledger>();
  canonical::Instance instance_;
  std::uint64_t handling_ = 0;
  bool replied_ = false;
};

/// What the guest may call, as rows of `variant`; the views live for ever.
std::vector<HostFunction> message_functions(Variant variant);
std::vector<HostFunction> exchange_functions(Variant variant);

/// The modules under which an interface may be imported, in both spellings, as views that live for ever.
std::span<const std::string> modules_of(std::string_view interface);
/// A name that lives for ever.
std::string_view kept(std::string name);

/// An error as the draft has it.
template <Variant variant>
canonical::Value error_value(canonical::Arena& arena, const Failed& failed) {
  using canonical::Value;
  if (failed.kind == Failed::Kind::timeout) return Value::of_case(0);
  const bool first = variant == Variant::a;
  const auto number = failed.kind == Failed::Kind::connection          ? 1u
                      : failed.kind == Failed::Kind::permission_denied ? 2u  // the seed's third is "other"
                      : first                                          ? 2u
                                                                       : 3u;
  return arena.of_case(number, Value::text(failed.text));
}

// ---- the row in the table of ABIs ----

bool recognises(const ModuleShape& module);
protocol::Result<std::unique_ptr<Personality>> make(const ModuleShape& module, std::string_view variant);

}  // namespace celeriac::guest::wasi_messaging
