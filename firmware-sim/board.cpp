#include "firmware-sim/board.hpp"

#include <algorithm>
#include <utility>

namespace celeriac::firmware_sim {
namespace {

const BoardProfile& chosen(const BoardProfile* profile) {
  return profile ? *profile : board_profiles().front();
}

PerAxis<Encoder> fresh_encoders(EncoderKind kind, const Machine& machine) {
  return {Encoder(kind, machine.encoder_steps(AxisName::x)),
          Encoder(kind, machine.encoder_steps(AxisName::y)),
          Encoder(kind, machine.encoder_steps(AxisName::z))};
}

}  // namespace

Board::Board(const BoardOptions& options, Uart::Sink output, EventSink events)
    : profile_(chosen(options.profile)),
      version_(options.version.value_or(profile_.version)),
      version_text_(version_text(profile_, version_) + (options.commit.empty() ? "" : "-" + options.commit)),
      events_(std::move(events)),
      step_timing_(profile_.timing),
      uart_(std::move(output)),
      cpu_(uart_),
      machine_(options.machine),
      loads_(profile_, machine_, pins_, options.machine.loads),
      encoders_(fresh_encoders(profile_.encoders, machine_)) {
  for (const auto& [pin, level] : options.digital_inputs) pins_.drive(pin, level);
  for (const auto& [pin, value] : options.analog_inputs) pins_.drive_analog(pin, value);
  pins_.on_output([this](int pin) { loads_.pin_changed(pin, cpu_.now()); });
  reset(Instant{});
}

Board::~Board() = default;

void Board::reset(Instant now) {
  if (!powered_) return;
  advanced_ = std::max(advanced_, now);
  uart_.reset(now);
  // The counts of the encoder chip live in the chip; the others are in the firmware's memory.
  if (profile_.encoders != EncoderKind::spi) encoders_ = fresh_encoders(profile_.encoders, machine_);
  for (MotorDriver& driver : drivers_) driver.error = driver.broken;  // initialised at boot
  running_ = Routine<>();
  firmware_ = std::make_unique<Firmware>(Hardware{.profile = profile_,
                                                  .version = version_,
                                                  .version_text = version_text_,
                                                  .uart = uart_,
                                                  .cpu = cpu_,
                                                  .eeprom = eeprom_,
                                                  .pins = pins_,
                                                  .machine = machine_,
                                                  .encoders = encoders_,
                                                  .drivers = drivers_,
                                                  .loads = loads_,
                                                  .rack = rack_,
                                                  .step_timing = step_timing_,
                                                  .events = events_});
  running_ = firmware_->run();
  cpu_.start(running_.handle(), now);
  if (events_) events_(now, "reset");
}

void Board::power_off(Instant now) {
  if (!std::exchange(powered_, false)) return;
  running_ = Routine<>();
  cpu_.stop(now);
  pins_.reset();
  uart_.reset(now);
  uart_.cut_wire(now);
  if (events_) events_(now, "power lost");
}

void Board::power_on(Instant now) {
  if (std::exchange(powered_, true)) return;
  encoders_ = fresh_encoders(profile_.encoders, machine_);
  if (events_) events_(now, "power back");
  reset(now);
}

std::size_t Board::receive(std::string_view bytes, Instant now) {
  if (!powered_) return bytes.size();
  return uart_.host_sends(bytes, now);
}

Instant Board::next_event() const {
  Instant next = cpu_.next_wake().value_or(Instant::max());
  if (const auto delivery = uart_.next_delivery()) next = std::min(next, *delivery);
  return next;
}

void Board::advance(Instant now) {
  if (std::exchange(machine_touched_, false)) {
    for (const AxisName axis : all_axes) wire_switches(axis, machine_, profile_, pins_);
  }
  cpu_.run_to(now);
  uart_.deliver(now);
  advanced_ = std::max(advanced_, now);
}

}  // namespace celeriac::firmware_sim
