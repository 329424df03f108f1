#pragma once
// The hypervisor's registers, as the VM opens them: by name, once each, again after every reconnection.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "protocol/document.hpp"
#include "protocol/error.hpp"
#include "vm/hypervisor.hpp"

namespace celeriac::vm {

class RemoteRegisters {
 public:
  using Value = std::move_only_function<void(protocol::Result<protocol::Json>)>;
  using Changed = std::function<void(const protocol::Json&)>;
  using Ready = std::move_only_function<void(protocol::Result<void>)>;

  explicit RemoteRegisters(Hypervisor& hypervisor);

  /// The fresh value; never answered from inside the call. `offline` while the link is down.
  void read(const std::string& name, Value value);
  /// Hears of every change from now on, over reconnections too, after each of which the present value comes
  /// as a change. `ready` tells once whether the hypervisor has such a register; if not, nothing is kept.
  void watch(const std::string& name, Changed changed, Ready ready);
  /// Whether a watch tells first what is true already.
  enum class Begin : std::uint8_t { with_the_present, with_the_next };
  /// The same for a name that the hypervisor is known to have: kept while the link is down.
  void watch(const std::string& name, Changed changed, Begin begin = Begin::with_the_present);

 private:
  struct Remote {
    std::uint16_t id = 0;  // 0: not open
    bool opening = false;
    std::vector<Changed> changed;  // who watches; empty: nobody
    Begin begin = Begin::with_the_present;
    std::vector<std::move_only_function<void(protocol::Result<void>)>> waiting;  // for it to be open
  };

  void tell(const std::string& name, const protocol::Json& value);
  void with_open(const std::string& name, Ready then);
  void opened(const std::string& name, const protocol::Reply& reply);
  void begin_watch(const std::string& name);
  void linked(bool up);

  Hypervisor& hypervisor_;
  std::map<std::string, Remote, std::less<>> remotes_;
  std::map<std::uint16_t, std::string> names_;  // by id
};

}  // namespace celeriac::vm
