#include "tests/guest/abi/real_guest.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <iterator>

namespace celeriac::guest::testing {

using protocol::Result;

Result<std::unique_ptr<RealGuest>> RealGuest::load(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  const std::vector<char> read(std::istreambuf_iterator<char>(in), {});
  const std::vector<std::uint8_t> bytes(read.begin(), read.end());
  auto made = std::make_unique<RealGuest>();
  auto module = wasm::GuestModule::load(made->engine_, bytes);
  if (!module) return std::unexpected(module.error());
  made->module_ = *module;
  ModuleShape shape;
  for (const auto& one : made->module_->imports()) shape.imports.push_back({one.module, one.name, one.type});
  for (const auto& one : made->module_->exports()) shape.exports.push_back({"", one.name, one.type});
  shape.wit = made->module_->wit();
  auto personality = personality_for(shape, "");
  if (!personality) return std::unexpected(personality.error());
  made->personality_ = std::move(*personality);
  std::vector<wasm::GuestImport> offered;
  for (const auto& one : made->personality_->functions())
    offered.push_back({one.module, one.field, one.type, &RealGuest::enter, &one});
  if (auto linked = made->module_->link(offered); !linked) return std::unexpected(linked.error());
  const auto refuel = [](void*) noexcept { return wasm::HostOutcome::go_on; };
  auto code = wasm::GuestInstance::create(made->module_, {refuel, made.get()});
  if (!code) return std::unexpected(code.error());
  made->code_ = std::move(*code);
  return made;
}

std::string RealGuest::run() {
  try {
    personality_->run(*this);
    return "";
  } catch (const Trap& trap) {
    return trap.why;
  } catch (const NothingLeft&) {
    return "waits";
  }
}

wasm::HostOutcome RealGuest::enter(void* guest, const void* function,
                                   std::span<const std::uint64_t> arguments,
                                   std::span<std::uint64_t> results) noexcept {
  auto& self = *static_cast<RealGuest*>(guest);
  try {
    static_cast<const HostFunction*>(function)->call(*self.personality_, self, arguments, results);
    return wasm::HostOutcome::go_on;
  } catch (...) {
    self.thrown_ = std::current_exception();
    return wasm::HostOutcome::stop;
  }
}

bool RealGuest::exports(std::string_view function) const {
  return module_->find_export(function).has_value();
}

const wasm::Signature* RealGuest::export_type(std::string_view function) const {
  const auto found = std::ranges::find(module_->exports(), function, &wasm::GuestModule::Function::name);
  return found == module_->exports().end() ? nullptr : &found->type;
}

std::vector<Slot> RealGuest::call(std::string_view function, std::span<const Slot> arguments) {
  auto results = code_->call(function, arguments);
  if (results) return *std::move(results);
  if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
  throw Trap{std::string(function) + ": " + results.error().message};
}

protocol::Reply RealGuest::ask(const protocol::Operation& operation, std::string payload) {
  asked.push_back({std::string(operation.long_name), std::move(payload), false});
  if (operation.long_name == "BLOB.READ") return {.value = 1, .data = blob};
  if (operation.long_name != "MESSAGE.RECEIVE") return {};
  if (mailbox.empty()) throw NothingLeft();
  protocol::Reply reply{.value = 1, .data = encode(mailbox.front())};
  mailbox.pop_front();
  return reply;
}

void RealGuest::tell(const protocol::Operation& operation, std::string payload) {
  asked.push_back({std::string(operation.long_name), std::move(payload), true});
}

std::vector<protocol::Outgoing> RealGuest::responses() const {
  std::vector<protocol::Outgoing> made;
  for (const auto& one : asked)
    if (one.operation == "MESSAGE.RESPOND")
      made.push_back(protocol::decode_outgoing(one.payload.substr(2)).value());
  return made;
}

std::unique_ptr<RealGuest> loaded(const std::filesystem::path& file) {
  auto made = RealGuest::load(file);
  if (!made) FAIL(made.error().message);
  return *std::move(made);
}

protocol::Item request_of(std::string body) {
  protocol::Item item;
  item.source = "n.os@asker:pkg:me.os";
  item.request = 1;
  item.expects = 5'000;
  item.body = std::move(body);
  return item;
}

}  // namespace celeriac::guest::testing
