// Firmware on its way to the board: the file, the program that writes it, and the machine around both.

#include <sys/stat.h>

#include <catch2/catch_test_macros.hpp>
#include <fstream>

#include "bench.hpp"
#include "hal/firmware/descriptor_port.hpp"
#include "hal/system/firmware_flash.hpp"
#include "hal/system/updates.hpp"
#include "hex_text.hpp"
#include "simulated_board.hpp"

namespace celeriac::hal::testing {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using namespace std::chrono_literals;
using namespace firmware;
using protocol::Json;
using protocol::Result;
using protocol::Status;
using system::FirmwareFlash;

constexpr std::size_t space = mega2560_program_bytes;

std::string complaint(std::string_view text) {
  const auto image = parse_intel_hex(text, space);
  if (image) return "";
  CHECK(image.error().status == Status::malformed);
  return image.error().message;
}

// ---- the file ----

TEST_CASE("a firmware beyond 64 KiB is read whole") {
  const auto image = parse_intel_hex(hex_program(100'000), space);
  REQUIRE(image);
  CHECK(image->bytes == 100'000);
  REQUIRE(image->flash.size() == 100'000);
  CHECK(image->flash[0] == 0x0c);
  CHECK(image->flash[70'000] == static_cast<std::uint8_t>(70'000 >> 4));
}

TEST_CASE("bytes that a file leaves out are erased flash, and carriage returns are no fault") {
  const std::uint8_t jump[] = {0x0c, 0x94, 0x00, 0x01}, far[] = {7};
  auto text = hex_record(0, 0, jump) + hex_record(0x20, 0, far) + hex_end;
  for (auto at = text.find('\n'); at != text.npos; at = text.find('\n', at + 2)) text.insert(at, "\r");
  const auto image = parse_intel_hex(text, space);
  REQUIRE(image);
  CHECK(image->bytes == 5);
  CHECK(image->flash.size() == 0x21);
  CHECK(image->flash[0x10] == 0xff);
}

TEST_CASE("a firmware file that is damaged in any way is refused, with the line") {
  const auto good = hex_program(64);
  REQUIRE(complaint(good).empty());
  auto flipped = good;
  flipped[30] = flipped[30] == '0' ? '1' : '0';
  CHECK(complaint(flipped).contains("Line 1 of the firmware file has a wrong checksum"));
  CHECK(complaint(good.substr(0, good.size() - hex_end.size())).contains("has no end"));
  CHECK(complaint(good.substr(0, 100)).contains("cut off"));
  CHECK(complaint(good + ":00").contains("Line 6"));
  CHECK(complaint(good + good).contains("after the record that ends the file"));
  CHECK(complaint("\x7f"
                  "ELF")
            .contains("does not begin with a colon"));
  CHECK(complaint(":0g000001FF\n").contains("no hexadecimal digit"));
  CHECK(complaint("").contains("has no end"));
  const std::uint8_t jump[] = {0x0c, 0x94, 0x00, 0x01}, two[] = {0xf0, 0};
  CHECK(complaint(hex_record(0, 0, jump) + hex_record(2, 0, jump) + hex_end).contains("there already"));
  CHECK(complaint(hex_record(0, 4, two) + hex_record(0, 0, jump) + hex_end).contains("another board"));
  CHECK(complaint(hex_record(0, 7, two) + hex_end).contains("record type"));
  CHECK(complaint(hex_record(0, 2, jump) + hex_end).contains("wrong length"));
  CHECK(complaint(std::string(max_hex_bytes + 1, '\n')).contains("at most"));
}

TEST_CASE("a file that does not begin with a jump is no firmware") {
  const std::uint8_t data[] = {1, 2, 3, 4};
  CHECK(complaint(hex_record(0, 0, data) + hex_end).contains("no jump at address 0"));
  CHECK(complaint(hex_record(0x100, 0, data) + hex_end).contains("no jump at address 0"));
  CHECK(complaint(hex_end).contains("no jump at address 0"));
}

TEST_CASE("a firmware that reaches into the boot loader is refused") {
  CHECK(complaint(hex_program(space)).empty());
  CHECK(complaint(hex_program(space + 1)).contains("another board"));
}

TEST_CASE("every board that flash_firmware names can be found, and a near miss is helped") {
  for (const auto& board : flash_boards()) CHECK(parse_flash_board(board.name).value() == &board);
  CHECK(parse_flash_board("farmduino_k81").error().message.contains("Did you mean"));
  CHECK(parse_flash_board("none").error().status == Status::not_found);
}

// ---- avrdude ----

/// A program that stands in for avrdude.
std::string script(const Folder& folder, std::string_view body) {
  const auto path = folder.path() / "avrdude";
  std::ofstream(path) << "#!/bin/sh\necho \"$@\" >>" << (folder.path() / "calls").string() << "\n" << body;
  ::chmod(path.c_str(), 0700);
  return path.string();
}

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Flashed {
  Result<void> result = protocol::fail(Status::internal, "It never ended.");
  std::vector<FlashStage> stages;
  std::string calls;
};

/// Flashes in real time with a script in avrdude's place.
Flashed flash_with(std::string_view body, const char* board = "farmduino_k18", ResetBoard reset = nullptr) {
  Folder folder;
  asio::io_context io{1};
  AsioTimers timers{io};
  const auto flasher = make_flasher(io, timers, script(folder, body), std::move(reset));
  Flashed flashed;
  flasher->flash(
      {.board = *parse_flash_board(board), .port = "/dev/ttyX", .file = "some file.hex"},
      [&](FlashStage stage) { flashed.stages.push_back(stage); },
      [&](Result<void> result) { flashed.result = std::move(result); });
  io.run_for(40s);
  flashed.calls = text_of(folder.path() / "calls");
  return flashed;
}

constexpr const char* good_avrdude = R"(
printf 'avrdude: AVR device initialized\nReading | ### | 100%%\n' >&2
printf 'avrdude: writing flash\nWriti' >&2; printf 'ng | #######' >&2; printf '### | 100%%\n' >&2
printf 'Reading | ##### | 100%%\navrdude done.  Thank you.\n' >&2
)";

TEST_CASE("avrdude is told part, programmer, port, speed and file, and heard in all its stages") {
  const auto flashed = flash_with(good_avrdude);
  CHECK(flashed.result);
  CHECK(flashed.calls == "-p m2560 -c wiring -P /dev/ttyX -b 115200 -D -U flash:w:some file.hex:i\n");
  CHECK(flashed.stages == std::vector{FlashStage::connecting, FlashStage::writing, FlashStage::verifying});
}

TEST_CASE("a boot loader that does not answer is asked at the other speed before it is given up") {
  const auto flashed =
      flash_with("echo 'stk500v2_getsync(): timeout communicating with programmer'; exit 1\n");
  REQUIRE_FALSE(flashed.result);
  CHECK(flashed.calls.contains("-b 115200"));
  CHECK(flashed.calls.contains("-b 57600"));
  CHECK(flashed.result.error().status == Status::hardware_fault);
  CHECK(flashed.result.error().message.contains("ended with status 1 while connecting"));
  CHECK(flashed.result.error().message.contains("timeout communicating"));
  CHECK(flashed.result.error().details["stage"] == 0);
}

TEST_CASE("a write that fails is not tried again by itself") {
  const auto flashed = flash_with("printf 'Writing | ###'; exit 1\n");
  REQUIRE_FALSE(flashed.result);
  CHECK(flashed.result.error().details["stage"] == 1);
  CHECK(std::ranges::count(flashed.calls, '\n') == 1);
}

TEST_CASE("a board that DTR does not reach is reset by a GPIO line before avrdude asks it") {
  std::string order;
  const ResetBoard by_line = [&](std::move_only_function<void()> done) -> Result<void> {
    order += "reset ";
    done();
    return {};
  };
  CHECK(flash_with(good_avrdude, "express_k10", by_line).result);
  CHECK(order == "reset ");
  // Each attempt begins with a reset, or the boot loader has long gone on to the firmware.
  CHECK_FALSE(flash_with("exit 1\n", "express_k10", by_line).result);
  CHECK(order == "reset reset reset ");

  const auto without = flash_with(good_avrdude, "express_k10");
  REQUIRE_FALSE(without.result);
  CHECK(without.result.error().message.contains("No GPIO line resets the board"));
  CHECK(without.calls.empty());

  const ResetBoard taken = [](const std::move_only_function<void()>&) -> Result<void> {
    return protocol::fail(Status::offline, "The line is taken.");
  };
  const auto other = flash_with(good_avrdude, "express_k10", taken);
  CHECK(other.result.error().message == "The line is taken.");
  CHECK(other.calls.empty());
}

TEST_CASE("an avrdude that is not installed says so") {
  asio::io_context io{1};
  AsioTimers timers{io};
  const auto flasher = make_flasher(io, timers, "/nonexistent/avrdude", nullptr);
  std::optional<Result<void>> result;
  flasher->flash(
      {.board = *parse_flash_board("arduino"), .port = "x", .file = "y"}, [](FlashStage) {},
      [&](Result<void> done) { result = std::move(done); });
  io.run_for(40s);
  REQUIRE(result);
  CHECK(result->error().status == Status::not_found);
  CHECK(result->error().message.contains("Is it installed?"));
}

// ---- updates ----

TEST_CASE("what apt says of a package is understood") {
  const auto newer = system::parse_policy(
      "celeriac:\n  Installed: 0.9.0\n  Candidate: 1.0.0\n  Version table:\n     1.0.0 500\n *** 0.9.0 "
      "100\n");
  CHECK(newer.installed == "0.9.0");
  CHECK(newer.candidate == "1.0.0");
  CHECK(newer.newer());
  CHECK_FALSE(system::parse_policy("celeriac:\n  Installed: 1.0.0\n  Candidate: 1.0.0\n").newer());
  const auto none = system::parse_policy("celeriac:\n  Installed: (none)\n  Candidate: 1.0.0\n");
  CHECK_FALSE(none.installed);
  CHECK_FALSE(none.newer());
  CHECK_FALSE(system::parse_policy("").candidate);
  CHECK_FALSE(system::parse_policy("  Installed:").installed);
}

TEST_CASE("apt is asked once for all who want to know") {
  Folder folder;
  asio::io_context io{1};
  AsioTimers timers{io};
  system::Updates updates(io, timers,
                          script(folder, "printf 'celeriac:\\n  Installed: 1\\n  Candidate: 2\\n'\n"));
  std::size_t answers = 0, refused = 0;
  for (std::size_t i = 0; i < system::max_update_waiters + 2; ++i)
    updates.check([&](const Result<system::PackageVersions>& versions) {
      (versions && versions->newer() ? answers : refused) += 1;
    });
  CHECK(refused == 2);
  io.run_for(40s);
  CHECK(answers == system::max_update_waiters);
  CHECK(text_of(folder.path() / "calls") == "policy celeriac\n");
}

// ---- the machine around it ----

/// Does as the test says, when it says.
struct PuppetFlasher final : Flasher {
  void flash(const FlashJob& job, Progress progress, Completion completion) override {
    jobs.push_back(job);
    tell = std::move(progress);
    done = std::move(completion);
  }
  void end(Result<void> result) { std::exchange(done, nullptr)(std::move(result)); }
  std::vector<FlashJob> jobs;
  Progress tell;
  Completion done;
};

protocol::Error stage_error(int stage) {
  protocol::Error error{.status = Status::hardware_fault, .message = "avrdude ended with status 1."};
  error.details["stage"] = stage;
  return error;
}

struct House {
  SimulatedBoard board;
  Bench bench{board};
  FirmwareStore store{bench.folder.path() / "firmware", bench.folder.path() / "shipped", bench.background};
  PuppetFlasher flasher;
  std::string port = "/dev/ttyX";
  FirmwareFlash flash{
      {.hypervisor = bench.hypervisor, .store = store, .flasher = flasher, .port = [this] { return port; }}};

  House() { REQUIRE(bench.run_until_ready()); }

  Call put(std::string_view name, const std::string& text, std::size_t part = 1000) {
    Call call;
    for (std::size_t at = 0; at < text.size(); at += part) {
      call = Call();
      flash.put(name, static_cast<std::int64_t>(text.size()), static_cast<std::int64_t>(at),
                std::string_view(text).substr(at, part),
                [outcome = call.outcome](Outcome done) { *outcome = std::move(done); });
    }
    bench.run_until([&] { return call.answered(); });
    return call;
  }
  Call start(std::string_view name) {
    Call call;
    flash.flash(name, [outcome = call.outcome](Outcome done) { *outcome = std::move(done); });
    return call;
  }
  /// Until the flasher has the job.
  bool writing() {
    return bench.run_until([&] { return flasher.done != nullptr; }, 1min);
  }
};

TEST_CASE("a firmware that came in parts is stored, written, and the board is ready with its parameters") {
  House house;
  REQUIRE(house.bench
              .call("SYS.CONFIG_UPDATE", {{"package", 0}, {"config", "movement_max_spd_x"}, {"value", 321}})
              .ok());
  const auto stored = house.put("arduino", hex_program(5000));
  REQUIRE(stored.ok());
  CHECK(stored.done().document->at("bytes") == 5000);
  const auto call = house.start("arduino");
  REQUIRE(house.writing());
  CHECK(house.flasher.jobs.at(0).port == "/dev/ttyX");
  CHECK(text_of(house.flasher.jobs.at(0).file) == hex_program(5000));
  CHECK(house.bench.hypervisor.link().state() == LinkState::closed);
  house.bench.run_for(1min);  // nobody opens the port meanwhile
  CHECK(house.bench.openings == 1);
  house.flasher.tell(FlashStage::writing);
  house.flasher.end({});
  REQUIRE(house.bench.run_until([&] { return call.answered(); }, 1min));
  REQUIRE(call.ok());
  CHECK(call.done().document->at("version").get<std::string>().contains(".R."));
  CHECK(house.bench.hypervisor.link().board().parameters.find(71) == 321);
  CHECK(house.bench.logged("Starting firmware flash."));
  CHECK_FALSE(house.flash.under_way());
}

TEST_CASE("while the firmware is written everything else is refused, and an emergency stop is kept") {
  House house;
  REQUIRE(house.put("arduino", hex_program(100)).ok());
  const auto call = house.start("arduino");
  REQUIRE(house.writing());
  const auto moved = house.bench.call("SYS.MOVE_ABSOLUTE", {{"x", 1}, {"y", 0}, {"z", 0}});
  CHECK(moved.status() == Status::offline);
  CHECK((*moved.outcome)->error().code == system::firmware_flash_code);
  CHECK(house.start("arduino").status() == Status::wrong_state);
  CHECK(house.bench.call("SYS.REBOOT", {{"package", 0}}).status() == Status::offline);
  CHECK(house.bench.call("SYS.FACTORY_RESET", {{"package", 0}}).status() == Status::offline);
  CHECK(house.bench.call("SYS.EMERGENCY_LOCK").ok());
  bool ended = false;
  house.flash.when_done([&] { ended = true; });
  CHECK_FALSE(ended);
  house.flasher.end({});
  REQUIRE(house.bench.run_until([&] { return call.answered(); }, 1min));
  CHECK(call.ok());
  CHECK(ended);
  CHECK(house.bench.hypervisor.link().lock().engaged());
}

TEST_CASE("a flash that fails says what the board has now, and the link comes back") {
  const std::pair<int, const char*> rows[] = {
      {0, "has the firmware that it had"}, {1, "has no whole firmware now"}, {2, "cannot be trusted"}};
  for (const auto& [stage, words] : rows) {
    INFO(stage);
    House house;
    REQUIRE(house.put("arduino", hex_program(100)).ok());
    const auto call = house.start("arduino");
    REQUIRE(house.writing());
    house.flasher.end(std::unexpected(stage_error(stage)));
    REQUIRE(house.bench.run_until([&] { return call.answered(); }, 1min));
    CHECK(call.status() == Status::hardware_fault);
    CHECK(call.message().contains(words));
    CHECK(house.bench.logged(words));
    CHECK(house.bench.hypervisor.link().state() == LinkState::ready);
  }
}

TEST_CASE("a board that does not start with its new firmware is told of") {
  House house;
  REQUIRE(house.put("arduino", hex_program(100)).ok());
  const auto call = house.start("arduino");
  REQUIRE(house.writing());
  house.bench.unplug();
  house.flasher.end({});
  REQUIRE(house.bench.run_until([&] { return call.answered(); }, 2min));
  CHECK(call.status() == Status::hardware_fault);
  CHECK(call.message().contains("does not start with it"));
}

TEST_CASE("firmware of another board is noticed when it reports its version") {
  House house;
  REQUIRE(house.put("farmduino_k18", hex_program(100)).ok());
  const auto call = house.start("farmduino_k18");
  REQUIRE(house.writing());
  house.flasher.end({});
  REQUIRE(house.bench.run_until([&] { return call.answered(); }, 1min));
  CHECK(call.ok());
  CHECK(house.bench.logged("which is another board's"));
}

TEST_CASE("nothing is written while the machine is at work") {
  House house;
  REQUIRE(house.put("arduino", hex_program(100)).ok());
  const auto move = house.bench.start("SYS.MOVE_RELATIVE", {{"x", 50}, {"y", 0}, {"z", 0}});
  const auto call = house.start("arduino");
  CHECK(call.status() == Status::wrong_state);
  REQUIRE(house.bench.run_until([&] { return move.answered(); }));
  CHECK(house.flasher.jobs.empty());
}

TEST_CASE("a firmware that was never brought is not there, and a package may have brought one") {
  House house;
  auto call = house.start("arduino");
  REQUIRE(house.bench.run_until([&] { return call.answered(); }, 1min));
  CHECK(call.status() == Status::not_found);
  CHECK(call.message().contains("celeriac firmware flash FILE --board arduino"));
  fs::create_directories(house.bench.folder.path() / "shipped");
  std::ofstream(house.bench.folder.path() / "shipped/arduino.hex") << hex_program(32);
  call = house.start("arduino");
  REQUIRE(house.writing());
  house.flasher.end({});
  REQUIRE(house.bench.run_until([&] { return call.answered(); }, 1min));
  CHECK(call.done().document->at("bytes") == 32);
}

TEST_CASE("a bad file replaces no good one, and reaches no board") {
  House house;
  REQUIRE(house.put("arduino", hex_program(64)).ok());
  CHECK(house.put("arduino", "no hex at all\n").status() == Status::malformed);
  CHECK(text_of(house.bench.folder.path() / "firmware/arduino.hex") == hex_program(64));
  std::ofstream(house.bench.folder.path() / "firmware/arduino.hex", std::ios::app) << "rubbish\n";
  const auto call = house.start("arduino");
  REQUIRE(house.bench.run_until([&] { return call.answered(); }, 1min));
  CHECK(call.status() == Status::malformed);
  CHECK(house.flasher.jobs.empty());
}

TEST_CASE("parts of a file that do not follow each other, or are too many, are refused") {
  House house;
  const auto put = [&](std::int64_t size, std::int64_t offset, std::string_view part) {
    Call call;
    house.flash.put("arduino", size, offset, part,
                    [outcome = call.outcome](Outcome done) { *outcome = std::move(done); });
    return call.status();
  };
  CHECK(put(10, 0, ":0000") == Status::ok);
  CHECK(put(10, 6, "x") == Status::wrong_state);
  CHECK(put(11, 5, "x") == Status::wrong_state);
  CHECK(put(10, 5, "too long") == Status::wrong_state);
  CHECK(put(10, 5, "") == Status::wrong_state);
  CHECK(put(static_cast<std::int64_t>(max_hex_bytes) + 1, 0, "x") == Status::malformed);
  CHECK(put(0, 0, "x") == Status::malformed);
}

TEST_CASE("a board that is on no port is not written") {
  House house;
  REQUIRE(house.put("arduino", hex_program(64)).ok());
  house.port.clear();
  const auto call = house.start("arduino");
  REQUIRE(house.bench.run_until([&] { return call.answered(); }, 1min));
  CHECK(call.status() == Status::offline);
  CHECK(house.bench.hypervisor.link().state() == LinkState::ready);
}

}  // namespace
}  // namespace celeriac::hal::testing
