#include "console/up/supervisor.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <format>
#include <optional>
#include <ranges>

#include "console/client.hpp"

namespace celeriac::console {
namespace asio = boost::asio;
using protocol::Error;
using protocol::Result;
using protocol::Status;

struct Supervisor::Member {
  std::string name;
  bool ready = false;
  bool asked_to_end = false;
  std::string last_words = {};  // the last line on standard error: mostly the reason of an end
  std::unique_ptr<Child> child = nullptr;
};

namespace {

Error was_interrupted() {
  return {.status = Status::cancelled, .message = "Interrupted.", .code = interrupted_code};
}

}  // namespace

Supervisor::Supervisor(asio::io_context& io, Log log) : io_(io), log_(std::move(log)), wake_(io) {}

Supervisor::~Supervisor() = default;

void Supervisor::woke() {
  ++events_;
  wake_.cancel();
}

asio::awaitable<Supervisor::Woken> Supervisor::wait_until(std::function<bool()> met,
                                                          std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!met()) {
    const auto seen = events_;
    wake_.expires_at(deadline);
    const auto [error] = co_await wake_.async_wait(asio::as_tuple(asio::use_awaitable));
    if (met()) break;
    if (!error) co_return Woken::late;
    if (events_ == seen) co_return Woken::interrupted;  // nobody woke us: the coroutine is cancelled
  }
  co_return Woken::event;
}

asio::awaitable<Result<void>> Supervisor::start(ChildSpec spec, std::chrono::seconds patience) {
  auto& member = *crew_.emplace_back(std::make_unique<Member>(spec.name));
  Child::Events events{.output =
                           [this, &member](std::string_view line) {
                             if (member.ready || !line.starts_with("ready")) return log_(member.name, line);
                             member.ready = true;
                             woke();
                           },
                       .error =
                           [this, &member](std::string_view line) {
                             member.last_words = line;
                             log_(member.name, line);
                           },
                       .ended = [this] { woke(); }};
  auto child = Child::start(io_, std::move(spec), std::move(events));
  if (!child) {
    crew_.pop_back();
    co_return std::unexpected(std::move(child.error()));
  }
  member.child = std::move(*child);
  const auto woken = co_await wait_until([&] { return member.ready || death().has_value(); }, patience);
  if (auto dead = death()) co_return std::unexpected(std::move(*dead));
  if (woken == Woken::interrupted) co_return std::unexpected(was_interrupted());
  if (woken == Woken::late)
    co_return protocol::fail(Status::timeout,
                             std::format("{} was not ready within {} s.", member.name, patience.count()));
  co_return Result<void>();
}

std::optional<Error> Supervisor::death() const {
  const auto dead = std::ranges::find_if(crew_, [](const auto& member) {
    return member->child && !member->child->running() && !member->asked_to_end;
  });
  if (dead == crew_.end()) return std::nullopt;
  const Member& member = **dead;
  Error error{
      .status = Status::failed,
      .message = std::format("{} {}{}", member.name, member.child->fate(),
                             member.last_words.empty() ? "." : ". Its last words: " + member.last_words)};
  error.details["program"] = member.name;
  return error;
}

asio::awaitable<Result<void>> Supervisor::pass(std::chrono::milliseconds time) {
  const auto woken = co_await wait_until([this] { return death().has_value(); }, time);
  if (auto dead = death()) co_return std::unexpected(std::move(*dead));
  if (woken == Woken::interrupted) co_return std::unexpected(was_interrupted());
  co_return Result<void>();
}

asio::awaitable<Error> Supervisor::first_death() {
  while (true) {
    const auto passed = co_await pass(std::chrono::hours(1));
    if (!passed) co_return passed.error();
  }
}

asio::awaitable<void> Supervisor::stop(std::chrono::seconds grace) {
  for (auto& member : crew_) member->asked_to_end = true;
  for (auto& member : crew_ | std::views::reverse) {
    const Child* child = member->child.get();
    if (child == nullptr || !child->running()) continue;
    child->signal(SIGTERM);
    const auto gone = [child] { return !child->running(); };
    if (co_await wait_until(gone, grace) == Woken::event) continue;
    log_(member->name, std::format("did not end within {} s and is killed", grace.count()));
    child->signal(SIGKILL);
    co_await wait_until(gone, grace);
  }
}

Result<std::filesystem::path> find_program(const std::filesystem::path& beside,
                                           const std::string& search_path, const std::string& name) {
  const auto runs = [](const std::filesystem::path& path) { return ::access(path.c_str(), X_OK) == 0; };
  if (!beside.empty() && runs(beside / name)) return beside / name;
  for (const auto part : std::views::split(search_path, ':')) {
    const std::filesystem::path directory(std::string_view(part.begin(), part.end()));
    if (!directory.empty() && runs(directory / name)) return directory / name;
  }
  return protocol::fail(
      Status::not_found,
      std::format("Cannot find {}: it should lie beside celeriac{} or on PATH. Is everything built and "
                  "installed?",
                  name, beside.empty() ? "" : " in " + beside.string()));
}

}  // namespace celeriac::console
