#include "hal/hypervisor.hpp"

#include <spdlog/spdlog.h>

#include <boost/asio/post.hpp>
#include <format>

#include "hal/firmware/faults.hpp"
#include "hal/settings/host_settings.hpp"
#include "hal/status_tree.hpp"

namespace celeriac::hal {
namespace {

namespace asio = boost::asio;
using firmware::Change;
using firmware::Severity;
using protocol::Error;
using protocol::Json;
using protocol::Result;
using protocol::Status;

constexpr spdlog::level::level_enum spdlog_levels[] = {spdlog::level::debug, spdlog::level::info,
                                                       spdlog::level::warn, spdlog::level::err};
constexpr std::string_view level_names[] = {"debug", "info", "warn", "error"};

constexpr bool has(std::uint8_t changes, Change change) {
  return (changes & static_cast<std::uint8_t>(change)) != 0;
}

}  // namespace

Hypervisor::Hypervisor(asio::io_context& io, Timers& timers, firmware::PortOpener& opener,
                       protocol::Registers& registers, settings::Background background, Options options)
    : io_(io),
      registers_(registers),
      options_(std::move(options)),
      parameter_store_(options_.dir / "parameters.json", background),
      setting_store_(options_.dir / "settings.json", background),
      lock_store_(options_.dir / "lock.json", background),
      backups_(std::filesystem::absolute(options_.dir) / "backups", background),
      link_(io, timers, opener, wanted_, *this),
      reckoning_(reckoning_reports()),
      journal_(
          timers, options_.dir / "position.json", background, [this] { return reckoning_.journal(); },
          [this](std::string why) { report(Severity::error, std::move(why)); }),
      queue_(io),
      moves_(
          link_, timers, reckoning_,
          [this] { return motion::limits_of(link_.board().parameters, setting_store_.values()); },
          [this](Severity severity, std::string message) { report(severity, std::move(message)); }),
      pins_(link_),
      outputs_(timers, setting_store_, options_.dir / "outputs.json", background,
               [this](int pin) { output_due(pin); }),
      leases_(
          timers, [this](Holder holder) { return holds(holder); }, [this](Holder holder) { lapsed(holder); }),
      jog_(timers, {.start = [this](Owner owner, const motion::JogWay& way) { start_jog(owner, way); },
                    .stop = [this] { stop_motion({}); }}),
      rest_timer_(timers.make()),
      reboot_timer_(timers.make()) {
  queue_.on_busy_changed = [this] {
    changed(0);
    look_whether_at_rest();
  };
  outputs_.on_changed = [this] { changed(static_cast<std::uint8_t>(Change::pins)); };
  registers_.append("serial", nullptr);
  registers_.provide("status", [this](protocol::Registers::Value value) { value(status()); });
  registers_.resolve_with(
      [this](const std::string& name, protocol::Registers::Ready ready) { resolve(name, std::move(ready)); });
  publish();
}

Hypervisor::~Hypervisor() {
  *alive_ = false;
}

Result<void> Hypervisor::start() {
  record_start();  // with its files as they are, before anything is made of them
  for (auto* store : {&parameter_store_, &setting_store_})
    if (auto loaded = store->load(); !loaded) return loaded;
  if (auto loaded = outputs_.load(); !loaded) return loaded;
  wanted_ = stored_parameters();
  take_up_journal();
  take_up_lock();
  link_.start();
  return {};
}

// What the board is to have: what is stored, and the guards of the fail-safe outputs.
firmware::ParameterSet Hypervisor::stored_parameters() {
  return parameters_with(parameter_store_.values());
}

firmware::ParameterSet Hypervisor::parameters_with(const Json& stored) {
  firmware::ParameterSet wanted;
  for (const Json* values : {&std::as_const(options_.initial_parameters), &stored}) {
    for (const auto& [name, value] : values->items()) {
      const auto parameter = firmware::parse_parameter(name);
      const auto number = parameter ? firmware::check_value(**parameter, value) : Result<std::int32_t>(0);
      if (!parameter || !number) {
        report(Severity::warn, "A stored parameter is ignored: " +
                                   (parameter ? number.error().message : parameter.error().message));
      } else if (!firmware::is_reserved(**parameter)) {
        wanted.set((*parameter)->number, *number);
      }
    }
  }
  outputs_.guard(wanted);
  return wanted;
}

void Hypervisor::stop() {
  if (options_.recorder != nullptr) options_.recorder->stop();
  link_.stop();
  journal_.flush();
}

// ---- what the link says ----

void Hypervisor::changed(std::uint8_t changes) {
  if (has(changes, Change::pins))
    for (const int pin : outputs_.on())  // a guard of the board's own may have been faster
      if (const auto& shown = link_.board().pins[static_cast<std::size_t>(pin)]; shown && shown->value == 0)
        outputs_.switched_off(pin);
  if (has(changes, Change::parameters)) reckoning_.parameters(link_.board());
  if (has(changes, Change::position)) reckoning_.position(link_.board(), link_.moving());
  if (has(changes, Change::locked)) {
    store_lock();
    outputs_under_lock();
  }
  record_changes();
  unpublished_ |= changes;
  if (std::exchange(publish_scheduled_, true)) return;
  asio::post(io_, [this, alive = alive_] {
    if (!*alive) return;
    publish_scheduled_ = false;
    publish();
  });
}

void Hypervisor::report(Severity severity, std::string message) {
  const auto level = static_cast<std::size_t>(severity);
  spdlog::log(spdlog_levels[level], "{}", message);
  if (options_.recorder != nullptr) options_.recorder->log(level_names[level], message);
  if (severity == Severity::debug) return;
  registers_.log({{"time", protocol::now_milliseconds()},
                  {"level", level_names[level]},
                  {"source", "hal"},
                  {"message", std::move(message)}});
}

void Hypervisor::ready() {
  const auto& board = link_.board();
  report(Severity::info, std::format("The board is ready: {}, firmware {}, on {}.", board.board().name,
                                     board.version, link_.port_name()));
  reboot_timer_->cancel();
  for (auto& waiter : std::exchange(reboot_waiters_, {})) waiter(Done{});
  reckoning_.ready(board, link_.board_restarted_before());
  home_at_boot();
}

void Hypervisor::lost(const Error& error) {
  if (options_.recorder != nullptr) options_.recorder->lost(error);
  forget_outputs("The board was lost");
  pins_.forget();
  reckoning_.gone();
  queue_.fail_waiting(error);
  moves_.interrupt(error);
}

void Hypervisor::locked() {
  queue_.fail_waiting(firmware::locked());
  moves_.interrupt(firmware::locked());
}

void Hypervisor::line(firmware::Way way, std::string_view text) {
  if (!registers_.watched("serial")) return;
  registers_.append("serial", {{"time", protocol::now_milliseconds()},
                               {"direction", way == firmware::Way::sent ? "sent" : "received"},
                               {"text", protocol::as_utf8(text)}});
}

void Hypervisor::idle_report() {
  reckoning_.idle_report(link_.board(), link_.moving());
  moves_.idle_reported();
}

// ---- registers ----

void Hypervisor::publish() {
  const auto changes = std::exchange(unpublished_, 0);
  registers_.publish("busy", queue_.at_work().has_value());
  registers_.publish("locked", link_.lock().engaged());
  registers_.publish("trust", reckoning_.document());
  if (has(changes, Change::link) || !registers_.contains("firmware"))
    registers_.publish("firmware", firmware_document(link_));
  if (has(changes, Change::position) || !registers_.contains("position"))
    registers_.publish("position", position_document(link_.board()));
  if (has(changes, Change::encoders) || !registers_.contains("encoders"))
    registers_.publish("encoders", encoders_document(link_.board()));
  if (has(changes, Change::pins) || !registers_.contains("outputs"))
    registers_.publish("outputs", outputs_.document(board_letter()));
  publish_named(changes);
  registers_.touch("status");
  if (published_) published_();
}

// Pins and parameters have registers only once somebody has asked for them.
void Hypervisor::publish_named(std::uint8_t changes) {
  if (has(changes, Change::pins))
    for (std::size_t i = 0; i < firmware::pin_count; ++i)
      if (const auto name = std::format("pins.{}", i); registers_.contains(name)) {
        const auto& pin = link_.board().pins[i];
        registers_.publish(name, pin ? Json(static_cast<int>(pin->value)) : Json(nullptr));
      }
  if (has(changes, Change::parameters))
    for (const auto& parameter : firmware::parameters())
      if (const auto name = std::format("config.{}", parameter.name); registers_.contains(name))
        registers_.publish(name, config_value(parameter.name).value_or(nullptr));
}

void Hypervisor::resolve(const std::string& name, protocol::Registers::Ready ready) {
  const auto not_found = [&] {
    return protocol::fail(Status::not_found, std::format("There is no register \"{}\".", name.substr(0, 60)));
  };
  if (name.starts_with("pins.")) {
    for (std::size_t i = 0; i < firmware::pin_count; ++i)
      if (name == std::format("pins.{}", i)) {
        const auto& pin = link_.board().pins[i];
        registers_.publish(name, pin ? Json(static_cast<int>(pin->value)) : Json(nullptr));
        return ready({});
      }
  } else if (name.starts_with("config.")) {
    if (auto value = config_value(std::string_view(name).substr(7))) {
      registers_.publish(name, std::move(*value));
      return ready({});
    }
  }
  ready(not_found());
}

std::optional<Json> Hypervisor::config_value(std::string_view name, Source source) const {
  if (const auto* parameter = firmware::find_parameter(name)) {
    if (source == Source::about) return firmware::about(*parameter);
    if (source == Source::fallback) return parameter->fallback;
    const auto stored = wanted_.find(parameter->number);
    if (source == Source::stored) return stored ? Json(*stored) : Json(nullptr);
    const auto on_board = link_.board().parameters.find(parameter->number);
    return on_board ? *on_board : wanted_.get(parameter->number);
  }
  if (name.starts_with(safety::setting_prefix)) {
    const auto pin = safety::output_of_setting(name);
    if (!pin) return std::nullopt;
    const auto output = outputs_.find(*pin, board_letter());
    return output ? Json{{"name", output->name}, {"longest_on_s", output->longest_on_s}, {"safe_value", 0}}
                  : Json(nullptr);
  }
  if (const auto setting = settings::parse_setting(name)) {
    if (source == Source::about) return settings::about(**setting);
    if (source == Source::fallback) return settings::fallback_of(**setting);
    if (source == Source::stored) return setting_store_.values().value(std::string(name), Json(nullptr));
    return setting_store_.values().value(std::string(name), settings::fallback_of(**setting));
  }
  return std::nullopt;
}

gpio::MachineState Hypervisor::machine() const {
  return {.online = link_.state() == firmware::LinkState::ready,
          .locked = link_.lock().engaged(),
          .busy = queue_.at_work().has_value()};
}

Json Hypervisor::status() const {
  auto tree = machine_document(link_);
  tree["busy"] = queue_.at_work().has_value();
  tree["trust"] = reckoning_.document();
  tree["trust_reasons"] = reckoning_.reasons();
  tree["homing"] = reckoning_.homings();
  tree["outputs"] = outputs_.document(board_letter());
  if (button_.known()) tree["stop_button"] = gpio::document(button_);
  for (const auto& [name, document] : status_parts_) tree[name] = document();
  auto& host = tree["settings"] = Json::object();
  for (const auto& setting : settings::host_settings())
    host[std::string(setting.name)] = config_value(setting.name).value_or(nullptr);
  for (const auto& [name, part] : shown_) tree[name] = part();
  return tree;
}

}  // namespace celeriac::hal
