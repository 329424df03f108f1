#include "console/interruption.hpp"

#include <boost/asio/this_coro.hpp>

namespace celeriac::console {
namespace asio = boost::asio;

asio::awaitable<bool> interrupted() {
  const auto state = co_await asio::this_coro::cancellation_state;
  co_return state.cancelled() != asio::cancellation_type::none;
}

}  // namespace celeriac::console
