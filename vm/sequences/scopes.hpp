#pragma once
// The variables of one run of a sequence, bound when it is entered.

#include <memory>

#include "celeryscript/program.hpp"
#include "protocol/error.hpp"
#include "vm/assets/assets.hpp"
#include "vm/sequences/process.hpp"

namespace celeriac::vm {

/// What is passed to a sequence, with the caller's own variables in place of Identifiers. Errors: not_found,
/// "Can't find variable …".
protocol::Result<celeryscript::Scope> pass_on(const celeryscript::Scope& applications,
                                              const celeryscript::Scope* callers);

/// The value of a variable; not_found with the names that there are.
protocol::Result<const celeryscript::DataValue*> look_up(const celeryscript::Scope* scope,
                                                         std::string_view label);

struct Bound {
  std::shared_ptr<const celeryscript::Scope> scope;  ///< nullptr: no variables
  std::unique_ptr<Iteration> iteration;              ///< where one of them is a group
};

/// What is given first, then defaults for what is not, then constants, which win over what is given unless
/// `given_wins`; then one variable may be a group, whose members are found now. Errors: wrong_state for a
/// placeholder or a second group (`details.label` names the variable, the path its declaration), not_found
/// for a missing group.
protocol::Result<Bound> bind(const celeryscript::Program& program, celeryscript::Scope given, bool given_wins,
                             const Assets& assets, std::int64_t now_ms, std::uint64_t random);

/// The same variables, with the next member in place of the one before.
std::shared_ptr<const celeryscript::Scope> with_member(const celeryscript::Scope& scope,
                                                       const Iteration& iteration);

}  // namespace celeriac::vm
