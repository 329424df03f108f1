#pragma once
// `--arg LABEL=VALUE`: values for the parameters of a sequence, as a person types them.
//
//   3.5                                      a number
//   point:51  Plant:51  Weed:54  …           a point by its id; the type is for texts
//   tool:21  group:40                        a tool; a group: the sequence runs once for each member
//   coordinate:1,2,3  (1,2,3)                a place, in mm
//   resource:Peripheral/11                   a resource by type and id
//   {"kind": "coordinate", "args": {…}}      any node
//   anything else, or "in quotes"            a text

#include <string>
#include <string_view>
#include <vector>

#include "protocol/document.hpp"
#include "protocol/error.hpp"

namespace celeriac::console {

/// The value as PROC.START takes it: a number, a text or a node. malformed: it begins like one of the above
/// and does not go on so; the message says how it should.
protocol::Result<protocol::Json> argument_value(std::string_view text);

/// `{label: value}` of several.
protocol::Result<protocol::Json> arguments_of(const std::vector<std::string>& words);

/// What `--help` says of the values.
extern const char* const argument_help;

}  // namespace celeriac::console
