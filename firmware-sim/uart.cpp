#include "firmware-sim/uart.hpp"

#include <algorithm>

namespace celeriac::firmware_sim {

void Uart::reset(Instant now) {
  ring_.clear();
  departures_.clear();
  transmit_busy_until_ = now;
}

std::size_t Uart::host_sends(std::string_view bytes, Instant now) {
  bytes = bytes.substr(0, wire_space());
  for (const char byte : bytes) {
    wire_busy_until_ = std::max(wire_busy_until_, now) + character_time;
    wire_.push_back({wire_busy_until_, byte});
  }
  return bytes.size();
}

void Uart::cut_wire(Instant now) {
  poll(now);
  wire_.clear();
  wire_busy_until_ = now;
}

void Uart::deliver(Instant now) {
  while (!departures_.empty() && departures_.front().end <= now) {
    const Departure departure = std::move(departures_.front());
    departures_.pop_front();  // first, for a sink that answers at once
    sink_(departure.end, departure.text);
  }
}

std::optional<Instant> Uart::next_delivery() const {
  if (departures_.empty()) return std::nullopt;
  return departures_.front().end;
}

void Uart::poll(Instant now) {
  while (!wire_.empty() && wire_.front().at <= now) {
    if (ring_.size() < receive_capacity) ring_.push_back(wire_.front().byte);
    wire_.pop_front();
  }
}

std::optional<char> Uart::read() {
  if (ring_.empty()) return std::nullopt;
  const char byte = ring_.front();
  ring_.pop_front();
  return byte;
}

std::optional<Instant> Uart::next_arrival() const {
  if (wire_.empty()) return std::nullopt;
  return wire_.front().at;
}

Instant Uart::print(std::string_view text, Instant now) {
  transmit_busy_until_ = std::max(transmit_busy_until_, now);
  while (!text.empty()) {
    const std::string_view line = text.substr(0, std::min(text.find('\n'), text.size() - 1) + 1);
    transmit_busy_until_ += character_time * static_cast<std::int64_t>(line.size());
    departures_.push_back({transmit_busy_until_, std::string(line)});
    text.remove_prefix(line.size());
  }
  return std::max(now, transmit_busy_until_ - character_time * static_cast<std::int64_t>(transmit_capacity));
}

}  // namespace celeriac::firmware_sim
