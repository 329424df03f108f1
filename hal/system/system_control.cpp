#include "hal/system/system_control.hpp"

#include <algorithm>
#include <format>

namespace celeriac::hal::system {

using firmware::Severity;
using protocol::Error;
using protocol::Json;
using protocol::Result;
using protocol::Status;

namespace {

Json or_null(const std::optional<std::string>& text) {
  return text ? Json(*text) : Json(nullptr);
}

std::string sentence_of(const PackageVersions& versions) {
  if (!versions.installed) return "Celeriac was not installed as a package here, so apt knows nothing of it.";
  if (!versions.candidate)
    return std::format(
        "Celeriac {} is installed, and apt's lists have none: is the repository in its sources?",
        *versions.installed);
  if (!versions.newer())
    return std::format("Celeriac {} is installed, and apt's lists have nothing newer.", *versions.installed);
  return std::format("Celeriac {} is installed, and {} is there: `sudo apt install {}` brings it.",
                     *versions.installed, *versions.candidate, own_package);
}

}  // namespace

void SystemControl::go(Going going, Completion completion) {
  if (parts_.flash.under_way())
    return completion(protocol::fail(
        Status::wrong_state,
        std::format("The firmware of the board is being written: the computer is not {} before that is done.",
                    participle(going))));
  parts_.computer.may_go(going, [this, going, completion = std::move(completion)](Result<void> may) mutable {
    if (!may) return refused(std::move(may.error()), std::move(completion));
    const auto held = std::make_shared<Completion>(std::move(completion));
    const auto rests = parts_.hypervisor.rest(
        {.refusal = {.status = Status::cancelled,
                     .message = std::format("The computer is being {}.", participle(going)),
                     .code = "computer_goes"}},
        [this, going, held] { rested(going, std::move(*held)); });
    if (!rests) (*held)(std::unexpected(rests.error()));
  });
}

void SystemControl::rested(Going going, Completion completion) {
  parts_.computer.go(going, [this, going, completion = std::move(completion)](Result<void> gone) mutable {
    if (!gone) {
      parts_.hypervisor.wake([](const Outcome&) {});
      return refused(std::move(gone.error()), std::move(completion));
    }
    note(Severity::warn, std::format("The computer is being {}.", participle(going)));
    const auto patience = parts_.computer.gone_within();
    still_here_->set(patience, [this, going, patience] {
      if (patience > Duration(0))
        note(Severity::error,
             std::format("The computer should have been {} by now, and was not: the bot goes on.",
                         participle(going)));
      parts_.hypervisor.wake([](const Outcome&) {});
    });
    completion(Done{});
  });
}

void SystemControl::refused(Error error, Completion completion) {
  note(Severity::warn, error.message);
  completion(std::unexpected(std::move(error)));
}

void SystemControl::restart_service(std::string_view service, Completion completion) {
  if (std::ranges::find(own_services, service) == std::end(own_services))
    return completion(
        protocol::fail(Status::not_found, "Services that can be restarted are hal, vm and gateway."));
  if (parts_.flash.under_way())
    return completion(
        protocol::fail(Status::wrong_state,
                       "The firmware of the board is being written: nothing is restarted before "
                       "that is done."));
  parts_.computer.restart_service(service,
                                  [this, completion = std::move(completion)](Result<void> restarted) mutable {
                                    if (!restarted)
                                      return refused(std::move(restarted.error()), std::move(completion));
                                    completion(Done{});
                                  });
}

void SystemControl::check_updates(Completion completion) {
  parts_.updates.check([this, completion = std::move(completion)](Result<PackageVersions> versions) mutable {
    if (!versions) return refused(std::move(versions.error()), std::move(completion));
    note(Severity::info, sentence_of(*versions));
    completion(Done{.value = 0,
                    .document = Json{{"installed", or_null(versions->installed)},
                                     {"candidate", or_null(versions->candidate)},
                                     {"newer", versions->newer()}}});
  });
}

}  // namespace celeriac::hal::system
