#include "vm/template_values.hpp"

#include <memory>
#include <set>

#include "vm/messages.hpp"

namespace celeriac::vm {

void read_template_values(RemoteRegisters& remote, std::span<const std::string> texts,
                          std::move_only_function<void(const TemplateValues&)> then) {
  struct Reading {
    TemplateValues values;
    std::size_t missing = 0;
    std::move_only_function<void(const TemplateValues&)> then;
  };
  std::set<std::string> names;
  for (const std::string& text : texts)
    for (std::string& name : registers_of(text)) names.insert(std::move(name));
  auto reading = std::make_shared<Reading>();
  reading->then = std::move(then);
  reading->missing = names.size();
  if (names.empty()) return reading->then(reading->values);
  for (const std::string& name : names) {
    remote.read(name, [reading, name](protocol::Result<protocol::Json> value) {
      reading->values[name] = value ? std::move(*value) : protocol::Json();
      if (--reading->missing == 0) reading->then(reading->values);
    });
  }
}

}  // namespace celeriac::vm
