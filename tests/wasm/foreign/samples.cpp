#include "tests/wasm/foreign/samples.hpp"

#include <format>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "wasm/leb128.hpp"

namespace celeriac::testing {

ModuleBytes sample(std::string_view name) {
  const std::string path = std::format("{}/{}.wasm", CELERIAC_WASM, name);
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("there is no " + path);
  return {std::istreambuf_iterator<char>(in), {}};
}

ModuleBytes core_module(const std::vector<Section>& sections) {
  ModuleBytes made{0, 'a', 's', 'm', 1, 0, 0, 0};
  for (const auto& [id, contents] : sections) {
    made.push_back(id);
    wasm::append_unsigned(made, static_cast<std::uint32_t>(contents.size()));
    made.insert(made.end(), contents.begin(), contents.end());
  }
  return made;
}

ModuleBytes vector_of(std::uint32_t count, const ModuleBytes& each) {
  ModuleBytes made;
  wasm::append_unsigned(made, count);
  made.reserve(made.size() + count * each.size());
  for (std::uint32_t i = 0; i < count; ++i) made.insert(made.end(), each.begin(), each.end());
  return made;
}

ModuleBytes text_bytes(std::string_view text) {
  ModuleBytes made;
  wasm::append_text(made, text);
  return made;
}

ModuleBytes joined_bytes(std::initializer_list<ModuleBytes> parts) {
  ModuleBytes made;
  for (const ModuleBytes& part : parts) made.insert(made.end(), part.begin(), part.end());
  return made;
}

}  // namespace celeriac::testing
