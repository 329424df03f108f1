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

/// For how long a row holds.
enum class Stage : std::uint8_t {
  always,
  loading,  ///< only in a worker that loads compiled code, until it has: seal_filter()
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
  Stage stage = Stage::always;
};

std::span<const SystemCall> system_calls() noexcept;

/// Loads the filter; with the rows of Stage::loading if `loading`. Errors: denied.
protocol::Result<void> load_filter(bool loading = false);
/// Takes the rows of Stage::loading back. Errors: denied.
protocol::Result<void> seal_filter();

}  // namespace celeriac::guest
