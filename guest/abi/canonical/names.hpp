#pragma once
// How modules spell what they import and export: the names that generators have always used, and those of the
// standardised scheme, "cm32p2".
//
//   kinode:process/standard@0.7.0                          cm32p2|kinode:process/standard@0.7
//   wasi:messaging/incoming-handler@0.2.0-draft#handle
//   cm32p2|wasi:messaging/incoming-handler@0.2.0-draft|handle init cm32p2||init

#include <array>
#include <string>
#include <string_view>

#include "guest/abi/guest.hpp"

namespace celeriac::guest::canonical {

/// What stays of a version: 1.2.3 → 1, 0.7.0 → 0.7, 0.0.4 → 0.0.4; one with a pre-release part stays whole.
std::string_view compatibility_track(std::string_view version) noexcept;

/// The old one and the standardised one.
inline constexpr std::size_t spellings = 2;

/// The import module of an interface, in both spellings: "cm32p2|kinode:process/standard@0.7" is the second.
std::array<std::string, spellings> import_modules(std::string_view interface);

/// The names of "[resource-drop]message", of whatever the spelling of its module is: "message_drop".
std::string resource_drop_field(std::string_view import_module, std::string_view resource);

/// An exported function, as a module spells it.
struct ExportName {
  std::string function;     ///< "" if the module does not export it
  std::string post_return;  ///< "" if there is nothing to call afterwards
};

/// `interface` is "" for functions of the world itself.
std::array<ExportName, spellings> export_names(std::string_view interface, std::string_view function);

/// The spelling that is exported; its post-return is "" if there is none.
ExportName find_export(const Guest& guest, std::string_view interface, std::string_view function);
ExportName find_export(const ModuleShape& module, std::string_view interface, std::string_view function);

/// Runs `_initialize`, if there is one: once, before anything else of the module.
void initialise(Guest& guest);

/// Why strings of this module cannot be read: it says in its component type that they are not UTF-8. "" if
/// all is well.
std::string encoding_obstacle(const ModuleShape& module);

/// Why the module cannot take what its host would write into its memory: it exports no allocator for this
/// purpose, or one of another type. "" if it can. `why` names what needs it: "imports
/// kinode:process/standard@0.7.0 receive".
std::string allocator_obstacle(const ModuleShape& module, bool for_imports, std::string_view why);

}  // namespace celeriac::guest::canonical
