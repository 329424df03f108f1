#pragma once
// Othismo's objects: what they are is what their memory holds; they run once for each message.
//
//   receive ─► the document, in form 1 ─► into the guest's buffer ─► its exports run ─► commit: memory and
//   outbox together
//                                                                     │ a trap: neither, and the sender hears
//                                                                     of it
//   generation 1   prepare_inbox(length), message_received(); send_message waits and puts the reply into the
//   inbox generation 3   _allocate_message(length), _message_received(pointer), _run(); a reply is a message
//   like any other
//
// What a run sends is held until its end; only what generation 1 waits for leaves at once. Numbers: a request
// that the object gets carries the kernel's number as request_id, and a response_id with it answers. A reply
// that it gets carries the request_id that its own document had, or else the handle that _send_message
// returned.

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "guest/abi/personality.hpp"
#include "protocol/envelope.hpp"
#include "protocol/othismo.hpp"

namespace celeriac::guest {

/// Messages that one run sends, and their bytes; one more traps.
inline constexpr std::size_t max_run_outbox = 1024;
inline constexpr std::size_t max_run_outbox_bytes = std::size_t{64} << 20;
/// Requests that an object has not answered yet; beyond it the oldest cannot be answered any more.
inline constexpr std::size_t max_unanswered_requests = 1024;

class Othismo final : public PersonalityBase {
 public:
  enum class Generation : std::uint8_t {
    one,
    one_prototype,  ///< send_message(pointer, length) without a result
    three,
    three_note,  ///< _allocate_message(handle, length, request handle): a handle is a number of ours
  };
  explicit Othismo(Generation generation) noexcept : generation_(generation) {}

  [[nodiscard]] std::span<const HostFunction> functions() const override;
  void serve(Guest& guest) override;

  /// send_message: the length of the reply, which is in the inbox; 0 if there is none.
  std::uint32_t send_and_wait(Guest& guest, std::uint32_t pointer, std::uint32_t length);
  /// _send_message and _cast_message: the handle.
  std::uint32_t queue(Guest& guest, std::uint32_t pointer, std::uint32_t length, bool wants_reply);

 private:
  /// A request that may still be answered.
  struct Request {
    std::uint64_t number = 0;
    std::string reply_to;
    std::optional<std::int64_t> request_id;  // what its sender calls it
    protocol::Format format = protocol::Format::othismo;
    std::string name;  // of its first message
  };

  [[nodiscard]] bool is_third() const noexcept {
    return generation_ == Generation::three || generation_ == Generation::three_note;
  }
  void start(Guest& guest);
  void deliver(Guest& guest, protocol::Item item);
  void finish(Guest& guest, const protocol::Item& item);
  void commit(Guest& guest, std::uint64_t answered);
  void remember(const protocol::Item& item, const protocol::OthismoMessage& message);
  protocol::OthismoMessage document_of(Guest& guest, const protocol::Item& item);
  protocol::Result<protocol::OthismoMessage> convert(Guest& guest, const protocol::Item& item,
                                                     protocol::OthismoMessage routing);
  void enter(Guest& guest, const std::string& document, std::uint32_t request_handle);
  std::uint32_t place(Guest& guest, const std::string& document, std::string_view allocator,
                      std::span<const Slot> arguments);

  protocol::Result<protocol::OthismoMessage> read(Guest& guest, std::uint32_t pointer, std::uint32_t length);
  std::deque<Request>::iterator answered_by(const protocol::OthismoMessage& message);
  protocol::Result<void> answer(Guest& guest, std::deque<Request>::iterator request,
                                protocol::OthismoMessage message);
  protocol::Outgoing outgoing(Guest& guest, protocol::OthismoMessage message, std::int64_t id);
  protocol::Result<void> hold(Guest& guest, protocol::Outgoing message);
  std::uint32_t fresh_handle(Guest& guest);

  Generation generation_;
  std::vector<std::string> outbox_;
  std::size_t outbox_bytes_ = 0;
  std::vector<std::uint16_t> outbox_blobs_;  // what is too long for a frame; handles, until the commit
  std::deque<Request> requests_;
  std::uint64_t current_ = 0;  // number of the request that this run is about
  std::uint32_t last_handle_ = 0;
  bool placing_ = false;  // inside the guest's allocator, from where nothing may be sent
};

/// The row of Othismo in the table of ABIs.
bool recognises_othismo(const ModuleShape& module);
protocol::Result<std::unique_ptr<Personality>> make_othismo(const ModuleShape& module,
                                                            std::string_view variant);

}  // namespace celeriac::guest
