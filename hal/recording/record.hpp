#pragma once
// One line of a recording: when, what, and the rest as text that a person can read.
//
//   3600123456 < R08 *F83 Q5*\r\n
//   3600123890 request 17 4.0.3 SYS.HOME {"axis":0,"speed":100}
//
// The time is in microseconds of the machine's monotonic clock, so it goes on when the hypervisor restarts,
// and begins anew with the machine; `segment` lines tie it to the wall clock.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "hal/timers.hpp"
#include "protocol/document.hpp"
#include "protocol/error.hpp"

namespace celeriac::hal::recording {

enum class Kind : std::uint8_t {
  // What came to the hypervisor.
  start,     ///< {options, files}: a hypervisor begins
  ending,    ///< it is asked to come to rest
  rest,      ///< {refusal, apart}: the same, for a while
  wake,      ///< and to go on
  stop,      ///< it ends as asked
  received,  ///< bytes of the board, one reading
  lost,      ///< the port has gone, and why
  ring,      ///< a timer rang, so many microseconds after it was due
  stored,    ///< a background job is done, so many microseconds after it began
  request,   ///< ID SESSION.HOLDER.CHANNEL OPERATION {fields}
  closed,    ///< the stream of this session has ended
  button,    ///< {state, name}: the stop button
  // What it asked the machine it runs on, and was told.
  port,    ///< {name} of one that was opened, or {name, error}
  unsent,  ///< bytes that the system had not sent yet
  turn,  ///< the loop had taken only so many turns since the last input: what that had posted may be waiting
  // What it did.
  sent,     ///< bytes to the board
  urgent,   ///< the same, past everything
  hang_up,  ///< it let the board feel that the port closes
  outcome,  ///< ID {status, value} or {status, code, message}
  state,    ///< of the link
  lock,     ///< on or off
  // What helps to understand it.
  log,       ///< LEVEL text
  segment,   ///< {version, wall, number}: a file of the ring begins
  snapshot,  ///< all that decides what a quiet hypervisor does next
  dropped,   ///< so many lines are missing here
};

/// What a replay does with it.
enum class Role : std::uint8_t { input, answer, output, note };

struct KindRow {
  Kind kind;
  std::string_view word;
  Role role;
  bool escaped;  ///< the text is bytes, escaped; otherwise it stands as it is and has no line end
};
std::span<const KindRow> kinds() noexcept;
const KindRow& row_of(Kind kind) noexcept;

/// A line that was read; the text points into it.
struct Record {
  std::int64_t time_us = 0;
  Kind kind = Kind::dropped;
  std::string_view text;  ///< as written: see unescaped()

  [[nodiscard]] Instant at() const noexcept { return Instant(std::chrono::microseconds(time_us)); }
};

/// `text` is bytes for kinds that are escaped. Ends with a line feed.
std::string line(Instant time, Kind kind, std::string_view text);
/// Nothing for what is no line of a recording.
std::optional<Record> parse_line(std::string_view line);

/// Every byte survives: printable ASCII as it is, `\r`, `\n`, `\t`, `\\`, and the rest as `\xNN`.
std::string escaped(std::string_view bytes);
std::string unescaped(std::string_view text);

/// An error as recordings keep it, and back.
protocol::Json error_document(const protocol::Error& error);
protocol::Error error_of(const protocol::Json& document);

/// The document on one line.
std::string one_line(const protocol::Json& document);

}  // namespace celeriac::hal::recording
