#include "hal/safety/outputs.hpp"

#include <algorithm>
#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <format>

#include "hal/firmware/board_state.hpp"
#include "protocol/words.hpp"

namespace celeriac::hal::safety {
namespace {

namespace asio = boost::asio;
using protocol::Json;
using protocol::Result;
using protocol::Status;

/// What people connect there, by the boards' pin tables. Boards are letters of version texts, "" is all.
struct Usual {
  int pin;
  std::string_view name;
  int longest_on_s;
  std::string_view boards;
};
constexpr Usual usual[] = {
    {2, "rotary tool", 600, "I"},
    {3, "rotary tool (reverse)", 600, "I"},
    {8, "water valve", 600, ""},
    {9, "vacuum pump", 600, ""},
};

/// The first parameter of each pin guard: pin, then seconds, then the level that it does not leave on.
constexpr int guards[] = {201, 205, 211, 215, 221};

std::string setting_of(int pin) {
  return std::format("{}{}", setting_prefix, pin);
}

std::unexpected<protocol::Error> malformed(std::string sentence) {
  return protocol::fail(Status::malformed, std::move(sentence));
}

Output of_json(const Json& value) {
  return {value.value("name", "output"), value.value("longest_on_s", 600)};
}

}  // namespace

Result<int> output_of_setting(std::string_view name) {
  const auto digits = name.substr(std::min(name.size(), setting_prefix.size()));
  int pin = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), pin);
  if (name.starts_with(setting_prefix) && error == std::errc{} && end == digits.data() + digits.size() &&
      pin >= 1 && pin < firmware::pin_count)
    return pin;
  return protocol::fail(Status::not_found,
                        std::format("The host has no setting \"{}\": outputs are output.1 to output.{}.",
                                    protocol::shown(name), firmware::pin_count - 1));
}

Result<std::optional<Output>> check_output(const Json& value) {
  if (value.is_null()) return std::nullopt;
  if (!value.is_object())
    return malformed("An output is a document {name, longest_on_s}, or null to take it back.");
  Output made;
  const auto name = value.find("name");
  if (name == value.end() || !name->is_string() || name->get_ref<const std::string&>().empty() ||
      name->get_ref<const std::string&>().size() > max_output_name)
    return malformed(std::format("An output needs a name of at most {} bytes.", max_output_name));
  made.name = *name;
  if (const auto seconds = value.find("longest_on_s"); seconds != value.end()) {
    const double s = seconds->is_number() ? seconds->get<double>() : 0;
    if (!(s >= 1 && s <= longest_on_limit_s && s == static_cast<int>(s)))
      return malformed(
          std::format("longest_on_s must be a whole number of seconds from 1 to {}.", longest_on_limit_s));
    made.longest_on_s = static_cast<int>(s);
  }
  if (const auto safe = value.find("safe_value"); safe != value.end() && *safe != 0)
    return malformed(
        "safe_value must be 0: the board itself puts outputs to 0 when it restarts and at an emergency stop, "
        "so wire the output in such a way that 0 is safe.");
  return made;
}

Outputs::Outputs(Timers& timers, const settings::Store& declared, std::filesystem::path intents,
                 settings::Background background, std::function<void(int)> due)
    : timers_(timers),
      settings_(declared),
      intents_(std::move(intents), std::move(background)),
      due_(std::move(due)) {}

Result<void> Outputs::load() {
  return intents_.load();
}

std::optional<Output> Outputs::find(int pin, char board) const {
  if (const auto set = settings_.values().find(setting_of(pin)); set != settings_.values().end())
    return set->is_object() ? std::optional(of_json(*set)) : std::nullopt;
  for (const auto& row : usual)
    if (row.pin == pin && (row.boards.empty() || row.boards.contains(board)))
      return Output{std::string(row.name), row.longest_on_s};
  return std::nullopt;
}

std::map<int, Output> Outputs::declared(char board) const {
  std::map<int, Output> all;
  for (int pin = 1; pin < firmware::pin_count; ++pin)
    if (auto output = find(pin, board)) all.emplace(pin, std::move(*output));
  return all;
}

std::string Outputs::describe(int pin) const {
  if (const auto now = on_.find(pin); now != on_.end())
    return std::format("the {} (pin {})", now->second.output.name, pin);
  const auto output = find(pin, '\0');
  return output ? std::format("the {} (pin {})", output->name, pin) : std::format("pin {}", pin);
}

std::vector<int> Outputs::to_drive_safe(char board) const {
  std::set<int> pins;
  for (const auto& [pin, output] : declared(board)) pins.insert(pin);
  for (const auto& [name, since] : intents_.values().items())
    if (const auto pin = output_of_setting(name); pin && !since.is_null()) pins.insert(*pin);
  return {pins.begin(), pins.end()};
}

void Outputs::guard(firmware::ParameterSet& wanted) const {
  // Which board it is shows only later: outputs of all boards need no guard to be found for them here.
  std::vector<int> free;
  std::set<int> watched;
  for (const int guard : guards) {
    const int pin = wanted.find(guard).value_or(0);
    if (pin == 0) free.push_back(guard);
    watched.insert(pin);
  }
  auto slot = free.begin();
  for (const auto& [pin, output] : declared('\0')) {
    if (slot == free.end()) return;
    if (watched.contains(pin)) continue;
    wanted.set(*slot, pin);
    wanted.set(*slot + 1, output.longest_on_s + guard_margin_s);
    wanted.set(*slot + 2, 1);
    ++slot;
  }
}

asio::awaitable<Result<void>> Outputs::intend(int pin) {
  return asio::async_initiate<const asio::use_awaitable_t<>, void(Result<void>)>(
      [this, pin](auto handler) {
        intents_.set(setting_of(pin), protocol::now_milliseconds(),
                     [handler = std::move(handler)](const Result<void>& stored) mutable {
                       auto result = stored;
                       if (!result)
                         result.error().message +=
                             " Without a note on the disk nothing would switch this output off after a power "
                             "failure, so it was not switched on.";
                       std::move(handler)(std::move(result));
                     });
      },
      asio::use_awaitable);
}

void Outputs::forget_intent(int pin) {
  const auto name = setting_of(pin);
  if (const auto& values = intents_.values(); values.contains(name) && !values[name].is_null())
    intents_.set(name, nullptr, [](const Result<void>&) {});  // one too many at the next start does no harm
}

void Outputs::switched_on(int pin, char board, Holder holder) {
  const auto output = find(pin, board);
  if (!output) return;
  auto& now = on_[pin];
  now.holder = holder;    // who wrote last
  if (now.timer) return;  // it has been on already: its time runs on
  now.output = *output;
  now.since = protocol::now_milliseconds();
  now.timer = timers_.make();
  now.timer->set(std::chrono::seconds(output->longest_on_s), [this, pin] { due_(pin); });
  if (on_changed) on_changed();
}

int Outputs::longest_on_s(int pin) const {
  const auto now = on_.find(pin);
  return now == on_.end() ? 0 : now->second.output.longest_on_s;
}

void Outputs::switched_off(int pin) {
  const bool was_on = on_.erase(pin) != 0;
  forget_intent(pin);
  if (was_on && on_changed) on_changed();
}

void Outputs::all_off() {
  for (const int pin : on()) switched_off(pin);
}

std::vector<int> Outputs::on_of(const Holders& holders) const {
  std::vector<int> pins;
  for (const auto& [pin, now] : on_)
    if (holders.contains(now.holder)) pins.push_back(pin);
  return pins;
}

std::vector<int> Outputs::on() const {
  std::vector<int> pins;
  for (const auto& [pin, now] : on_) pins.push_back(pin);
  return pins;
}

void Outputs::hand_over(Holder from) {
  for (auto& [pin, now] : on_)
    if (now.holder == from) now.holder.number = 0;
}

Json Outputs::document(char board) const {
  Json all = Json::object();
  for (const auto& [pin, output] : declared(board)) {
    const auto now = on_.find(pin);
    all[std::to_string(pin)] = {{"name", output.name},
                                {"on", now != on_.end()},
                                {"since", now != on_.end() ? Json(now->second.since) : Json(nullptr)},
                                {"longest_on_s", output.longest_on_s},
                                {"safe_value", 0}};
  }
  return all;
}

}  // namespace celeriac::hal::safety
