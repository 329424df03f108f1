// Commands: programs with a main function, which run once.

#include "guest/abi/personality.hpp"
#include "guest/abi/preview1/preview1.hpp"

namespace celeriac::guest {
namespace {

class Command final : public PersonalityBase {
 public:
  [[nodiscard]] std::span<const HostFunction> functions() const override { return preview1_functions(); }
  void serve(Guest& guest) override { guest.call("_start", {}); }
};

}  // namespace

bool recognises_command(const ModuleShape& module) {
  const auto* start = module.find_export("_start");
  return start != nullptr && start->type == wasm::Signature{};
}

protocol::Result<std::unique_ptr<Personality>> make_command(const ModuleShape& module, std::string_view) {
  if (recognises_command(module)) return std::make_unique<Command>();
  return protocol::fail(protocol::Status::invalid_code,
                        "The module exports no _start as () -> (), which a command begins with.");
}

}  // namespace celeriac::guest
