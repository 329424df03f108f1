#include "console/doctor/facts.hpp"

namespace celeriac::console::doctor {

Answer not_asked() {
  return protocol::fail(protocol::Status::offline, "nobody was asked");
}

}  // namespace celeriac::console::doctor
