#include "vm/objects/timer.hpp"

#include <boost/asio/steady_timer.hpp>
#include <format>

namespace celeriac::vm {

using protocol::fail;
using protocol::Json;
using protocol::Status;

TimerObject::TimerObject(boost::asio::io_context& io, Kernel& kernel) : io_(io) {
  kernel.offer(system_name("timer"), "/sys/timer", *this);
}

void TimerObject::receive(NativeCall call) {
  auto spoken = read_spoken(*call.message);
  if (!spoken) return call.answer(std::unexpected(std::move(spoken.error())));
  const Json& asked = spoken->arguments;
  const Json time = asked.is_object() ? asked.value("milliseconds", Json()) : asked;
  if (!time.is_number() || time.get<double>() < 0 || time.get<double>() > static_cast<double>(longest_timer))
    return call.answer(fail(Status::malformed,
                            std::format("A timer takes 0 to {} ms: {{\"SetTimer\": 1500}}.", longest_timer)));
  if (running_ >= max_timers)
    return call.answer(fail(Status::overloaded, std::format("{} timers run already.", max_timers)));
  ++running_;
  auto timer = std::make_shared<boost::asio::steady_timer>(
      io_, std::chrono::milliseconds(static_cast<std::int64_t>(time.get<double>())));
  timer->async_wait([this, timer, alive = std::weak_ptr(alive_), message = call.message,
                     spoken = std::move(*spoken),
                     answer = std::move(call.answer)](const boost::system::error_code& error) mutable {
    if (error || alive.expired()) return;
    --running_;
    answer(answer_spoken(*message, spoken, Json::object()));
  });
}

}  // namespace celeriac::vm
