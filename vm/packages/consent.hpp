#pragma once
// What a package wants, in words for the person who is asked: one sentence each.
//
//   soil-logger may read pin 59.
//   It may move the machine: it goes to 0.
//   It may switch pin 8, the water valve.
//   It can be reached by every process.
//
// The same words tell what a process holds (GRANT.LIST). They are made from the operation table and a few
// rows of our own; what nothing is known of is shown as it is, so that nothing is left out.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "vm/kernel/names.hpp"
#include "vm/packages/manifest.hpp"

namespace celeriac::vm {

/// What is connected to a pin, "" if nobody knows.
using PinLabel = std::function<std::string(std::int64_t pin)>;

class Consent {
 public:
  explicit Consent(PinLabel pin_label = nullptr) : pin_label_(std::move(pin_label)) {}

  /// Of each process in turn: the first sentence begins with its name, the others with "It".
  [[nodiscard]] std::vector<std::string> wants(const Manifest& manifest) const;
  /// A whole sentence about a capability that `holder` has, or is to have: "echo may read pin 59."
  [[nodiscard]] std::string sentence(std::string_view subject, const ProcessName& holder,
                                     const ProcessName& issuer, std::string_view params) const;

 private:
  [[nodiscard]] std::string hardware(const nlohmann::json& params) const;
  [[nodiscard]] std::string predicate(const ProcessName& holder, const ProcessName& issuer,
                                      std::string_view params) const;
  [[nodiscard]] std::string gift(const ManifestProcess& process, const ManifestCapability& given) const;

  PinLabel pin_label_;
};

}  // namespace celeriac::vm
