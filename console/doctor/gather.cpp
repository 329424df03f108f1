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

std::filesystem::path state_directory(const Context& context, const std::string& daemon) {
  const auto sockets = context.vm().socket.parent_path();
  // Services have a state directory each; `celeriac up` has one directory for everything.
  if (sockets == "/run/celeriac") return std::filesystem::path("/var/lib/celeriac") / daemon;
  return sockets;
}

}  // namespace celeriac::console::doctor
