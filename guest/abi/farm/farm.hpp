#pragma once
// The thinnest ABI: frames of the wire protocol (docs/protocol.md), as they are. A guest in any language that
// can put fifteen bytes in front of a payload is a client.
//
//   import "farm" "send"     (pointer, length) -> status      one frame: a request, or an answer to one that
//   came in import "farm" "receive"  (pointer, capacity, ms) -> length   the next frame; 0: none came in time
//   (-1: for ever);
//                                                             -length: it is longer than `capacity`, and
//                                                             stays
//   import "farm" "listen"   () -> ()                         from now on messages of other processes come as
//   requests export "farm_main" () -> (), or "_start"                  runs once; its end is the end of the
//   process
//
//   guest's requests   send ──► checked, in the process's name ──► kernel ──► slices as SLCE NEW, then the
//   response ──► receive others' requests   receive ◄── frame on a channel of the host's ◄── mailbox;   send
//   ──► SLCE NEW …, response ──► their reply
//
// Channels of requests in the two directions have nothing to do with each other. Slices that are received
// need no response; one that is sent for them is taken and dropped. Where an operation of messages, topics,
// blobs, state, capabilities or files wants the number of a process, it is always the guest's own, whatever
// stands there.

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_set>

#include "guest/abi/personality.hpp"
#include "protocol/envelope.hpp"
#include "protocol/frame.hpp"

namespace celeriac::guest {

/// Requests of the guest whose response it has not received yet.
inline constexpr std::size_t max_farm_requests = 1024;
/// Requests of others that it has not answered yet; further ones wait in its mailbox.
inline constexpr std::size_t max_farm_incoming = 64;
/// Bytes of slices that it sends for one answer.
inline constexpr std::size_t max_farm_reply = std::size_t{1} << 20;

class Farm final : public PersonalityBase {
 public:
  [[nodiscard]] std::span<const HostFunction> functions() const override;
  void serve(Guest& guest) override;

  protocol::Status send(Guest& guest, std::string_view frame);
  std::int32_t receive(Guest& guest, std::uint32_t pointer, std::uint32_t capacity, std::int32_t timeout_ms);
  void listen(Guest& guest);

 private:
  /// A request of another process, on its channel.
  struct Incoming {
    std::uint64_t request = 0;
    std::string reply;
  };

  protocol::Status request(Guest& guest, const protocol::RequestFrame& frame);
  protocol::Status respond(Guest& guest, const protocol::ResponseFrame& frame);
  protocol::Status take_slice(const protocol::RequestFrame& frame);
  void take_answer(Guest& guest, Guest::Answer answer);
  void take_item(Guest& guest, const protocol::Reply& reply);
  void ask_for_item(Guest& guest);
  void put_request(protocol::Channel channel, std::string_view space, std::string_view wire,
                   std::string_view payload);
  void put_response(protocol::Channel channel, std::uint16_t status, std::uint16_t value);
  protocol::Channel free_channel();

  std::deque<std::string> frames_;  // for the guest; of one answer at a time
  std::unordered_set<std::uint16_t> unanswered_;
  std::map<std::uint16_t, Incoming> incoming_;
  std::uint16_t last_channel_ = 0;
  bool listening_ = false;
  bool item_wanted_ = false;  // MESSAGE.RECEIVE is on its way
};

bool recognises_farm(const ModuleShape& module);
protocol::Result<std::unique_ptr<Personality>> make_farm(const ModuleShape& module, std::string_view variant);

}  // namespace celeriac::guest
