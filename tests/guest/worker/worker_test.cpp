// The real worker, walls and all, with the ABI of test_abi.hpp.

#include <signal.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <format>

#include "fake_vm.hpp"
#include "modules.hpp"
#include "tests/wasm/wabt.hpp"

using namespace celeriac;
using namespace celeriac::testing;
using Catch::Matchers::ContainsSubstring;
using protocol::Status;
namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

/// The issue asks for 50 ms (bench/guest measures that); a test must hold on a machine that is busy.
constexpr milliseconds at_once(1000);

milliseconds time_to_kill(FakeVm& vm, std::uint16_t process) {
  const auto begin = steady_clock::now();
  REQUIRE(vm.kill(process).ok());
  return std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin);
}

Status status(const protocol::Reply& reply) {
  return Status{reply.status};
}

}  // namespace

TEST_CASE("a worker answers HELLO") {
  FakeVm vm;
  CHECK(vm.ask("SYS.HELLO", {{"protocol", 1}, {"client", "test"}}).ok());
  CHECK(vm.worker->session()->local<vm::guests::WorkerIdentity>().package == "test:tests");
}

TEST_CASE("an instance that returns has ended") {
  FakeVm vm;
  vm.module("returns", modules::returns);
  REQUIRE(vm.start(7, "returns").ok());
  REQUIRE(vm.until([&] { return !vm.ended.empty(); }));
  CHECK(vm.ended[0].process == 7);
  CHECK(vm.ended[0].how == "returned");
  CHECK(status(vm.kill(7)) == Status::not_found);
}

TEST_CASE("an instance that traps has ended, with the reason and the end of its standard error") {
  FakeVm vm;
  vm.module("traps", modules::traps);
  REQUIRE(vm.start(1, "traps").ok());
  REQUIRE(vm.until([&] { return !vm.ended.empty(); }));
  CHECK(vm.ended[0].how == "trap");
  CHECK_THAT(vm.ended[0].message, ContainsSubstring("run") && ContainsSubstring("unreachable"));
  CHECK(vm.ended[0].output == "last words\n");
  CHECK(vm.printed == std::vector<std::string>{"last words"});
}

TEST_CASE("an instance that breaks a rule of its ABI has ended, with the rule") {
  FakeVm vm;
  vm.module("points_outside", modules::points_outside);
  REQUIRE(vm.start(1, "points_outside").ok());
  REQUIRE(vm.until([&] { return !vm.ended.empty(); }));
  CHECK(vm.ended[0].how == "trap");
  CHECK(vm.ended[0].message == "say: it points outside the memory.");
}

TEST_CASE("an instance that exits has ended, with its status") {
  FakeVm vm;
  vm.module("exits", modules::exits);
  REQUIRE(vm.start(1, "exits").ok());
  REQUIRE(vm.until([&] { return !vm.ended.empty(); }));
  CHECK(vm.ended[0].how == "returned");
  CHECK(vm.ended[0].message == "It exited with status 3.");
}

TEST_CASE("what cannot be started is refused with the reason, and never ends") {
  FakeVm vm;
  vm.module("starts_badly", modules::starts_badly);
  vm.module("returns", modules::returns);
  CHECK(status(vm.start(1, "unknown")) == Status::not_found);
  const auto bad = vm.start(2, "starts_badly");
  CHECK(status(bad) == Status::invalid_code);
  CHECK_THAT(bad.error().message, ContainsSubstring("unreachable"));
  CHECK(status(vm.start(3, "returns", {{"abi", "none"}})) == Status::invalid_code);
  CHECK(status(vm.start(4, "returns", {{"limits", {{"depth", -1}}}})) == Status::malformed);
  CHECK(status(vm.start(5, "returns", {{"restore", true}})) == Status::not_found);
  CHECK(vm.ended.empty());
  CHECK(vm.start(6, "returns").ok());  // nothing of it has harmed the worker
}

TEST_CASE("a number that is in use is refused, and so is one instance too many") {
  FakeVm vm({.instances = 2});
  vm.module("blocks", modules::blocks);
  REQUIRE(vm.start(1, "blocks").ok());
  CHECK(status(vm.start(1, "blocks")) == Status::wrong_state);
  REQUIRE(vm.start(2, "blocks").ok());
  CHECK(status(vm.start(3, "blocks")) == Status::out_of_resources);
  REQUIRE(vm.kill(1).ok());
  CHECK(vm.start(3, "blocks").ok());
}

TEST_CASE("a module is read once for all its instances") {
  FakeVm vm;
  vm.module("blocks", modules::blocks);
  REQUIRE(vm.start(1, "blocks").ok());
  const auto read = vm.modules_read;
  REQUIRE(vm.start(2, "blocks").ok());
  CHECK(vm.modules_read == read);
}

TEST_CASE("a spinning guest is killed at once, and stalls no other") {
  FakeVm vm;
  vm.module("spins", modules::spins);
  vm.module("blocks", modules::blocks);
  REQUIRE(vm.start(1, "spins").ok());
  REQUIRE(vm.start(2, "spins").ok());
  REQUIRE(vm.start(3, "blocks").ok());
  REQUIRE(vm.until([&] { return vm.receives.size() == 1; }));
  vm.receives.front().ok();
  vm.receives.pop_front();
  CHECK(vm.until([&] { return vm.receives.size() == 1; }));
  CHECK(time_to_kill(vm, 1) < at_once);
  CHECK(time_to_kill(vm, 2) < at_once);
  REQUIRE(vm.ended.size() == 2);
  CHECK(vm.ended[0].how == "killed");
}

TEST_CASE("a guest that spins in its start function is killed at once") {
  FakeVm vm;
  vm.module("spins_in_start", modules::spins_in_start);
  std::optional<protocol::Reply> answer;
  const auto payload =
      protocol::encode_id(1) +
      protocol::to_bson({{"address", "here@a:b:c"}, {"path", "/proc/c/b/a"}, {"module", "spins_in_start"}});
  vm.worker->session()->request(*protocol::find_operation("GUEST.START"), payload,
                                [&](protocol::Reply reply) { answer = std::move(reply); });
  REQUIRE(vm.until([&] { return vm.modules_read >= 2; }));
  CHECK(time_to_kill(vm, 1) < at_once);
  REQUIRE(vm.until([&] { return answer.has_value(); }));
  CHECK(status(*answer) == Status::cancelled);
}

TEST_CASE("a blocked guest and a sleeping one are killed at once") {
  FakeVm vm;
  vm.module("blocks", modules::blocks);
  vm.module("sleeps", modules::sleeps);
  REQUIRE(vm.start(1, "blocks").ok());
  REQUIRE(vm.start(2, "sleeps").ok());
  REQUIRE(vm.until([&] { return vm.receives.size() == 1; }));
  CHECK(time_to_kill(vm, 1) < at_once);
  CHECK(time_to_kill(vm, 2) < at_once);
  CHECK(vm.ended.size() == 2);
}

TEST_CASE("a guest that recurses for ever has ended, by name") {
  FakeVm vm;
  vm.module("recurses", modules::recurses);
  REQUIRE(vm.start(1, "recurses").ok());
  REQUIRE(vm.until([&] { return !vm.ended.empty(); }));
  CHECK(vm.ended[0].how == "trap");
  CHECK_THAT(vm.ended[0].message, ContainsSubstring("calls inside each other"));
  CHECK(vm.worker->running());
}

TEST_CASE("a guest that grows for ever is ended by name, and others live on") {
  FakeVm vm({.memory = 64 * 1024 * 1024});
  vm.module("grows", modules::grows);
  vm.module("blocks", modules::blocks);
  REQUIRE(vm.start(1, "blocks").ok());
  REQUIRE(vm.start(2, "grows", {{"limits", {{"memory_pages", 65536}}}}).ok());
  REQUIRE(vm.until([&] { return !vm.ended.empty(); }));
  CHECK(vm.ended[0].process == 2);
  CHECK(vm.ended[0].how == "trap");
  CHECK_THAT(vm.ended[0].message, ContainsSubstring("used the most memory"));
  CHECK(vm.worker->running());
  CHECK(vm.kill(1).ok());
}

TEST_CASE("a guest's own limit holds its memory back, and it goes on") {
  FakeVm vm({.memory = 64 * 1024 * 1024});
  vm.module("grows", modules::grows);
  REQUIRE(vm.start(1, "grows", {{"limits", {{"memory_pages", 16}}}}).ok());
  CHECK_FALSE(vm.until([&] { return !vm.ended.empty(); }, milliseconds(200)));
  CHECK(vm.kill(1).ok());
}

TEST_CASE("a busy guest rests when it is paused, and goes on when it is resumed") {
  FakeVm vm;
  vm.module("floods", modules::floods);
  REQUIRE(vm.start(1, "floods").ok());
  REQUIRE(vm.until([&] { return vm.printed.size() > 20; }));
  REQUIRE(vm.ask("GUEST.PAUSE", {{"id", 1}}).ok());
  const auto said = vm.printed.size();
  CHECK_FALSE(vm.until([&] { return vm.printed.size() > said; }, milliseconds(150)));
  REQUIRE(vm.ask("GUEST.RESUME", {{"id", 1}}).ok());
  CHECK(vm.until([&] { return vm.printed.size() > said; }));
  REQUIRE(vm.ask("GUEST.PAUSE", {{"id", 1}}).ok());
  CHECK(time_to_kill(vm, 1) < at_once);
}

TEST_CASE("a blocked guest rests at once, and its answer waits until it is resumed") {
  FakeVm vm;
  vm.module("blocks", modules::blocks);
  REQUIRE(vm.start(1, "blocks").ok());
  REQUIRE(vm.until([&] { return vm.receives.size() == 1; }));
  REQUIRE(vm.ask("GUEST.PAUSE", {{"id", 1}}).ok());
  vm.receives.front().ok();
  vm.receives.pop_front();
  CHECK_FALSE(vm.until([&] { return !vm.receives.empty(); }, milliseconds(100)));
  REQUIRE(vm.ask("GUEST.RESUME", {{"id", 1}}).ok());
  CHECK(vm.until([&] { return !vm.receives.empty(); }));
  CHECK(status(vm.ask("GUEST.PAUSE", {{"id", 2}})) == Status::not_found);
}

TEST_CASE("a guest that floods the log is held to some lines a second") {
  FakeVm vm;
  vm.module("floods", modules::floods);
  REQUIRE(vm.start(1, "floods").ok());
  REQUIRE_FALSE(vm.until([&] { return vm.printed.size() > 1000; }, milliseconds(500)));
  REQUIRE(vm.until([&] { return vm.printed.back().contains("lines left out"); }));
  CHECK(vm.kill(1).ok());
}

TEST_CASE("what is told arrives, however much it is") {
  FakeVm vm;
  vm.module("tells", modules::tells);
  REQUIRE(vm.start(1, "tells").ok());
  REQUIRE(vm.until([&] { return !vm.ended.empty(); }));
  CHECK(vm.sends == 1000);
}

TEST_CASE("messages are held to so many a second") {
  FakeVm vm;
  vm.module("tells", modules::tells);
  const auto begin = steady_clock::now();
  REQUIRE(vm.start(1, "tells", {{"limits", {{"messages_per_second", 2000}}}}).ok());
  REQUIRE(vm.until([&] { return !vm.ended.empty(); }));
  CHECK(vm.sends == 1000);
  // A quarter of a second's worth goes at once.
  CHECK(steady_clock::now() - begin > milliseconds(200));
}

TEST_CASE("102, 104: what an instance commits is what it has after a restore: memory, growth and globals") {
  FakeVm vm;
  vm.module("counts", modules::counts);
  const auto step = [&] {
    const auto before = vm.commits.size();
    REQUIRE(vm.until([&] { return !vm.receives.empty(); }));
    vm.receives.front().ok();
    vm.receives.pop_front();
    REQUIRE(vm.until([&] { return vm.commits.size() > before; }));
  };
  REQUIRE(vm.start(1, "counts").ok());
  step();
  step();
  CHECK(vm.printed == std::vector<std::string>{"10", "20"});
  CHECK(vm.commits[0].answered == 1);
  CHECK(vm.commits[0].outbox.size() == 1);
  CHECK(vm.commits[1].outbox == std::vector<std::string>(2, "envelope"));
  // The second run has changed three chunks, and nothing else travels.
  CHECK(protocol::decode_snapshot(vm.commits[1].data).value().size() == 3);
  const auto& snapshot = vm.snapshots.at(1);
  CHECK(snapshot.memory_pages == 3);
  CHECK(snapshot.globals == std::vector<std::uint64_t>{2});
  const auto kept = snapshot;

  REQUIRE(vm.kill(1).ok());
  vm.receives.clear();
  REQUIRE(vm.start(1, "counts", {{"restore", true}}).ok());
  step();
  CHECK(vm.printed.back() == "31");
  CHECK(vm.snapshots.at(1).globals == std::vector<std::uint64_t>{3});
  CHECK(vm.snapshots.at(1).memory_pages == 4);
  CHECK(vm.snapshots.at(1).chunks.at(16) == kept.chunks.at(16));
}

TEST_CASE("an outbox and a memory that are too long for a frame go as blobs") {
  FakeVm vm;
  vm.module("counts", modules::counts);
  REQUIRE(vm.start(1, "counts").ok());
  // Each run sends one message more, of some 26 bytes in the document.
  for (std::size_t run = 1; run <= 2200 && vm.commits.size() == run - 1; ++run) {
    REQUIRE(vm.until([&] { return !vm.receives.empty(); }));
    vm.receives.front().ok();
    vm.receives.pop_front();
    REQUIRE(vm.until([&] { return vm.commits.size() == run || !vm.ended.empty(); }));
    if (run % 250 == 0) break;
  }
  REQUIRE_FALSE(vm.commits.empty());
  CHECK(vm.commits.back().outbox.size() == vm.commits.size());
  CHECK(vm.blobs.empty());
}

TEST_CASE("103: an instance whose state cannot be kept has ended") {
  FakeVm vm;
  vm.module("counts", modules::counts);
  vm.refuse_commits = protocol::Error{.status = Status::failed, .message = "The disk is full."};
  REQUIRE(vm.start(1, "counts").ok());
  REQUIRE(vm.until([&] { return !vm.receives.empty(); }));
  vm.receives.front().ok();
  REQUIRE(vm.until([&] { return !vm.ended.empty(); }));
  CHECK(vm.ended[0].how == "trap");
  CHECK_THAT(vm.ended[0].message, ContainsSubstring("The disk is full."));
}

TEST_CASE("a compiled module runs, is killed while it spins or blocks, and its worker takes no other") {
  const auto directory = fs::temp_directory_path() / std::format("celeriac-compiled-{}", ::getpid());
  fs::create_directories(directory);
  fs::permissions(directory, fs::perms::all);
  const auto compile = [&](const char* wat) {
    const auto bytes = wat2wasm(wat);
    const std::string command = std::format("{} --compile {} >/dev/null", TEST_WORKER, directory.string());
    std::FILE* const input = ::popen(command.c_str(), "w");
    REQUIRE(input != nullptr);
    REQUIRE(std::fwrite(bytes.data(), 1, bytes.size(), input) == bytes.size());
    REQUIRE(::pclose(input) == 0);
  };
  compile(modules::spins);
  compile(modules::blocks);
  compile(modules::recurses);
  for (const auto* wat : {modules::spins, modules::blocks}) {
    FakeVm vm({.ahead_of_time = true, .compiled = directory});
    vm.module("guest", wat);
    vm.module("other", modules::recurses);
    vm.module("uncompiled", modules::returns);
    CHECK(status(vm.start(9, "uncompiled")) == Status::not_found);
    REQUIRE(vm.start(1, "guest").ok());
    REQUIRE(vm.start(2, "guest").ok());
    CHECK(status(vm.start(3, "other")) == Status::out_of_resources);
    CHECK(time_to_kill(vm, 1) < at_once);
    CHECK(time_to_kill(vm, 2) < at_once);
    CHECK(vm.worker->running());
  }
  FakeVm vm({.ahead_of_time = true, .compiled = directory});
  vm.module("recurses", modules::recurses);
  REQUIRE(vm.start(1, "recurses").ok());
  REQUIRE(vm.until([&] { return !vm.ended.empty(); }));
  CHECK_THAT(vm.ended[0].message, ContainsSubstring("calls inside each other"));
  CHECK(vm.worker->running());
  fs::remove_all(directory);
}

TEST_CASE("the death of a worker is seen, with its reason") {
  FakeVm vm;
  REQUIRE(vm.ask("SYS.HELLO", {{"protocol", 1}, {"client", "test"}}).ok());
  ::kill(vm.worker->pid(), SIGKILL);
  REQUIRE(vm.until([&] { return vm.worker_end.has_value(); }));
  CHECK(vm.worker_end->how == "was killed by signal 9 (Killed)");
  CHECK_FALSE(vm.worker_end->asked_for);
  CHECK_FALSE(vm.worker->running());
  CHECK(status(vm.start(1, "returns")) == Status::offline);
}

TEST_CASE("a worker is killed with all that it runs") {
  FakeVm vm;
  vm.module("spins", modules::spins);
  REQUIRE(vm.start(1, "spins").ok());
  vm.worker->kill();
  REQUIRE(vm.until([&] { return vm.worker_end.has_value(); }));
  CHECK(vm.worker_end->asked_for);
}

TEST_CASE("a worker ends with its stream, whatever its guests do") {
  FakeVm vm;
  vm.module("spins", modules::spins);
  REQUIRE(vm.start(1, "spins").ok());
  vm.worker->session()->close();
  REQUIRE(vm.until([&] { return vm.worker_end.has_value(); }));
  CHECK(vm.worker_end->how == "ended with status 0");
}

TEST_CASE("a program that is not there is no worker") {
  boost::asio::io_context io;
  const auto started =
      vm::guests::GuestWorker::start(io, {.program = "/nowhere/celeriac-guest", .package = "a:b"}, nullptr);
  REQUIRE_FALSE(started);
  CHECK(started.error().status == Status::not_found);
  CHECK_THAT(started.error().message, ContainsSubstring("a:b"));
}
