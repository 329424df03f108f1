#include "tests/wasm/foreign/component_writer.hpp"

#include "wasm/leb128.hpp"

namespace celeriac::testing {
namespace {

/// UTF-8, memory 0, realloc 1.
const ModuleBytes usual_options{0x00, 0x03, 0x00, 0x04, 0x01};

}  // namespace

ComponentWriter& ComponentWriter::section(std::uint8_t id, const ModuleBytes& contents) {
  bytes_.push_back(id);
  wasm::append_unsigned(bytes_, static_cast<std::uint32_t>(contents.size()));
  bytes_.insert(bytes_.end(), contents.begin(), contents.end());
  return *this;
}

ComponentWriter& ComponentWriter::lift(const ModuleBytes& options, std::uint8_t number) {
  return section(8, joined_bytes({{1, 0x00, 0x00, 0x05, number}, options, {0x02}}));
}

ComponentWriter& ComponentWriter::lower(const ModuleBytes& options, std::uint8_t number) {
  return section(8, joined_bytes({{1, 0x01, 0x00, 0x05, number}, options}));
}

ComponentWriter& ComponentWriter::custom(std::string_view name, const ModuleBytes& contents) {
  return section(0, joined_bytes({text_bytes(name), contents}));
}

ModuleBytes shim_module() {
  return sample("shim");
}

ModuleBytes fixup_module() {
  return sample("fixup");
}

ModuleBytes component_around(const ModuleBytes& main) {
  ModuleBytes passing_on = ComponentWriter().section(10, {0}).section(11, {0}).bytes();
  return ComponentWriter()
      .section(7, {0})
      .section(10, {0})
      .core_module(main)
      .core_module(shim_module())
      .section(2, {0})
      .section(6, {0})
      .lower(usual_options, 3)
      .section(8, {1, 0x03, 0x01})  // the drop of a resource
      .section(2, {0})
      .core_module(fixup_module())
      .lift(usual_options, 3)
      .nested(passing_on)
      .section(11, {0})
      .custom("component-name", {0})
      .custom("producers", {0})
      .bytes();
}

}  // namespace celeriac::testing
