// What the link does between the board's first words and READY.

#include <boost/asio/co_spawn.hpp>
#include <format>

#include "hal/firmware/faults.hpp"
#include "hal/firmware/link.hpp"

namespace celeriac::hal::firmware {

namespace asio = boost::asio;
using protocol::Error;
using protocol::Result;
using protocol::Status;

void Link::boot_is_over() {
  if (!booting_ && port_) port_->write("\n");  // whatever stands in a running board's line buffer goes
  set_state(LinkState::configuring);
  idle_seen_ = false;
  armed_for_ = Instant::max();
  arm();
  asio::co_spawn(io_, configure(),
                 [this, alive = alive_, life = life_](std::exception_ptr defect, Result<void> done) {
                   if (!*alive || life != life_) return;
                   if (defect)
                     done = std::unexpected(
                         Error{.status = Status::internal, .message = "Configuring the board met a defect."});
                   if (!done) return lose(std::move(done.error()));
                   back_off_ = first_back_off;
                   reason_ = {};
                   set_state(LinkState::ready);
                   observer_.ready();
                   tell(0xff);
                   arm();
                 });
}

asio::awaitable<Result<void>> Link::configure() {
  const auto life = life_;
  if (board_.parameters.size() < 100) {  // no boot lines, or an old firmware that lists nothing in them
    const auto all = co_await exchange(read_parameters(), true);
    if (!all) co_return std::unexpected(all.error());
  }
  for (const auto& parameter : parameters()) {
    const auto value = wanted_.find(parameter.number);
    if (!value || is_reserved(parameter) || board_.parameters.find(parameter.number) == value) continue;
    const auto written = co_await write_wanted(parameter.number, *value);
    if (!written) co_return written;
  }
  for (auto command : {write_parameter(approval, 1), read_version(), read_position()}) {
    const auto answer = co_await exchange(std::move(command), true);
    if (!answer) co_return std::unexpected(answer.error());
  }
  if (life == life_ && lock_.engaged() && !lock_.confirmed() && port_) send_stop();
  co_return Result<void>{};
}

// A value that the board does not take is reported and no reason to stay offline.
asio::awaitable<Result<void>> Link::write_wanted(int number, std::int32_t value) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto answer = co_await exchange(write_parameter(number, value), true);
    if (!answer) co_return std::unexpected(answer.error());
    if (answer->find(Code::parameter, number) == static_cast<double>(value)) co_return Result<void>{};
    if (answer->unsupported) break;
  }
  observer_.report(Severity::warn,
                   std::format("The board does not take {} for {}: its firmware may not know it.", value,
                               find_parameter(number)->name));
  co_return Result<void>{};
}

}  // namespace celeriac::hal::firmware
