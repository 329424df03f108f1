#include "console/doctor/gather.hpp"

namespace celeriac::console::doctor {

boost::asio::awaitable<Facts> gather(const Surroundings& at, bool photo) {
  Facts facts;
  facts.person = at.person;
  facts.remote = at.context.remote();
  if (!facts.remote) {
    look_at_files(at, facts);
    co_await ask_system(at, facts);
  }
  co_await ask_daemons(at, facts, photo);
  co_return facts;
}

}  // namespace celeriac::console::doctor
