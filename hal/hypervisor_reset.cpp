// SYS.FACTORY_RESET: the parameters of the board, or the settings of the host, go back to their defaults;
// what they were is in a file first.

#include <format>

#include "hal/firmware/faults.hpp"
#include "hal/hypervisor.hpp"
#include "hal/settings/host_settings.hpp"

namespace celeriac::hal {

namespace asio = boost::asio;
using firmware::Severity;
using protocol::Error;
using protocol::Json;
using protocol::Result;
using protocol::Status;

namespace {

constexpr std::int64_t firmware_package = 0;

Json reset_document(const std::filesystem::path& backup, int changed) {
  return {{"backup", backup.string()}, {"changed", changed}};
}

}  // namespace

void Hypervisor::factory_reset(const Arguments& arguments, Owner owner, Completion completion) {
  if (queue_.at_work())
    return completion(protocol::fail(Status::wrong_state,
                                     "The machine is at work: wait until it has ended, or stop it, and reset "
                                     "then. Nothing was changed."));
  if (pause_) return completion(std::unexpected(pause_->refusal));
  if (arguments.integer("package") == firmware_package)
    reset_parameters(owner, std::move(completion));
  else
    reset_settings(owner, std::move(completion));
}

// As `celeriac param backup` writes it, so that `celeriac param restore` reads it.
Json Hypervisor::parameter_backup() const {
  const auto& board = link_.board();
  Json values = Json::object();
  for (const auto& parameter : firmware::parameters())
    if (const auto value = board.parameters.find(parameter.number);
        value && !firmware::is_reserved(parameter))
      values[std::string(parameter.name)] = *value;
  return {{"celeriac_parameters", 1},
          {"created", std::format("{:%FT%TZ}", std::chrono::sys_seconds(std::chrono::seconds(
                                                   protocol::now_milliseconds() / 1000)))},
          {"board", board.board().name},
          {"firmware", board.version},
          {"parameters", std::move(values)}};
}

void Hypervisor::reset_parameters(Owner owner, Completion completion) {
  if (auto refused = refusal()) return completion(std::unexpected(std::move(*refused)));
  backups_.write(
      "parameters", protocol::now_milliseconds(), parameter_backup(),
      [this, alive = alive_, owner,
       completion = std::move(completion)](Result<std::filesystem::path> backup) mutable {
        if (!backup) return completion(std::unexpected(std::move(backup.error())));
        if (!*alive) return;
        const auto changed = std::make_shared<int>(0);
        queue(
            owner,
            [this, changed]() -> asio::awaitable<Outcome> {
              auto written = co_await write_defaults(parameters_with(Json::object()));
              if (written) *changed = *written;
              co_return outcome_of(written);
            },
            [this, backup = std::move(*backup), changed,
             completion = std::move(completion)](Outcome written) mutable {
              const auto restore = std::format("`celeriac param restore {}`", backup.string());
              if (!written) {
                written.error().message = std::format(
                    "Not all parameters are at their defaults: {} The former ones are in a file: {} brings "
                    "them back.",
                    written.error().message, restore);
                return completion(std::move(written));
              }
              report(
                  Severity::warn,
                  std::format("{} parameters of the board went back to their defaults. {} brings the former "
                              "ones back.",
                              *changed, restore));
              parameter_store_.replace(
                  Json::object(), [document = reset_document(backup, *changed),
                                   completion = std::move(completion)](const Result<void>& stored) mutable {
                    if (!stored) return completion(std::unexpected(stored.error()));
                    completion(Done{.value = 0, .document = std::move(document)});
                  });
            });
      });
}

// What nothing asks for is as a board has it that was never told. How many it were.
asio::awaitable<Result<int>> Hypervisor::write_defaults(firmware::ParameterSet fresh) {
  int changed = 0;
  for (const auto& parameter : firmware::parameters()) {
    const auto there = link_.board().parameters.find(parameter.number);
    const auto value = fresh.get(parameter.number);
    if (firmware::is_reserved(parameter) || !there || *there == value) continue;
    const auto answer = co_await link_.execute(firmware::write_parameter(parameter.number, value));
    if (!answer) co_return std::unexpected(answer.error());
    ++changed;
  }
  wanted_ = std::move(fresh);
  co_return changed;
}

void Hypervisor::reset_settings(Owner owner, Completion completion) {
  backups_.write(
      "settings", protocol::now_milliseconds(), setting_store_.values(),
      [this, alive = alive_, owner,
       completion = std::move(completion)](Result<std::filesystem::path> backup) mutable {
        if (!backup) return completion(std::unexpected(std::move(backup.error())));
        if (!*alive) return;
        auto document = reset_document(*backup, static_cast<int>(setting_store_.values().size()));
        report(Severity::warn,
               std::format("The settings of the host went back to their defaults. The former ones are in {}: "
                           "stop the host and put that file in the place of {}.",
                           backup->string(), (options_.dir / "settings.json").string()));
        setting_store_.replace(Json::object(),
                               [this, alive, owner, document = std::move(document),
                                completion = std::move(completion)](const Result<void>& stored) mutable {
                                 if (!stored) return completion(std::unexpected(stored.error()));
                                 auto done = [document = std::move(document),
                                              completion = std::move(completion)](Outcome guarded) mutable {
                                   if (!guarded) return completion(std::move(guarded));
                                   completion(Done{.value = 0, .document = std::move(document)});
                                 };
                                 if (!*alive || refusal()) return done(Done{});
                                 queue(owner, [this] { return update_guards(); }, std::move(done));
                               });
        for (const auto& setting : settings::host_settings())
          if (const auto name = std::format("config.{}", setting.name); registers_.contains(name))
            registers_.publish(name, settings::fallback_of(setting));
        changed(static_cast<std::uint8_t>(firmware::Change::pins));
      });
}

}  // namespace celeriac::hal
