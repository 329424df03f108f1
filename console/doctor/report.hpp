#pragma once
// The diagnosis, for a person and for a program.

#include <string>

#include "console/doctor/checks.hpp"
#include "protocol/document.hpp"

namespace celeriac::console::doctor {

/// One finding a line: verdict, check, what it is, what to do. `colour`: with escape sequences of a terminal.
std::string report_text(const Diagnosis& diagnosis, bool colour);

/// "green: 14 ok, 5 not set up", "2 problems, 1 warning, 12 ok".
std::string summary(const Diagnosis& diagnosis);

/// {green, problems, warnings, unknown, checks: [{check, verdict, says, advice}]}
protocol::Json report_document(const Diagnosis& diagnosis);

/// No problem was found.
bool sound(const Diagnosis& diagnosis);
/// The same, and everything could be looked at: not green by silence.
bool green(const Diagnosis& diagnosis);

}  // namespace celeriac::console::doctor
