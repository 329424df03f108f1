#pragma once
// Firmware parameters in a file: what a backup looks like, and how two sets of parameters differ.

#include <filesystem>
#include <string>
#include <vector>

#include "protocol/document.hpp"
#include "protocol/error.hpp"

namespace celeriac::console {

/// Readable JSON: `{celeriac_parameters: 1, created, board, firmware, parameters: {name: value}}`.
struct ParameterBackup {
  std::string created;   ///< UTC, as ISO 8601 writes it
  std::string board;     ///< "RAMPS 1.4"
  std::string firmware;  ///< its version
  protocol::Json parameters = protocol::Json::object();
};

/// Writes it in place of what is there: the old file or the new one, never half of one.
protocol::Result<void> write_backup(const std::filesystem::path& path, const ParameterBackup& backup);

/// Reads it. `about`: what the host knows of each parameter, `{name: {unit, lowest, highest, …}}`; names that
/// it does not know, and values out of range, are errors that name all of them. Status::malformed.
protocol::Result<ParameterBackup> read_backup(const std::filesystem::path& path, const protocol::Json& about);

/// A parameter with two values; null where one side has none.
struct ParameterChange {
  std::string name;
  protocol::Json from, to;
};
/// Those of `to` that `from` has not, or with another value; those that nobody but the host may write, and
/// those that are null in `to`, left out. By name.
std::vector<ParameterChange> changes(const protocol::Json& from, const protocol::Json& to,
                                     const protocol::Json& about);

/// Columns: name, both values under these headings, unit, range.
std::string change_table(const std::vector<ParameterChange>& changes, const std::string& from,
                         const std::string& to, const protocol::Json& about);

/// "1 to 100", "0 or 1", "from 1", or "" of an entry of `about`.
std::string range_text(const protocol::Json& entry);

}  // namespace celeriac::console
