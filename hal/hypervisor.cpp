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
      link_(io, timers, opener, wanted_, *this),
      queue_(io),
      moves_(link_, timers,
             [this](Severity severity, std::string message) { report(severity, std::move(message)); }),
      pins_(link_),
      reboot_timer_(timers.make()) {
  queue_.on_busy_changed = [this] { changed(0); };
  registers_.provide("status", [this](protocol::Registers::Value value) { value(status()); });
  registers_.resolve_with(
      [this](const std::string& name, protocol::Registers::Ready ready) { resolve(name, std::move(ready)); });
  publish();
}

Hypervisor::~Hypervisor() {
  *alive_ = false;
}

Result<void> Hypervisor::start() {
  for (auto* store : {&parameter_store_, &setting_store_})
    if (auto loaded = store->load(); !loaded) return loaded;
  for (const Json* values : {&std::as_const(options_.initial_parameters), &parameter_store_.values()}) {
    for (const auto& [name, value] : values->items()) {
      const auto parameter = firmware::parse_parameter(name);
      const auto number = parameter ? firmware::check_value(**parameter, value) : Result<std::int32_t>(0);
      if (!parameter || !number) {
        report(Severity::warn, "A stored parameter is ignored: " +
                                   (parameter ? number.error().message : parameter.error().message));
      } else if (!firmware::is_reserved(**parameter)) {
        wanted_.set((*parameter)->number, *number);
      }
    }
  }
  link_.start();
  return {};
}

void Hypervisor::stop() {
  link_.stop();
}

// ---- what the link says ----

void Hypervisor::changed(std::uint8_t changes) {
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
}

void Hypervisor::lost(const Error& error) {
  pins_.forget();
  queue_.fail_waiting(error);
  moves_.interrupt(error);
}

void Hypervisor::locked() {
  queue_.fail_waiting(firmware::locked());
  moves_.interrupt(firmware::locked());
}

void Hypervisor::idle_report() {
  moves_.idle_reported();
}

// ---- registers ----

void Hypervisor::publish() {
  const auto changes = std::exchange(unpublished_, 0);
  registers_.publish("busy", queue_.at_work().has_value());
  registers_.publish("locked", link_.lock().engaged());
  if (has(changes, Change::link) || !registers_.contains("firmware"))
    registers_.publish("firmware", firmware_document(link_));
  if (has(changes, Change::position) || !registers_.contains("position"))
    registers_.publish("position", position_document(link_.board()));
  if (has(changes, Change::encoders) || !registers_.contains("encoders"))
    registers_.publish("encoders", encoders_document(link_.board()));
  publish_named(changes);
  registers_.touch("status");
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

std::optional<Json> Hypervisor::config_value(std::string_view name) const {
  if (const auto* parameter = firmware::find_parameter(name)) {
    const auto on_board = link_.board().parameters.find(parameter->number);
    return on_board ? *on_board : wanted_.get(parameter->number);
  }
  if (const auto setting = settings::parse_setting(name))
    return setting_store_.values().value(std::string(name), Json((*setting)->fallback));
  return std::nullopt;
}

Json Hypervisor::status() const {
  auto tree = machine_document(link_);
  tree["busy"] = queue_.at_work().has_value();
  auto& host = tree["settings"] = Json::object();
  for (const auto& setting : settings::host_settings())
    host[std::string(setting.name)] = config_value(setting.name).value_or(nullptr);
  return tree;
}

}  // namespace celeriac::hal
