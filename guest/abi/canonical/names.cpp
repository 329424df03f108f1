#include "guest/abi/canonical/names.hpp"

#include <algorithm>
#include <format>

#include "guest/abi/canonical/instance.hpp"

namespace celeriac::guest::canonical {
namespace {

using wasm::NumberType;

constexpr std::string_view standardised = "cm32p2|";

template <class Exports>
ExportName chosen(std::string_view interface, std::string_view function, Exports&& exports) {
  for (auto& name : export_names(interface, function)) {
    if (!exports(name.function)) continue;
    if (!exports(name.post_return)) name.post_return.clear();
    return std::move(name);
  }
  return {};
}

}  // namespace

std::string_view compatibility_track(std::string_view version) noexcept {
  if (version.contains('-')) return version;
  auto end = version.find('.');
  for (auto begin = std::size_t{0};
       end != std::string_view::npos && version.substr(begin, end - begin) == "0";) {
    begin = end + 1;
    end = version.find('.', begin);
  }
  return version.substr(0, end);
}

std::array<std::string, spellings> import_modules(std::string_view interface) {
  const auto at = std::min(interface.find('@'), interface.size());
  auto track = std::string(standardised) + std::string(interface.substr(0, at));
  if (at < interface.size()) track += std::format("@{}", compatibility_track(interface.substr(at + 1)));
  return {std::string(interface), std::move(track)};
}

std::string resource_drop_field(std::string_view import_module, std::string_view resource) {
  return import_module.starts_with(standardised) ? std::format("{}_drop", resource)
                                                 : std::format("[resource-drop]{}", resource);
}

std::array<ExportName, spellings> export_names(std::string_view interface, std::string_view function) {
  const auto usual = interface.empty() ? std::string(function) : std::format("{}#{}", interface, function);
  const auto track = interface.empty() ? std::string(standardised) : import_modules(interface)[1];
  const auto other = std::format("{}|{}", track, function);
  return {ExportName{usual, std::format("cabi_post_{}", usual)},
          ExportName{other, std::format("{}_post", other)}};
}

ExportName find_export(const Guest& guest, std::string_view interface, std::string_view function) {
  return chosen(interface, function, [&](std::string_view name) { return guest.exports(name); });
}

ExportName find_export(const ModuleShape& module, std::string_view interface, std::string_view function) {
  return chosen(interface, function,
                [&](std::string_view name) { return module.find_export(name) != nullptr; });
}

void initialise(Guest& guest) {
  for (const std::string_view name : {"_initialize", "cm32p2_initialize"})
    if (guest.exports(name)) {
      guest.call(name, {});
      return;
    }
}

std::string encoding_obstacle(const ModuleShape& module) {
  // A custom section of this name, of two bytes: version of the format, and the encoding.
  constexpr std::string_view section = "wit-component-encoding";
  constexpr std::string_view encodings[] = {"UTF-8", "UTF-16", "latin1+utf16"};
  const auto at = module.wit.find(section);
  if (at == std::string_view::npos || at + section.size() + 1 >= module.wit.size()) return "";
  const auto encoding = static_cast<unsigned char>(module.wit[at + section.size() + 1]);
  if (encoding == 0) return "";
  return std::format(
      "The module's strings are {}; this host reads UTF-8 alone. Its bindings can be generated so.",
      encoding < std::size(encodings) ? encodings[encoding] : "of an unknown encoding");
}

std::string allocator_obstacle(const ModuleShape& module, bool for_imports, std::string_view why) {
  const wasm::Signature wanted{std::vector(4, NumberType::i32), {NumberType::i32}};
  for (const auto name : allocator_names(for_imports ? Purpose::import_result : Purpose::export_parameter))
    if (const auto* found = module.find_export(name))
      return found->type == wanted ? ""
                                   : std::format("The module exports {} as {}, but its type is {}.", name,
                                                 wasm::text(found->type), wasm::text(wanted));
  return std::format("The module {}, which needs memory of it, but exports no cabi_realloc.", why);
}

}  // namespace celeriac::guest::canonical
