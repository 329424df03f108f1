#pragma once
// What Sync and Outbox need of everything around them.

#include <chrono>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "protocol/error.hpp"

namespace celeriac::vm {

class SyncWorld {
 public:
  virtual ~SyncWorld() = default;
  /// Calls back after a time, never inside the call.
  virtual void after(std::chrono::milliseconds time, std::move_only_function<void()> then) = 0;
  /// A line of the log: its type as in `send_message`, and a sentence.
  virtual void log(std::string_view type, int verbosity, std::string message) = 0;
  /// The register `sync_status`: a word of the web API's own.
  virtual void status(std::string_view word) = 0;
  /// Keeps the outbox's text over restarts.
  virtual void save_outbox(std::string text) = 0;
};

/// Where the account's sequences go.
class SequenceShelf {
 public:
  using Done = std::move_only_function<void(protocol::Result<void>)>;

  virtual ~SequenceShelf() = default;
  /// Ids of the account's that are there.
  [[nodiscard]] virtual std::set<std::int64_t> ids() const = 0;
  [[nodiscard]] virtual bool holds(std::int64_t id, const std::string& text) const = 0;
  /// Checks, compiles and keeps it. invalid_code with the place, if it is refused; the old one stays then.
  virtual void put(std::int64_t id, std::string text, Done done) = 0;
  virtual void remove(std::int64_t id, Done done) = 0;
};

}  // namespace celeriac::vm
