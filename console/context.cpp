#include "console/context.hpp"

#include <unistd.h>

#include <charconv>
#include <format>
#include <fstream>
#include <ostream>

#include "console/text.hpp"
#include "protocol/listener.hpp"

namespace celeriac::console {
using protocol::Error;
using protocol::Json;
using protocol::Result;
using protocol::Status;

namespace {

/// The first line of the file without blanks around it: files of secrets usually end with a line feed.
Result<std::string> read_token(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string token;
  if (!file || !std::getline(file, token))
    return protocol::fail(Status::not_found,
                          std::format("Cannot read the token from {}: is the file there, may you read it, "
                                      "and is it not empty?",
                                      path.string()));
  const auto first = token.find_first_not_of(" \t\r");
  const auto last = token.find_last_not_of(" \t\r");
  return first == std::string::npos ? std::string() : token.substr(first, last - first + 1);
}

/// Splits "HOST:PORT", "[::1]:PORT" included.
Result<Target> remote_target(const std::string& where) {
  Target target{.who = "the host"};
  const auto colon = where.rfind(':');
  const char* const end = where.data() + where.size();
  bool good = colon != std::string::npos && colon > 0;
  if (good) {
    target.host = where.substr(0, colon);
    if (target.host.starts_with('[') && target.host.ends_with(']'))
      target.host = target.host.substr(1, target.host.size() - 2);
    const auto [stop, error] = std::from_chars(where.data() + colon + 1, end, target.port);
    good = error == std::errc() && stop == end && target.port != 0;
  }
  if (!good)
    return protocol::fail(
        Status::malformed,
        std::format("--connect takes HOST:PORT, such as 127.0.0.1:7070, and not \"{}\".", where));
  return target;
}

}  // namespace

Exit exit_of(const Error& error) {
  if (error.code == interrupted_code) return Exit::interrupted;
  if (error.code == unreachable_code) return Exit::unreachable;
  if (error.status == Status::malformed || error.status == Status::invalid_code) return Exit::refused;
  return Exit::failed;
}

std::optional<std::filesystem::path> Context::named_directory() const {
  if (!options_.directory.empty()) return options_.directory;
  if (auto named = world_.variable("CELERIAC_DIR")) return std::move(*named);
  return std::nullopt;
}

std::filesystem::path Context::directory() const {
  if (auto named = named_directory()) return std::move(*named);
  if (const auto runtime = world_.variable("XDG_RUNTIME_DIR"))
    return std::filesystem::path(*runtime) / "celeriac";
  return std::format("/tmp/celeriac-{}", getuid());
}

std::filesystem::path Context::host_directory() const {
  const auto own = directory();
  if (named_directory() || world_.service.empty()) return own;
  for (const char* socket : {"vm.sock", "hal.sock"})
    if (protocol::answers(own / socket)) return own;
  // Sockets that systemd listens on are there whether the daemons run or not.
  std::error_code ignored;
  return std::filesystem::exists(world_.service / "vm.sock", ignored) ? world_.service : own;
}

std::filesystem::path Context::recording_directory() const {
  const auto host = host_directory();
  return !world_.service.empty() && host == world_.service ? world_.service_state : host;
}

Target Context::vm() const {
  return {.who = "the VM", .socket = host_directory() / "vm.sock"};
}

Target Context::hypervisor() const {
  return {.who = "the hypervisor", .socket = host_directory() / "hal.sock"};
}

Result<Target> Context::target() const {
  if (!remote()) return to_hypervisor() ? hypervisor() : vm();
  auto target = remote_target(options_.connect);
  if (target && !options_.token_file.empty()) {
    auto token = read_token(options_.token_file);
    if (!token) return std::unexpected(std::move(token.error()));
    target->token = std::move(*token);
  }
  return target;
}

boost::asio::awaitable<Result<std::unique_ptr<Client>>> Context::connect() const {
  auto to = target();
  if (!to) co_return std::unexpected(std::move(to.error()));
  co_return co_await Client::connect(world_.io, std::move(*to));
}

Exit Context::done(const Json& result, std::string_view text) {
  if (json())
    document(result);
  else if (!text.empty())
    line(text);
  return Exit::done;
}

Exit Context::failed(const Error& error) {
  if (json()) {
    document(error.document());
  } else {
    world_.err << "celeriac: " << printable(error.message) << '\n';
    if (!error.path.empty()) world_.err << "  at " << printable(error.path) << " of the sequence\n";
    world_.err.flush();
  }
  return exit_of(error);
}

void Context::line(std::string_view text) {
  world_.out << text;
  if (!text.ends_with('\n')) world_.out << '\n';
  world_.out.flush();
}

void Context::document(const Json& document) {
  world_.out << json_line(document) << std::endl;
}

void Context::note(std::string_view text) {
  if (!json()) world_.err << "celeriac: " << text << std::endl;
}

}  // namespace celeriac::console
