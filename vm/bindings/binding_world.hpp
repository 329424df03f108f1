#pragma once
// What pin bindings need of everything around them.

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "protocol/error.hpp"
#include "protocol/operations.hpp"

namespace celeriac::vm {

class BindingWorld {
 public:
  using Started = std::move_only_function<void()>;
  using Ended = std::move_only_function<void(protocol::Result<void>)>;

  virtual ~BindingWorld() = default;

  /// Runs a stored sequence. `ended` runs once: when it has ended, or, without `started` before, with the
  /// reason why it cannot be started.
  virtual void start(std::int64_t sequence_id, Started started, Ended ended) = 0;
  /// Carries out an operation without fields, or with `package` os; `ended` runs once.
  virtual void operate(const protocol::Operation& operation, Ended ended) = 0;
  /// "" if there is no such sequence.
  [[nodiscard]] virtual std::string sequence_name(std::int64_t sequence_id) const = 0;
  [[nodiscard]] virtual std::chrono::steady_clock::time_point now() const = 0;
  /// A line of the log: its type as in `send_message`, and a sentence.
  virtual void log(std::string_view type, std::string message) = 0;
};

}  // namespace celeriac::vm
