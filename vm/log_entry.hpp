#pragma once
// Entries of the register `log`, completed to one form.

#include <format>
#include <string>

#include "protocol/document.hpp"
#include "protocol/registers.hpp"
#include "vm/sequences/ids.hpp"

namespace celeriac::vm {

/// A process as the one who says something.
inline std::string source_of(ProcessId process) {
  return std::format("process {}", number(process));
}

/// Appends `entry`, `{message}` and perhaps `{type, verbosity, channels, meta}`: what it lacks is filled in
/// (info, 1, none), the time too unless it brings one. `source` is who says it: "process 3", a client's name.
inline void write_log(protocol::Registers& registers, protocol::Json entry, const std::string& source) {
  const auto fill = [&entry](const char* key, protocol::Json value) {
    if (!entry.contains(key)) entry[key] = std::move(value);
  };
  fill("type", "info");
  fill("level", entry["type"]);
  fill("verbosity", 1);
  fill("channels", protocol::Json::array());
  fill("source", source);
  fill("time", protocol::now_milliseconds());
  registers.log(std::move(entry));
}

}  // namespace celeriac::vm
