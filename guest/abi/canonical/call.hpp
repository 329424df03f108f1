#pragma once
// One call across the border, in either direction.
//
//   a guest calls an import:  Call, all arguments checked, and the return area ──► handler acts ──► give()
//   the host calls an export: ExportCall ──► result(), to be copied ──► finish(): post-return, once
//
// serve<function, Self, handler> makes a HostFunction::call of a handler `void handler(Self&, Call&)`, where
// Self is a personality with a `canonical::Instance& instance()`. Every Trap from inside gets the function's
// name in front.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "guest/abi/canonical/instance.hpp"
#include "guest/abi/canonical/lift.hpp"
#include "guest/abi/canonical/lower.hpp"
#include "guest/abi/canonical/names.hpp"
#include "guest/abi/canonical/type.hpp"
#include "guest/abi/canonical/value.hpp"
#include "guest/abi/guest.hpp"

namespace celeriac::guest::canonical {

class Call final : private HandleSink {
 public:
  /// Checks and lifts everything. What it throws, it throws before anything has happened.
  Call(const Function& function, Instance& instance, Guest& guest, std::span<const Slot> arguments,
       std::span<Slot> results);
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  /// A parameter.
  [[nodiscard]] const Value& operator[](std::size_t parameter) const { return arguments_[parameter]; }
  /// All of them, as a record.
  [[nodiscard]] const Value& arguments() const noexcept { return arguments_; }
  [[nodiscard]] Arena& arena() noexcept { return arena_; }
  [[nodiscard]] Guest& guest() noexcept { return guest_; }

  /// The resource of a borrow parameter, or of an own one, until the call is over.
  template <class T>
  [[nodiscard]] static T& resource(const Value& parameter) {
    return static_cast<T&>(*parameter.behind());
  }
  /// The resource of an own parameter, kept by the caller. What is not taken is dropped with the call.
  template <class T>
  [[nodiscard]] std::unique_ptr<T> take(const Value& parameter) {
    return std::unique_ptr<T>(static_cast<T*>(taken(parameter).release()));
  }
  /// A new resource for the guest, as a result.
  Value own(const ResourceType& type, std::unique_ptr<Resource> resource) {
    return Value::number(instance_.handles().insert(type, std::move(resource)));
  }
  /// The result, which the guest gets: once, as the last thing that a handler of a function with a result
  /// does.
  void give(const Value& result);

 private:
  Value own(const ResourceType& type, std::uint32_t handle) override;
  Value borrow(const ResourceType& type, std::uint32_t handle) override;
  std::unique_ptr<Resource> taken(const Value& parameter);

  const Function& function_;
  Instance& instance_;
  Guest& guest_;
  std::span<Slot> results_;
  Arena arena_;
  Value arguments_;
  std::uint32_t area_ = 0;
  std::vector<std::unique_ptr<Resource>> taken_;
  std::vector<std::uint32_t> lent_;
};

/// Puts the function's name in front of what a Trap says.
[[noreturn]] void rethrow_named(std::string_view function, Trap& trap);

template <const Function& function, class Self, void (*handler)(Self&, Call&)>
void serve(Personality& self, Guest& guest, std::span<const Slot> arguments, std::span<Slot> results) {
  auto& personality = static_cast<Self&>(self);
  try {
    Call call(function, personality.instance(), guest, arguments, results);
    handler(personality, call);
  } catch (Trap& trap) {
    rethrow_named(function.name, trap);
  }
}

/// A row of a personality's table. `field` is given where the spelling of the module wants another
/// ("message_drop").
template <const Function& function, class Self, void (*handler)(Self&, Call&)>
HostFunction host_function(std::string_view module, std::string_view field = function.name) {
  return {module, field, import_signature(function), &serve<function, Self, handler>};
}

/// The result of an exported function that has been called. Without finish() the guest is not told that it
/// may free it: right after a trap, when it must not be entered.
class ExportCall {
 public:
  /// `function` has at most 16 core parameters.
  ExportCall(const Function& function, const ExportName& name, Instance& instance, Guest& guest,
             std::span<const Value> arguments);
  ExportCall(const ExportCall&) = delete;
  ExportCall& operator=(const ExportCall&) = delete;

  /// Copy what is needed before the guest is entered again: what it has returned is its own to reuse.
  [[nodiscard]] const Value& result() const noexcept { return result_; }
  void finish();

 private:
  const Function& function_;
  const ExportName& name_;
  Instance& instance_;
  Guest& guest_;
  Arena arena_;
  Value result_;
  Slot returned_ = 0;
};

}  // namespace celeriac::guest::canonical
