#include "guest/abi/canonical/call.hpp"

#include <algorithm>
#include <format>

namespace celeriac::guest::canonical {

Call::Call(const Function& function, Instance& instance, Guest& guest, std::span<const Slot> arguments,
           std::span<Slot> results)
    : function_(function), instance_(instance), guest_(guest), results_(results) {
  if (!instance.may_leave())
    throw Trap{
        "it is called from inside the guest's allocator or a post-return function, which may call nothing."};
  const Memory memory(guest);
  Lift lift(memory, arena_, this);
  try {
    if (function.indirect()) {
      arguments_ =
          lift.at(function.parameters, static_cast<std::uint32_t>(arguments[0]), {nullptr, "parameters"});
    } else {
      const auto values = arena_.make(function.parameters.part_count);
      auto slots = arguments;
      for (std::size_t i = 0; i < values.size(); ++i) {
        const auto& part = function.parameters.part_list[i];
        values[i] = lift.flat(*part.type, slots, {nullptr, part.name});
      }
      arguments_ = Value::items(values);
    }
    if (function.returns_area()) {
      area_ = static_cast<std::uint32_t>(arguments.back());
      const auto& type = *function.result;
      if (area_ % type.alignment != 0)
        throw Trap{std::format("the return area at {} is not aligned to {}.", area_, type.alignment)};
      if (!memory.holds(area_, type.size))
        throw Trap{std::format("the return area at {} has {} bytes, but the memory ends at {}.", area_,
                               type.size, memory.size())};
    }
  } catch (...) {
    for (const auto handle : lent_) instance_.handles().give_back(handle);
    throw;
  }
}

Call::~Call() {
  for (const auto handle : lent_) instance_.handles().give_back(handle);
}

Value Call::own(const ResourceType& type, std::uint32_t handle) {
  taken_.push_back(instance_.handles().take(type, handle));
  return Value::resource(handle, taken_.back().get());
}

Value Call::borrow(const ResourceType& type, std::uint32_t handle) {
  auto& behind = instance_.handles().lend(type, handle);
  lent_.push_back(handle);
  return Value::resource(handle, &behind);
}

std::unique_ptr<Resource> Call::taken(const Value& parameter) {
  const auto found = std::ranges::find(taken_, parameter.behind(), &std::unique_ptr<Resource>::get);
  return found == taken_.end() ? nullptr : std::move(*found);
}

void Call::give(const Value& result) {
  Lower lower(instance_, guest_, Purpose::import_result);
  if (function_.returns_area()) return lower.at(*function_.result, result, area_);
  std::vector<Slot> slots;
  lower.flat(*function_.result, result, slots);
  std::ranges::copy(slots, results_.begin());
}

void rethrow_named(std::string_view function, Trap& trap) {
  trap.why = std::format("{}: {}", function, trap.why);
  throw;
}

ExportCall::ExportCall(const Function& function, const ExportName& name, Instance& instance, Guest& guest,
                       std::span<const Value> arguments)
    : function_(function), name_(name), instance_(instance), guest_(guest) {
  std::vector<Slot> slots;
  Lower lower(instance, guest, Purpose::export_parameter);
  for (std::size_t i = 0; i < arguments.size(); ++i)
    lower.flat(*function.parameters.part_list[i].type, arguments[i], slots);
  const auto results = guest.call(name.function, slots);
  if (function.result == nullptr) return;
  returned_ = results.at(0);
  try {
    const Memory memory(guest);
    Lift lift(memory, arena_, nullptr);
    std::span<const Slot> rest(results);
    result_ = function.returns_area()
                  ? lift.at(*function.result, static_cast<std::uint32_t>(returned_), {nullptr, "the result"})
                  : lift.flat(*function.result, rest, {nullptr, "the result"});
  } catch (Trap& trap) {
    rethrow_named(name.function, trap);
  }
}

void ExportCall::finish() {
  if (!name_.post_return.empty()) instance_.post_return(guest_, name_.post_return, returned_);
}

}  // namespace celeriac::guest::canonical
