#include "hal/system/logind.hpp"

#include <boost/asio/post.hpp>
#include <format>

namespace celeriac::hal::system {

using protocol::Result;
using protocol::Status;

namespace {

constexpr BusMethod manager(const char* member) {
  return {"org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager", member};
}

/// Methods of logind's Manager, by Going (org.freedesktop.login1(5)).
struct GoingRow {
  BusMethod may, go;
};
constexpr GoingRow rows[] = {
    {manager("CanPowerOff"), manager("PowerOff")},
    {manager("CanReboot"), manager("Reboot")},
};
constexpr const GoingRow& row_of(Going going) {
  return rows[static_cast<std::size_t>(going)];
}

constexpr BusMethod restart_unit{"org.freedesktop.systemd1", "/org/freedesktop/systemd1",
                                 "org.freedesktop.systemd1.Manager", "RestartUnit"};

constexpr std::string_view rules_advice =
    "The rules for polkit that come with Celeriac (50-celeriac.rules) let the user celeriac-hal do it: are "
    "they installed, and does the hypervisor run as that user?";

protocol::Error with_advice(protocol::Error error) {
  if (error.status == Status::denied) error.message = std::format("{} {}", error.message, rules_advice);
  return error;
}

Result<void> answer_of(Result<std::string> reply) {
  if (!reply) return std::unexpected(with_advice(std::move(reply.error())));
  return {};
}

}  // namespace

void Logind::call(const BusMethod& method, std::initializer_list<BusArgument> arguments, Bus::Reply reply) {
  auto bus = connect_();
  if (!bus) {
    boost::asio::post(io_, [reply = std::move(reply), error = std::move(bus.error())]() mutable {
      reply(std::unexpected(std::move(error)));
    });
    return;
  }
  // The bus goes with the reply to its one call.
  const auto held = std::make_shared<std::unique_ptr<Bus>>(std::move(*bus));
  (*held)->call(method, arguments, [held, reply = std::move(reply)](Result<std::string> answer) mutable {
    const auto ended = std::move(*held);
    reply(std::move(answer));
  });
}

void Logind::may_go(Going going, Completion completion) {
  call(row_of(going).may, {}, [going, completion = std::move(completion)](Result<std::string> reply) mutable {
    if (reply && *reply == "yes") return completion({});
    if (!reply) return completion(answer_of(std::move(reply)));
    // "no" and "challenge": not without a person's password; "na": the hardware or the kernel cannot.
    if (*reply == "na")
      return completion(protocol::fail(
          Status::offline, std::format("This computer cannot be {} by a program.", participle(going))));
    completion(std::unexpected(
        with_advice({.status = Status::denied,
                     .message = std::format("The computer is not {}: the hypervisor may not do that.",
                                            participle(going))})));
  });
}

void Logind::go(Going going, Completion completion) {
  constexpr bool interactive = false;  // nobody is there to type a password
  call(row_of(going).go, {interactive},
       [completion = std::move(completion)](Result<std::string> reply) mutable {
         completion(answer_of(std::move(reply)));
       });
}

void Logind::restart_service(std::string_view service, Completion completion) {
  call(restart_unit, {std::format("celeriac-{}.service", service), std::string("replace")},
       [completion = std::move(completion)](Result<std::string> reply) mutable {
         completion(answer_of(std::move(reply)));
       });
}

}  // namespace celeriac::hal::system
