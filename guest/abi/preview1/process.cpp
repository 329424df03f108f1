// Arguments, clocks, randomness, waiting, the end; and what there is not.

#include <algorithm>
#include <cstring>
#include <limits>

#include "guest/abi/preview1/call.hpp"

namespace celeriac::guest::preview1 {
namespace {

// ---- arguments and environment ----

/// The process's name stands before its arguments, as a program expects it.
std::vector<std::string> arguments_of(const Guest& guest) {
  const std::string& address = guest.identity().address;
  const auto begin = address.find('@') + 1;  // 0 without a node
  std::vector<std::string> made{address.substr(begin, address.find(':') - begin)};
  made.insert(made.end(), guest.identity().arguments.begin(), guest.identity().arguments.end());
  return made;
}

Errno sizes(Call& call, const std::vector<std::string>& texts) {
  std::uint32_t bytes = 0;
  for (const auto& text : texts) bytes += static_cast<std::uint32_t>(text.size()) + 1;
  const auto counted = call.store(call.u32(0), static_cast<std::uint32_t>(texts.size()));
  return counted == Errno::success ? call.store(call.u32(1), bytes) : counted;
}

Errno texts(Call& call, const std::vector<std::string>& all) {
  std::uint64_t pointers = call.u32(0), at = call.u32(1);
  for (const auto& text : all) {
    if (!call.memory.holds(pointers, 4) || !call.memory.holds(at, text.size() + 1)) return Errno::fault;
    call.memory.store(static_cast<std::uint32_t>(pointers), static_cast<std::uint32_t>(at));
    std::memcpy(call.memory.at(static_cast<std::uint32_t>(at), text.size() + 1).data(), text.c_str(),
                text.size() + 1);
    pointers += 4;
    at += text.size() + 1;
  }
  return Errno::success;
}

Errno args_get(Call& call) {
  return texts(call, arguments_of(call.guest));
}
Errno args_sizes_get(Call& call) {
  return sizes(call, arguments_of(call.guest));
}
Errno environ_get(Call& call) {
  return texts(call, {});
}
Errno environ_sizes_get(Call& call) {
  return sizes(call, {});
}

// ---- clocks ----

enum class Clock : std::uint32_t { realtime = 0, monotonic = 1, process_time = 2, thread_time = 3 };

Errno clock_res_get(Call& call) {
  constexpr std::uint64_t resolution = 1'000;  // ns: what is promised, not what the machine has
  return call.u32(0) > static_cast<std::uint32_t>(Clock::thread_time) ? Errno::inval
                                                                      : call.store(call.u32(1), resolution);
}
Errno clock_time_get(Call& call) {
  if (call.u32(0) > static_cast<std::uint32_t>(Clock::thread_time)) return Errno::inval;
  return call.store(call.u32(2), call.self.now(Clock{call.u32(0)} == Clock::realtime));
}

// ---- waiting ----

constexpr std::uint32_t subscription_size = 48, event_size = 32;

struct Subscription {
  std::uint64_t user = 0;
  std::uint8_t tag = 0;    // 0 clock, 1 read, 2 write
  std::uint64_t wait = 0;  // ns, of a clock
  Errno outcome = Errno::success;
};

Subscription subscription_at(Call& call, std::uint32_t at) {
  Subscription made{.user = call.memory.load<std::uint64_t>(at),
                    .tag = call.memory.load<std::uint8_t>(at + 8)};
  if (made.tag == 0) {
    const auto clock = call.memory.load<std::uint32_t>(at + 16);
    const auto time = call.memory.load<std::uint64_t>(at + 24);
    const bool absolute = (call.memory.load<std::uint16_t>(at + 40) & 1) != 0;
    if (clock > static_cast<std::uint32_t>(Clock::monotonic)) made.outcome = Errno::notsup;
    const auto now = absolute ? call.self.now(Clock{clock} == Clock::realtime) : 0;
    made.wait = made.outcome != Errno::success || time <= now ? 0 : time - now;
  } else if (made.tag > 2) {
    made.outcome = Errno::inval;
  } else if (!call.self.descriptors(call.guest).contains(call.memory.load<std::uint32_t>(at + 16))) {
    made.outcome = Errno::badf;
  }
  return made;
}

Errno poll_oneoff(Call& call) {
  const auto in = call.u32(0), out = call.u32(1), count = call.u32(2), result = call.u32(3);
  if (count == 0 || count > max_vectors) return Errno::inval;
  if (!call.memory.holds(in, std::uint64_t{count} * subscription_size) ||
      !call.memory.holds(out, std::uint64_t{count} * event_size) || !call.memory.holds(result, 4))
    return Errno::fault;
  std::vector<Subscription> all;
  std::uint64_t wait = std::numeric_limits<std::uint64_t>::max();
  for (std::uint32_t i = 0; i < count; ++i) {
    all.push_back(subscription_at(call, in + i * subscription_size));
    wait = std::min(wait, all.back().wait);
  }
  if (wait > 0) {
    constexpr std::uint64_t longest = std::uint64_t{365} * 86'400 * 1'000'000'000;
    call.guest.sleep(std::chrono::nanoseconds(std::min(wait, longest)));
    call.memory.refresh();
  }
  std::uint32_t happened = 0;
  for (const auto& one : all) {
    if (one.wait > wait) continue;
    const auto at = out + happened++ * event_size;
    std::ranges::fill(call.memory.at(at, event_size), std::uint8_t{0});
    call.memory.store(at, one.user);
    call.memory.store(at + 8, static_cast<std::uint16_t>(one.outcome));
    call.memory.store(at + 10, one.tag);
  }
  return call.store(result, happened);
}

Errno sched_yield(Call& call) {
  call.guest.sleep(std::chrono::nanoseconds::zero());
  return Errno::success;
}

// ---- randomness, the end ----

Errno random_get(Call& call) {
  if (!call.memory.holds(call.u32(0), call.u32(1))) return Errno::fault;
  call.self.random(std::as_writable_bytes(call.memory.at(call.u32(0), call.u32(1))));
  return Errno::success;
}
Errno proc_exit(Call& call) {
  call.self.flush(call.guest);
  throw Ended{static_cast<int>(call.u32(0))};
}

Errno no_such(Call&) {
  return Errno::nosys;
}
Errno no_socket(Call& call) {
  return call.descriptor(0) != nullptr ? Errno::notsock : Errno::badf;
}

constexpr Row rows[] = {
    {"args_get", "ii", args_get},           {"args_sizes_get", "ii", args_sizes_get},
    {"environ_get", "ii", environ_get},     {"environ_sizes_get", "ii", environ_sizes_get},
    {"clock_res_get", "ii", clock_res_get}, {"clock_time_get", "iIi", clock_time_get},
    {"poll_oneoff", "iiii", poll_oneoff},   {"proc_exit", "i", proc_exit},
    {"proc_raise", "i", no_such},           {"sched_yield", "", sched_yield},
    {"random_get", "ii", random_get},       {"sock_accept", "iii", no_socket},
    {"sock_recv", "iiiiii", no_socket},     {"sock_send", "iiiii", no_socket},
    {"sock_shutdown", "ii", no_socket},
};

}  // namespace

std::span<const Row> process_rows() {
  return rows;
}

}  // namespace celeriac::guest::preview1
