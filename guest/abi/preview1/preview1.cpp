#include "guest/abi/preview1/preview1.hpp"

namespace celeriac::guest {

std::span<const HostFunction> preview1_functions() {
  return {};
}

}  // namespace celeriac::guest
