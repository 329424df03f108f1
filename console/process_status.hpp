#pragma once
// What the VM tells of a process, read without trust in its shape.

#include <cstdint>
#include <string>

#include "protocol/document.hpp"

namespace celeriac::console {

struct ProcessStatus {
  std::uint16_t id = 0;
  std::uint16_t code = 0;
  std::string name = {};
  std::string state = {};        ///< ready running waiting paused done failed killed
  std::string path = {};         ///< JSON pointer of the node in progress
  std::uint16_t path_code = 0;   ///< the code that it points into: `code`, or one that it executes
  std::string kind = {};         ///< of the node in progress
  std::int64_t step = 0;         ///< place of it in the top-level body, from 1
  std::int64_t steps = 0;        ///< nodes in the top-level body
  std::int64_t steps_done = 0;   ///< nodes finished, at all levels
  std::string waiting_for = {};  ///< "" or what it waits for: motion that another owns
  protocol::Json error = {};     ///< error document of a failed one, else null

  /// Reads the answer of PROC.STAT; what is missing or mistyped keeps its default. Texts are printable.
  static ProcessStatus of(const protocol::Json& document);
  [[nodiscard]] bool ended() const { return state == "done" || state == "failed" || state == "killed"; }
  /// The error's sentence, "" where there is none.
  [[nodiscard]] std::string complaint() const;
};

/// The processes as `celeriac ps` shows them.
std::string process_table(const protocol::Json& processes);

/// A member of a document where it has the type that it should have; else the fallback.
std::string text_of(const protocol::Json& document, const char* member);
std::int64_t integer_of(const protocol::Json& document, const char* member);

}  // namespace celeriac::console
