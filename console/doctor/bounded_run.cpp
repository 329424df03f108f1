#include "console/doctor/bounded_run.hpp"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <format>
#include <ranges>

#include "console/client.hpp"
#include "console/up/child.hpp"

namespace celeriac::console::doctor {
namespace asio = boost::asio;
namespace fs = std::filesystem;
using protocol::Result;
using protocol::Status;

namespace {

/// Where the system's own programs are, where PATH does not say.
constexpr const char* system_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

fs::path found(const World& world, const std::string& name) {
  if (name.contains('/')) return ::access(name.c_str(), X_OK) == 0 ? fs::path(name) : fs::path();
  const std::string path = world.variable("PATH").value_or(system_path);
  for (const auto part : std::views::split(path, ':')) {
    const auto candidate = fs::path(std::string_view(part.begin(), part.end())) / name;
    if (candidate.is_absolute() && ::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return {};
}

/// Lines until there are too many.
void keep(Said& said, std::string& to, std::string_view line, std::size_t most) {
  const std::size_t have = said.output.size() + said.error.size();
  if (have + line.size() + 1 > most) {
    said.cut = true;
    return;
  }
  to.append(line).append("\n");
}

asio::awaitable<Result<Said>> run(World& world, std::vector<std::string> words, Bounds bounds) {
  const fs::path program = found(world, words.front());
  if (program.empty())
    co_return protocol::fail(Status::not_found, std::format("{} is not installed.", words.front()));
  ChildSpec spec{.name = program.filename().string(), .program = program};
  spec.arguments.assign(std::next(words.begin()), words.end());
  Said said;
  asio::steady_timer ended(world.io, bounds.time);
  auto child =
      Child::start(world.io, std::move(spec),
                   {.output = [&](std::string_view line) { keep(said, said.output, line, bounds.bytes); },
                    .error = [&](std::string_view line) { keep(said, said.error, line, bounds.bytes); },
                    .ended = [&] { ended.cancel(); }});
  if (!child) co_return std::unexpected(std::move(child.error()));
  const auto [early] = co_await ended.async_wait(asio::as_tuple(asio::use_awaitable));
  if ((*child)->running()) {
    (*child)->signal(SIGKILL);
    if (early)
      co_return std::unexpected(
          protocol::Error{.status = Status::cancelled, .message = "Interrupted.", .code = interrupted_code});
    co_return protocol::fail(Status::timeout, std::format("{} did not end within {} s.", words.front(),
                                                          bounds.time.count() / 1000));
  }
  const auto status = (*child)->exit_status();
  if (!status)
    co_return protocol::fail(Status::failed, std::format("{} {}.", words.front(), (*child)->fate()));
  said.status = *status;
  co_return said;
}

}  // namespace

Run real_run(World& world) {
  return [&world](std::vector<std::string> words, Bounds bounds) {
    return run(world, std::move(words), bounds);
  };
}

}  // namespace celeriac::console::doctor
