#include "hal/system/firmware_flash.hpp"

#include <format>

namespace celeriac::hal::system {

using firmware::FlashBoard;
using firmware::FlashStage;
using firmware::Severity;
using protocol::Error;
using protocol::Json;
using protocol::Result;
using protocol::Status;

namespace {

/// What the board has after a flash that failed in this stage, and what to do.
constexpr std::string_view consequences[] = {
    "Nothing was written: the board has the firmware that it had. Is it the right board, and its cable good?",
    "The board has no whole firmware now, so it does not move. Its boot loader is as it was: leave it "
    "connected and powered, and flash it again.",
    "What was read back differs, so the board's firmware cannot be trusted. Its boot loader is as it was: "
    "flash it again before anything moves.",
};

std::string_view consequence(const Error& error) {
  const auto stage = error.details.value("stage", std::size_t{0});
  return consequences[std::min(stage, std::size(consequences) - 1)];
}

}  // namespace

void FirmwareFlash::put(std::string_view board, std::int64_t size, std::int64_t offset, std::string_view part,
                        Completion completion) {
  const auto row = firmware::parse_flash_board(board);
  if (!row) return completion(std::unexpected(row.error()));
  parts_.store.put(
      **row, static_cast<std::size_t>(size), static_cast<std::size_t>(offset), part,
      [board = *row,
       completion = std::move(completion)](Result<std::optional<firmware::StoredFirmware>> stored) mutable {
        if (!stored) return completion(std::unexpected(std::move(stored.error())));
        if (!*stored) return completion(Done{});
        completion(Done{.value = 0, .document = Json{{"board", board->name}, {"bytes", (*stored)->bytes}}});
      });
}

void FirmwareFlash::flash(std::string_view name, Completion completion) {
  const auto board = firmware::parse_flash_board(name);
  if (!board) return completion(std::unexpected(board.error()));
  if (under_way_)
    return completion(
        protocol::fail(Status::wrong_state, "A firmware is being written already: wait for it."));
  if (parts_.hypervisor.busy())
    return completion(protocol::fail(Status::wrong_state,
                                     "The machine is at work: wait until it has ended, or stop it, and flash "
                                     "then. Nothing was written."));
  under_way_ = true;
  parts_.store.find(**board, [this, board = *board, completion = std::move(completion)](
                                 Result<firmware::StoredFirmware> file) mutable {
    if (!file) return finish(std::unexpected(std::move(file.error())), std::move(completion));
    begin(*board, std::move(*file), std::move(completion));
  });
}

void FirmwareFlash::begin(const FlashBoard& board, firmware::StoredFirmware file, Completion completion) {
  const auto port = parts_.port();
  if (port.empty())
    return finish(protocol::fail(Status::offline,
                                 "No board was found on the USB ports, so nothing was written. Is its cable "
                                 "in?"),
                  std::move(completion));
  Hypervisor::Pause pause{
      .refusal = {.status = Status::offline,
                  .message = "The firmware of the board is being written: it is back in a minute or two.",
                  .code = firmware_flash_code},
      .apart = true};
  // The completion waits where either way ends.
  const auto held = std::make_shared<Completion>(std::move(completion));
  const auto rests = parts_.hypervisor.rest(std::move(pause), [this, &board, port, file, held] {
    note(Severity::info, "Starting firmware flash.");
    parts_.flasher.flash(
        {.board = &board, .port = port, .file = file.path},
        [this, &board, port](FlashStage stage) {
          if (stage == FlashStage::writing)
            note(Severity::info,
                 std::format("The firmware for {} is being written to the board on {}.", board.name, port));
          if (stage == FlashStage::verifying)
            note(Severity::info, "The firmware is written. It is read back and compared.");
        },
        [this, &board, bytes = file.bytes, held](const Result<void>& flashed) {
          end(board, bytes, flashed, std::move(*held));
        });
  });
  if (!rests) finish(std::unexpected(rests.error()), std::move(*held));
}

void FirmwareFlash::end(const FlashBoard& board, std::size_t bytes, const Result<void>& flashed,
                        Completion completion) {
  parts_.hypervisor.wake([this, &board, bytes, flashed,
                          completion = std::move(completion)](const Outcome& ready) mutable {
    if (!flashed) {
      auto error = flashed.error();
      error.message =
          std::format("The firmware of the board was not written: {} {}", error.message, consequence(error));
      note(Severity::error, error.message);
      return finish(std::unexpected(std::move(error)), std::move(completion));
    }
    if (!ready) {
      const auto error = protocol::fail(
          Status::hardware_fault,
          std::format(
              "The firmware is written and verified, but the board does not start with it: {} Is it the "
              "firmware for this board?",
              ready.error().message));
      note(Severity::error, error.error().message);
      return finish(error, std::move(completion));
    }
    const auto& version = parts_.hypervisor.link().board().version;
    if (version.find(std::format(".{}.", board.letter)) == version.npos)
      note(Severity::warn,
           std::format("The board was given firmware for {}, and now reports version {}, which is "
                       "another board's.",
                       board.name, version));
    note(Severity::info, std::format("The board has new firmware: version {}.", version));
    finish(Done{.value = 0, .document = Json{{"board", board.name}, {"bytes", bytes}, {"version", version}}},
           std::move(completion));
  });
}

void FirmwareFlash::finish(Outcome outcome, Completion completion) {
  under_way_ = false;
  completion(std::move(outcome));
  for (auto& waiter : std::exchange(waiting_, {})) waiter();
}

void FirmwareFlash::when_done(std::move_only_function<void()> done) {
  if (!under_way_) return done();
  waiting_.push_back(std::move(done));
}

}  // namespace celeriac::hal::system
