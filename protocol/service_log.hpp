#pragma once
// The log of a daemon: lines on standard error, or, where that leads to the journal, entries with fields.
//
//   spdlog               MESSAGE, PRIORITY, SYSLOG_IDENTIFIER
//   the register `log`   the same, and CELERIAC_SOURCE=process 3, CELERIAC_TYPE=warn, …: every plain value of
//   the
//                        entry but its message. On standard error they are not shown: clients show them.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/document.hpp"

namespace celeriac::protocol {

/// Fields of one entry beside message, priority and identifier; what is more is left out.
inline constexpr std::size_t max_journal_fields = 16;
/// Bytes of one field's value; the rest is cut off.
inline constexpr std::size_t max_journal_value = 1024;

/// Makes the default logger of the program `name` ("celeriac-hal"). `pattern`: spdlog's, for standard error.
/// True if the log goes into the journal.
bool start_service_log(const std::string& name, const std::string& pattern);

/// From now on entries of the register `log` go into the journal as well, but for those whose source is
/// `not_ours`: another daemon's, which it writes itself.
void journal_log_register(const std::string& name, std::string_view not_ours);

/// Whether a descriptor is the stream that JOURNAL_STREAM names ("DEVICE:INODE"), which systemd sets.
[[nodiscard]] bool leads_to_journal(int descriptor, std::string_view journal_stream);

/// The fields of an entry, as "NAME=value": syslog's priority of its type, and what the journal may hold of
/// the rest.
[[nodiscard]] std::vector<std::string> journal_fields(const Json& entry);

}  // namespace celeriac::protocol
