#include "hal/firmware/flasher.hpp"

#include <boost/asio/post.hpp>
#include <format>

#include "hal/programs/child.hpp"

namespace celeriac::hal::firmware {
namespace {

namespace asio = boost::asio;
using protocol::Error;
using protocol::Result;
using protocol::Status;

/// Of avrdude's own words, so many of the last go into the sentence for a person.
constexpr std::size_t told_output = 300;
/// More than that, so that it begins with a whole line.
constexpr std::size_t kept_output = 2 * told_output;

constexpr std::string_view stage_names[] = {"connecting", "writing", "verifying"};

/// The end of a text, from the beginning of a line on where there is one.
std::string_view last_words(std::string_view text) {
  while (text.ends_with('\n') || text.ends_with(' ')) text.remove_suffix(1);
  if (text.size() <= told_output) return text;
  text = text.substr(text.size() - told_output);
  const auto feed = text.find('\n');
  return feed == text.npos ? text : text.substr(feed + 1);
}

// One job at a time: whoever calls makes sure of that.
class Avrdude final : public Flasher {
 public:
  Avrdude(asio::io_context& io, Timers& timers, std::string program, ResetBoard reset)
      : io_(io), timers_(timers), program_(std::move(program)), reset_(std::move(reset)) {}

  void flash(const FlashJob& job, Progress progress, Completion completion) override {
    job_ = job;
    progress_ = std::move(progress);
    completion_ = std::move(completion);
    attempt_ = 0;
    start();
  }

 private:
  void start() {
    heard_.clear();
    enter(FlashStage::connecting, attempt_ == 0);
    const auto reset = reset_ ? reset_([this] { run(); })
                              : protocol::fail(Status::not_found, "No GPIO line resets the board.");
    if (reset) return;
    // DTR resets all others.
    if (reset.error().status == Status::not_found && !job_.board->reset_line) return run();
    fail_later(reset.error());
  }

  void run() {
    const auto& board = *job_.board;
    auto child =
        programs::Child::start(io_, timers_,
                               {program_, "-p", std::string(board.part), "-c", std::string(board.programmer),
                                "-P", job_.port, "-b", std::to_string(boot_loader_bauds[attempt_]), "-D",
                                "-U", std::format("flash:w:{}:i", job_.file.string())},
                               flash_patience,
                               {.wrote = [this](programs::Stream, std::string_view piece) { hear(piece); },
                                .ended =
                                    [this](const programs::ChildEnd& end) {
                                      const auto gone = std::move(child_);  // it is calling
                                      ended(end);
                                    }});
    if (child)
      child_ = std::move(*child);
    else
      fail_later(std::move(child.error()));
  }

  void ended(const programs::ChildEnd& end) {
    if (end.good) return complete({});
    // Nothing has been written, so nothing is lost by asking once more in another way.
    if (stage_ == FlashStage::connecting && !end.timed_out && ++attempt_ < std::size(boot_loader_bauds))
      return start();
    Error error{
        .status = end.timed_out ? Status::timeout : Status::hardware_fault,
        .message = std::format("avrdude {} while {}: {}", end.fate, name(stage_), last_words(heard_))};
    error.details["stage"] = static_cast<int>(stage_);
    complete(std::unexpected(std::move(error)));
  }

  // avrdude says "Writing | ###" while it does so, and reads back under "Reading | ###" after it; its other
  // words differ from version to version.
  void hear(std::string_view piece) {
    heard_ += piece;
    const auto writing = heard_.find("Writing |");
    if (stage_ == FlashStage::connecting && writing != heard_.npos) enter(FlashStage::writing, true);
    if (stage_ == FlashStage::writing &&
        heard_.find("Reading |", writing == heard_.npos ? 0 : writing) != heard_.npos)
      enter(FlashStage::verifying, true);
    if (heard_.size() > kept_output) heard_.erase(0, heard_.size() - kept_output);
  }

  void enter(FlashStage stage, bool tell) {
    stage_ = stage;
    if (tell) progress_(stage);
  }
  void fail_later(Error error) {
    asio::post(io_, [this, error = std::move(error)] { complete(std::unexpected(error)); });
  }
  void complete(Result<void> result) {
    auto completion = std::move(completion_);
    completion(std::move(result));
  }

  asio::io_context& io_;
  Timers& timers_;
  std::string program_;
  ResetBoard reset_;
  FlashJob job_;
  Progress progress_;
  Completion completion_;
  std::size_t attempt_ = 0;
  FlashStage stage_ = FlashStage::connecting;
  std::string heard_;
  std::unique_ptr<programs::Child> child_;
};

/// Goes through the stages; the simulated board is reset when its port is opened again.
class SimulatedFlasher final : public Flasher {
 public:
  explicit SimulatedFlasher(asio::io_context& io) : io_(io) {}
  void flash(const FlashJob&, Progress progress, Completion completion) override {
    for (const auto stage : {FlashStage::connecting, FlashStage::writing, FlashStage::verifying})
      progress(stage);
    asio::post(io_, [completion = std::move(completion)]() mutable { completion({}); });
  }

 private:
  asio::io_context& io_;
};

}  // namespace

std::string_view name(FlashStage stage) noexcept {
  return stage_names[static_cast<std::size_t>(stage)];
}

std::unique_ptr<Flasher> make_flasher(asio::io_context& io, Timers& timers, std::string program,
                                      ResetBoard reset) {
  if (program == "simulated") return std::make_unique<SimulatedFlasher>(io);
  return std::make_unique<Avrdude>(io, timers, std::move(program), std::move(reset));
}

}  // namespace celeriac::hal::firmware
