#pragma once
// Has a recording happen again to a hypervisor, and compares what it writes and decides.
//
// Input records (bytes, requests, alarms, …) come at their times on a clock of their own; every opening of
// the port is answered as it was. What is compared, each in its order: bytes written and when, the link's
// states and the lock, and how each request ended. Wall clock times in sentences may differ, documents are
// not compared.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/error.hpp"

namespace celeriac::hal::recording {

/// A write that comes so much earlier or later than the recorded one is another decision.
inline constexpr std::chrono::milliseconds timing_tolerance{500};

struct Difference {
  std::size_t line = 0;  ///< of the recording, from 1
  std::string recorded;  ///< what the recording has; "" for nothing
  std::string replayed;  ///< what came instead; "" for nothing
  std::string context;   ///< lines of the recording up to there
};

struct Replayed {
  std::size_t lines = 0;     ///< that were replayed
  std::size_t requests = 0;  ///< of them
  std::size_t skipped = 0;   ///< lines in front of the first start or snapshot
  std::size_t gaps = 0;      ///< places where lines were dropped: the replay went on behind the next snapshot
  std::optional<Difference> difference = {};
};

/// Status::malformed if it is no recording, or has neither start nor snapshot.
protocol::Result<Replayed> replay(std::string_view recording);

/// "the same: N lines, M requests", or the difference with its context.
std::string report(const Replayed& replayed);

}  // namespace celeriac::hal::recording
