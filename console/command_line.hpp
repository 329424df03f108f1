#pragma once
// From the words of a command line to a finished command.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "console/command.hpp"
#include "console/exit_status.hpp"
#include "console/world.hpp"

namespace celeriac::console {

/// The parser of the whole line, made from the table of commands. Values of global options go to `options`,
/// which must outlive it; `chosen` is called with what the line asks for.
std::unique_ptr<CLI::App> make_parser(GlobalOptions& options, std::function<void(Action)> chosen);

/// The parser of a command, "pin write", or of a group; nullptr if there is none.
CLI::App* find_parser(const CLI::App& root, std::string_view name);

/// Reads the line (without the program's name), does what it says, and returns the exit status. Runs the
/// world's io_context until the command has ended; SIGINT and SIGTERM cancel it, a second one ends the
/// program at once.
Exit run_command_line(World& world, std::vector<std::string> words);

}  // namespace celeriac::console
