// jog: one axis by hand, by a distance or for as long as somebody holds it.

#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Error.hpp>
#include <CLI/Validators.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <format>
#include <memory>

#include "console/commands/declarations.hpp"
#include "console/commands/perform.hpp"
#include "console/interruption.hpp"
#include "console/text.hpp"

namespace celeriac::console {
namespace asio = boost::asio;
using namespace protocol::literals;
using protocol::Json;
using protocol::Status;

namespace {

/// Of a lease of 200 ms.
constexpr std::chrono::milliseconds renewal{80};

struct Jog {
  std::string axis, hold;
  double distance = 0, speed = 100;
};

Json directions(const std::string& hold, double speed) {
  Json fields{{"x", 0}, {"y", 0}, {"z", 0}, {"speed", speed}};
  if (!hold.empty()) fields[hold.substr(0, 1)] = hold[1] == '+' ? 1 : -1;
  return fields;
}

/// Tells when somebody has pressed Enter. Input that cannot be waited for (a file) never does.
class Enter {
 public:
  Enter(const World& world, asio::steady_timer& wakes) : input_(world.io) {
    const int descriptor = world.input ? ::dup(*world.input) : -1;
    if (descriptor < 0) return;
    boost::system::error_code error;
    input_.assign(descriptor, error);
    if (error) {
      ::close(descriptor);
      return;
    }
    input_.async_read_some(asio::buffer(byte_),
                           [this, &wakes](boost::system::error_code failed, std::size_t) {
                             if (failed == asio::error::operation_aborted) return;  // this is gone
                             pressed_ = true;
                             wakes.cancel();
                           });
  }
  [[nodiscard]] bool pressed() const noexcept { return pressed_; }

 private:
  asio::posix::stream_descriptor input_;
  char byte_[64] = {};
  bool pressed_ = false;
};

/// Renews the jog until Enter, Ctrl-C or a refusal, and ends it.
asio::awaitable<Exit> hold(Context& context, const Jog& jog) {
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  asio::steady_timer timer(context.world().io);
  const Enter enter(context.world(), timer);
  for (bool first = true; !enter.pressed() && !co_await interrupted(); first = false) {
    const auto renewed = co_await (*client)->call("SYS.JOG"_op, directions(jog.hold, jog.speed));
    if (!renewed && renewed.error().code != interrupted_code) co_return context.failed(renewed.error());
    if (first && renewed)
      context.note(std::format("{} moves while this runs: Enter or Ctrl-C stops it.", jog.hold));
    if (enter.pressed() || co_await interrupted()) break;
    timer.expires_after(renewal);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  const auto stopped = co_await (*client)->call("SYS.JOG"_op, directions("", jog.speed));
  if (!stopped) co_return context.failed(stopped.error());
  const auto place = co_await (*client)->read("position");
  Json result{{"operation", "SYS.JOG"}, {"ok", true}, {"hold", jog.hold}};
  if (place) result["position"] = *place;
  co_return context.done(result, place ? "stopped at " + position(*place) : std::string("stopped"));
}

asio::awaitable<Exit> by_distance(Context& context, const Jog& jog) {
  Json fields{{"x", 0.0},
              {"y", 0.0},
              {"z", 0.0},
              {"x_speed", jog.speed},
              {"y_speed", jog.speed},
              {"z_speed", jog.speed}};
  fields[jog.axis] = jog.distance;
  return perform_motion(context, "SYS.MOVE_RELATIVE"_op, std::move(fields),
                        std::format("moved {} by {} mm", jog.axis, millimetres(jog.distance)));
}

}  // namespace

Action declare_jog(CLI::App& app) {
  auto jog = std::make_shared<Jog>();
  auto* axis = app.add_option("axis", jog->axis, "x, y or z")
                   ->type_name("AXIS")
                   ->check(CLI::IsMember({"x", "y", "z"}));
  auto* distance = app.add_option("distance", jog->distance, "Distance in mm")->type_name("MM");
  app.add_option("--hold", jog->hold, "Move x+, x-, y+, y-, z+ or z- until Enter or Ctrl-C")
      ->type_name("DIRECTION")
      ->check(CLI::IsMember({"x+", "x-", "y+", "y-", "z+", "z-"}))
      ->excludes(axis);
  app.add_option("--speed", jog->speed, "Percent of the maximum speed, 1 to 100")
      ->type_name("PERCENT")
      ->check(CLI::Range(1.0, 100.0, "1 to 100"));
  app.parse_complete_callback([jog, axis, distance] {
    if (!jog->hold.empty()) return;
    if (axis->count() == 0) throw CLI::RequiredError("axis (or --hold)");
    if (distance->count() == 0) throw CLI::RequiredError("distance");
  });
  return [jog](Context& context) {
    return jog->hold.empty() ? by_distance(context, *jog) : hold(context, *jog);
  };
}

}  // namespace celeriac::console
