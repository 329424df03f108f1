#include "console/commands/finished.hpp"

namespace celeriac::console {

boost::asio::awaitable<Exit> finished(Exit exit) {
  co_return exit;
}

}  // namespace celeriac::console
