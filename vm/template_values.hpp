#pragma once
// The registers that the templates of messages and resource updates name, read all at once.

#include <functional>
#include <map>
#include <span>
#include <string>

#include "protocol/document.hpp"
#include "vm/remote_registers.hpp"

namespace celeriac::vm {

/// Values by register name, null where unknown: what render() takes.
using TemplateValues = std::map<std::string, protocol::Json>;

/// Reads what the texts need, and calls `then`, at once if they need nothing.
void read_template_values(RemoteRegisters& remote, std::span<const std::string> texts,
                          std::move_only_function<void(const TemplateValues&)> then);

}  // namespace celeriac::vm
