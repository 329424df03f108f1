#pragma once
// The system calls of a worker, as a table. What is not in it fails with EPERM; what no worker has any
// business with ends the process, and the VM says so.

#include <cstdint>
#include <span>
#include <string_view>

#include "protocol/error.hpp"

namespace celeriac::guest {

enum class Verdict : std::uint8_t {
  allow,
  end,  ///< SIGSYS: whoever calls this has taken the worker over
};

/// A condition on an argument: (argument & mask) == value.
struct Condition {
  bool present = false;
  unsigned argument = 0;
  std::uint64_t mask = 0;
  std::uint64_t value = 0;
};

struct SystemCall {
  std::string_view name;
  Verdict verdict;
  Condition condition = {};
  bool own_process = false;     ///< the first argument must be our process id
  bool may_be_missing = false;  ///< not on every machine
};

std::span<const SystemCall> system_calls() noexcept;

/// Loads the filter. Errors: denied.
protocol::Result<void> load_filter();

}  // namespace celeriac::guest
