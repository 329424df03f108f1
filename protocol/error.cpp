#include "protocol/error.hpp"

namespace celeriac::protocol {

nlohmann::json Error::document() const {
  return {{"code", code.empty() ? std::string(name(status)) : code},
          {"message", message},
          {"path", path},
          {"details", details}};
}

}  // namespace celeriac::protocol
