#include "console/commands/held_pin.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <format>
#include <optional>

#include "console/commands/perform.hpp"
#include "console/interruption.hpp"
#include "console/output_status.hpp"

namespace celeriac::console {
namespace asio = boost::asio;
using namespace protocol::literals;
using protocol::Error;
using protocol::Json;

namespace {

/// Of a lease that the hypervisor ends after 1 s of silence.
constexpr std::chrono::milliseconds keep_alive_period{250};

Json fields_of(const HeldPin& pin, std::int64_t value) {
  return {{"pin", pin.number}, {"value", value}, {"mode", pin.analog ? 1 : 0}};
}

/// The fail-safe output on this pin, if it is one. A host without such outputs has none.
asio::awaitable<std::optional<OutputStatus>> output_on(Client& client, int pin) {
  const auto outputs = co_await client.read("outputs");
  if (!outputs) co_return std::nullopt;
  for (const auto& output : outputs_of(*outputs))
    if (output.pin == pin) co_return output;
  co_return std::nullopt;
}

/// How a hold ended.
enum class End : std::uint8_t { over, interrupted, switched_off };

/// Says that we live until the time is over, somebody interrupts, or the output has gone off by itself.
asio::awaitable<protocol::Result<End>> hold(Context& context, Client& client, const HeldPin& pin,
                                            bool fail_safe) {
  const auto started = context.world().now();
  const auto wanted = std::chrono::duration<double>(pin.seconds);
  while (!co_await interrupted()) {
    if (fail_safe) {
      const auto alive = co_await client.call("SYS.KEEP_ALIVE"_op);
      if (!alive && alive.error().code == interrupted_code) break;
      if (!alive) co_return std::unexpected(alive.error());
      const auto output = co_await output_on(client, pin.number);
      if (output && !output->on) co_return End::switched_off;
      if (co_await interrupted()) break;
    }
    std::chrono::duration<double> wait = keep_alive_period;
    if (pin.seconds > 0) {
      const std::chrono::duration<double> left = wanted - (context.world().now() - started);
      if (left.count() <= 0) co_return End::over;
      wait = std::min(wait, left);
    }
    asio::steady_timer timer(context.world().io,
                             std::chrono::duration_cast<std::chrono::steady_clock::duration>(wait));
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  co_return End::interrupted;
}

asio::awaitable<Exit> write_and_hold(Context& context, Client& client, const HeldPin& pin,
                                     const std::optional<OutputStatus>& output) {
  const auto written = co_await client.call("SYS.WRITE_PIN"_op, fields_of(pin, pin.value));
  // After an interruption it may have been written all the same, so it is switched off.
  const bool doubtful = !written && written.error().code == interrupted_code;
  if (!written && !doubtful) co_return context.failed(written.error());
  const std::string what = output && !output->name.empty()
                               ? std::format("The {} (pin {})", output->name, pin.number)
                               : std::format("Pin {}", pin.number);
  const std::string time =
      pin.seconds > 0 ? std::format("for {:g} s", pin.seconds) : std::string("while this runs");
  if (!context.json() && !doubtful)
    context.line(std::format("{} is on {}: Ctrl-C switches it off.", what, time));
  const auto end = co_await hold(context, client, pin, output.has_value());
  if (!end) co_return context.failed(end.error());
  Json result{{"pin", pin.number}, {"value", pin.value}, {"ended", "over"}};
  if (*end == End::switched_off) {
    result["ended"] = "switched_off";
    co_return context.done(result, std::format("{} is off: the hypervisor has switched it off.", what));
  }
  const auto off = co_await client.call("SYS.WRITE_PIN"_op, fields_of(pin, output ? output->safe_value : 0));
  if (!off) co_return context.failed(off.error());
  if (*end == End::interrupted) result["ended"] = "interrupted";
  co_return context.done(result, std::format("{} is off.", what));
}

}  // namespace

asio::awaitable<Exit> write_pin(Context& context, HeldPin pin) {
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  const auto output = co_await output_on(**client, pin.number);
  if (co_await interrupted()) co_return Exit::interrupted;
  const bool switches_on = output ? pin.value != output->safe_value : pin.value != 0 && pin.seconds > 0;
  if (switches_on) co_return co_await write_and_hold(context, **client, pin, output);
  const auto reply = co_await (*client)->call("SYS.WRITE_PIN"_op, fields_of(pin, pin.value));
  if (!reply) co_return context.failed(reply.error());
  Json result = fields_of(pin, pin.value);
  result.update({{"operation", "SYS.WRITE_PIN"}, {"ok", true}, {"value", pin.value}});
  co_return context.done(result, std::format("pin {} is {}", pin.number, pin.value));
}

asio::awaitable<Exit> toggle_pin(Context& context, HeldPin pin) {
  std::optional<OutputStatus> output;
  if (const auto client = co_await context.connect()) output = co_await output_on(**client, pin.number);
  if (co_await interrupted()) co_return Exit::interrupted;
  if (!output)
    co_return co_await perform(context, "SYS.TOGGLE_PIN"_op, {{"pin", pin.number}},
                               std::format("pin {} is inverted", pin.number));
  pin.value = static_cast<int>(output->on ? output->safe_value : output->safe_value == 0 ? 1 : 0);
  co_return co_await write_pin(context, pin);
}

}  // namespace celeriac::console
