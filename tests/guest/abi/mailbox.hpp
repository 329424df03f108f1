#pragma once
// The kernel's side of a mailbox for a FakeGuest: items that come, answers to what is awaited, and what was
// sent. When nothing is left, the process is killed.

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "protocol/envelope.hpp"
#include "tests/guest/abi/fake_guest.hpp"

namespace celeriac::guest::testing {

/// A message after the process' id.
inline protocol::Outgoing outgoing_in(std::string_view payload) {
  return protocol::decode_outgoing(payload.substr(2)).value();
}

struct Mailbox {
  explicit Mailbox(FakeGuest& of) : guest(of) {
    guest.answer = [this](const FakeGuest::Asked& asked) { return answer(asked); };
  }

  void put(protocol::Item item) { items.push_back(std::move(item)); }
  /// Serves until the mailbox is empty.
  void serve(Personality& personality) {
    try {
      personality.run(guest);
    } catch (const Ended&) {
    }
  }
  /// Messages of the run number `run`, from 0.
  std::vector<protocol::Outgoing> outbox(std::size_t run) const {
    std::vector<protocol::Outgoing> made;
    for (const auto& entry : guest.committed.at(run)) made.push_back(outgoing_in(entry));
    return made;
  }

  protocol::Reply answer(const FakeGuest::Asked& asked) {
    if (asked.operation == "MESSAGE.RECEIVE") {
      if (items.empty()) throw Ended{};
      const auto item = std::move(items.front());
      items.pop_front();
      return {.value = 1, .data = protocol::encode(item)};
    }
    if (asked.operation == "MESSAGE.AWAIT") {
      awaited.push_back(outgoing_in(asked.payload));
      return {.value = 1, .data = protocol::encode(outcome(awaited.back()))};
    }
    if (asked.operation == "MESSAGE.SEND") sent.push_back(outgoing_in(asked.payload));
    if (asked.operation == "MESSAGE.RESPOND") responses.push_back(outgoing_in(asked.payload));
    return other ? other(asked) : protocol::Reply{};
  }

  FakeGuest& guest;
  std::deque<protocol::Item> items;
  std::function<protocol::Item(const protocol::Outgoing&)> outcome;  ///< of what is awaited
  std::function<protocol::Reply(const FakeGuest::Asked&)> other;
  std::vector<protocol::Outgoing> awaited, sent, responses;
};

}  // namespace celeriac::guest::testing
