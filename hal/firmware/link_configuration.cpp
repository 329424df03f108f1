// What the link does between the board's first words and READY.

#include <boost/asio/co_spawn.hpp>
#include <format>
#include <ranges>

#include "hal/firmware/faults.hpp"
#include "hal/firmware/link.hpp"
#include "protocol/words.hpp"

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
  fresh_board_ = booting_;
  // Which board it is tells which outputs it has, and those are made safe before anything else.
  if (const auto version = co_await exchange(read_version(), true); !version)
    co_return std::unexpected(version.error());
  for (auto& command : observer_.before_anything()) {
    const auto done = co_await exchange(std::move(command), true);
    // A locked board has put its outputs to 0 already.
    if (!done && done.error().status != Status::locked) co_return std::unexpected(done.error());
  }
  if (board_.parameters.size() < 100) {  // no boot lines, or an old firmware that lists nothing in them
    const auto all = co_await exchange(read_parameters(), true);
    if (!all) co_return std::unexpected(all.error());
  }
  if (board_.parameters.find(approval) != 1) fresh_board_ = true;  // its boot lines were lost
  const auto differing = differences(wanted_, board_.parameters);
  if (!differing.empty())
    observer_.report(Severity::info,
                     std::format("{} of the board's parameters {} from what is stored and {} written: {}.",
                                 differing.size(), differing.size() == 1 ? "differs" : "differ",
                                 differing.size() == 1 ? "is" : "are",
                                 protocol::joined(differing | std::views::transform(&Parameter::name) |
                                                  std::ranges::to<std::vector>())));
  for (const auto& parameter : differing) {
    const auto written = co_await write_wanted(parameter.number, *wanted_.find(parameter.number));
    if (!written) co_return written;
  }
  for (auto command : {write_parameter(approval, 1), read_position()}) {
    const auto answer = co_await exchange(std::move(command), true);
    if (!answer) co_return std::unexpected(answer.error());
  }
  if (life == life_ && lock_.engaged() && !lock_.confirmed() && port_) send_stop();
  co_return Result<void>{};
}

// A value that the board does not take is reported and no reason to stay offline.
asio::awaitable<Result<void>> Link::write_wanted(int number, std::int32_t value) {
  std::string shown = "shows none";
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto answer = co_await exchange(write_parameter(number, value), true);
    if (!answer) co_return std::unexpected(answer.error());
    const auto found = answer->find(Code::parameter, number);
    if (found == static_cast<double>(value)) co_return Result<void>{};
    if (found) shown = std::format("shows {:.0f}", *found);
    if (answer->unsupported) break;
  }
  observer_.report(Severity::warn,
                   std::format("The board does not take {} for {} (it {}): its firmware may not know it.",
                               value, find_parameter(number)->name, shown));
  co_return Result<void>{};
}

}  // namespace celeriac::hal::firmware
