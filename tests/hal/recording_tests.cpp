// The recording: lines, the ring on disk, and replays of whole sessions.

#include <boost/asio/post.hpp>
#include <catch2/catch_test_macros.hpp>
#include <fstream>

#include "bench.hpp"
#include "firmware-sim/profile.hpp"
#include "hal/recording/replay.hpp"
#include "hal/recording/replay_timers.hpp"
#include "hal/recording/transcript.hpp"
#include "scripted_board.hpp"
#include "simulated_board.hpp"

namespace celeriac::hal::testing {
namespace {

using namespace std::chrono_literals;
using namespace recording;
using protocol::Channel;
using protocol::Json;
using protocol::Status;

std::string everything(const std::filesystem::path& dir) {
  return merged(dir / "trace", std::nullopt, protocol::now_milliseconds());
}

/// A recorded bench, and what it has recorded so far.
struct Session {
  explicit Session(BoardDouble& board, Json parameters = Json::object())
      : bench(board, std::move(parameters), {}, true) {}
  std::string recorded() {
    bench.recording->finish([] {});
    bench.run_for(1ms);
    return everything(bench.folder.path());
  }
  Bench bench;
};

/// From the last snapshot in front of `part` on.
std::string from_snapshot_before(const std::string& text, std::string_view part) {
  const auto snapshot = text.rfind(" snapshot ", text.find(part));
  return snapshot == text.npos ? std::string() : text.substr(text.rfind('\n', snapshot) + 1);
}

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++found;
  return found;
}

// ---- lines ----

TEST_CASE("every byte survives a recording, and a line of it is a line") {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  for (const auto& text : {bytes, bytes + bytes, std::string("\\"), std::string("\\x"), std::string("\\x4"),
                           std::string(" F83 "), std::string("\r\n")}) {
    const auto written = line(Instant(123us), Kind::received, text);
    CHECK(written.find('\n') == written.size() - 1);
    const auto record = parse_line(written);
    REQUIRE(record);
    CHECK(record->kind == Kind::received);
    CHECK(record->time_us == 123);
    CHECK(unescaped(record->text) == text);
  }
}

TEST_CASE("a recorded line reads as what it was") {
  CHECK(line(Instant(3600123456us), Kind::received, "R08 *F83 Q5*\r\n") ==
        "3600123456 < R08 *F83 Q5*\\r\\n\n");
  CHECK(line(Instant(7us), Kind::urgent, "E\r\n") == "7 >> E\\r\\n\n");
}

TEST_CASE("what is no line of a recording is none") {
  for (const auto* text :
       {"", " ", "12", "12 ", "12 nonsense x", "-3 < x", "x < y", "99999999999999999999 < x"})
    CHECK_FALSE(parse_line(text));
}

TEST_CASE("the table of kinds is in the order of the kinds") {
  for (std::size_t i = 0; i < kinds().size(); ++i) CHECK(static_cast<std::size_t>(kinds()[i].kind) == i);
}

TEST_CASE("an owner survives a recording") {
  const Owner owner{.session = 12, .channel = Channel{65535}, .holder = 4294967299};
  CHECK(text_of(owner_of(text_of(owner))) == text_of(owner));
  CHECK(owner_of("nonsense").session == 0);
}

// ---- the ring ----

/// A ring on virtual time whose disk is as slow as a test wants.
struct RingRig {
  explicit RingRig(bool slow = false)
      : ring(
            folder.path() / "trace", timers,
            [this, slow](std::move_only_function<void()> job, std::move_only_function<void()> done) {
              if (slow) return (void)waiting.emplace_back(std::move(job), std::move(done));
              job();
              boost::asio::post(io, std::move(done));
            },
            [this](bool good, const std::string& message) { told.emplace_back(good, message); }) {}
  void run(Duration time) {
    const auto end = timers.now() + time;
    do {
      io.restart();
      io.poll();
      timers.advance(std::min(end, timers.next()));
    } while (timers.now() < end);
    io.restart();
    io.poll();
  }
  void put(std::string_view text) { ring.append(line(timers.now(), Kind::log, text)); }

  boost::asio::io_context io{1};
  VirtualTimers timers{io};
  Folder folder;
  std::vector<std::pair<bool, std::string>> told;
  std::vector<std::pair<std::move_only_function<void()>, std::move_only_function<void()>>> waiting;
  Ring ring;
};

TEST_CASE("lines are on the disk within a second") {
  RingRig rig;
  rig.put("hello");
  CHECK(everything(rig.folder.path()).empty());
  rig.run(1s);
  CHECK(everything(rig.folder.path()).find("hello") != std::string::npos);
}

TEST_CASE("a line that may wait is written with the next one that may not, or when its own time is over") {
  RingRig rig;
  rig.ring.append(line(rig.timers.now(), Kind::ring, "3"), idle_flush_period);
  rig.run(idle_flush_period - 1s);
  CHECK(everything(rig.folder.path()).empty());
  rig.run(2s);
  CHECK(everything(rig.folder.path()).contains("ring 3"));
  rig.ring.append(line(rig.timers.now(), Kind::ring, "4"), idle_flush_period);
  rig.put("hello");
  rig.run(1s);
  CHECK(everything(rig.folder.path()).contains("ring 4"));
  CHECK(everything(rig.folder.path()).contains("hello"));
}

TEST_CASE("a ring keeps its number of files, the newest ones, and goes on behind them after a restart") {
  RingRig rig;
  for (std::size_t i = 0; i < ring_segments + 5; ++i) {
    rig.ring.begin_segment();
    rig.put(std::format("segment {}.", i));
    rig.run(1s);
  }
  const auto segments = segments_of(rig.folder.path() / "trace");
  CHECK(segments.size() == ring_segments);
  const auto text = everything(rig.folder.path());
  CHECK(text.find("segment 4.") == std::string::npos);
  CHECK(text.find("segment 5.") != std::string::npos);
  CHECK(text.find(std::format("segment {}.", ring_segments + 4)) != std::string::npos);
  VirtualTimers timers(rig.io);
  Ring next(
      rig.folder.path() / "trace", timers,
      [](std::move_only_function<void()> job, const std::move_only_function<void()>&) { job(); },
      [](bool, const std::string&) {});
  next.append(line(Instant(1us), Kind::log, "after"));
  next.flush();
  CHECK(segments_of(rig.folder.path() / "trace").back() > segments.back());
}

TEST_CASE("files that begin in one go begin each where they should") {
  RingRig rig;
  rig.put("a");
  rig.ring.begin_segment();
  rig.put("b");
  rig.ring.begin_segment();
  rig.run(1s);
  CHECK(segments_of(rig.folder.path() / "trace").size() == 2);
  rig.put("c");
  rig.run(1s);
  CHECK(segments_of(rig.folder.path() / "trace").size() == 3);
}

TEST_CASE("a disk that is too slow costs lines, and the recording says how many") {
  RingRig rig(true);
  rig.put("first");
  rig.ring.flush();
  const std::string filler(900, 'x');
  for (std::size_t i = 0; i < max_buffered_bytes / 900 + 100; ++i) rig.put(filler);
  CHECK(rig.waiting.size() == 1);
  while (!rig.waiting.empty()) {
    auto [job, done] = std::move(rig.waiting.front());
    rig.waiting.erase(rig.waiting.begin());
    job();
    done();
    rig.run(1s);
  }
  rig.put("last");
  rig.ring.flush();
  REQUIRE(rig.waiting.size() == 1);
  rig.waiting.front().first();
  const auto text = everything(rig.folder.path());
  CHECK(text.find(" dropped ") < text.find("last"));
  CHECK(text.size() < max_buffered_bytes + 4096);
}

TEST_CASE("a disk that takes nothing is reported once, and once that it does again") {
  RingRig rig;
  std::ofstream(rig.folder.path() / "trace") << "a file where the folder should be";
  for (int i = 0; i < 5; ++i) {
    rig.put("lost");
    rig.run(1s);
  }
  REQUIRE(rig.told.size() == 1);
  CHECK_FALSE(rig.told[0].first);
  std::filesystem::remove(rig.folder.path() / "trace");
  for (int i = 0; i < 3; ++i) {
    rig.put("kept");
    rig.run(1s);
  }
  REQUIRE(rig.told.size() == 2);
  CHECK(rig.told[1].first);
  CHECK(everything(rig.folder.path()).find(" dropped ") != std::string::npos);
}

// ---- replays ----

TEST_CASE("a replay of a whole session does the same") {
  SimulatedBoard board(garden());
  Session session(board, garden_parameters());
  auto& bench = session.bench;
  REQUIRE(bench.run_until_ready());
  CHECK(bench.call("SYS.FIND_HOME", {{"axis", 3}}).ok());
  CHECK(bench.call("SYS.MOVE_ABSOLUTE", {{"x", 20}, {"y", 10}, {"z", -4}}).ok());
  CHECK(bench.call("SYS.WRITE_PIN", {{"pin", 8}, {"value", 1}, {"mode", 0}}).ok());
  CHECK(bench.call("SYS.READ_PIN", {{"pin", 59}, {"mode", 1}}).ok());
  CHECK(bench.call("SYS.CONFIG_UPDATE", {{"package", 0}, {"config", "movement_max_spd_x"}, {"value", 300}})
            .ok());
  const auto move = bench.start("SYS.MOVE_ABSOLUTE", {{"x", 200}, {"y", 0}, {"z", 0}}, {1, Channel{1}});
  bench.run_for(1s);
  CHECK(bench.call("SYS.EMERGENCY_LOCK", Json::object(), {2, Channel{0}}).ok());
  CHECK(move.status() == Status::locked);
  CHECK(bench.call("SYS.EMERGENCY_UNLOCK").ok());
  bench.call("SYS.MOVE_ABSOLUTE", {{"x", 5}, {"y", 0}, {"z", 0}});
  bench.start("SYS.MOVE_RELATIVE", {{"x", 100}, {"y", 0}, {"z", 0}}, {7, Channel{1}});
  bench.run_for(500ms);
  bench.hypervisor.stream_closed(7);
  bench.run_for(10s);
  bench.unplug();
  bench.run_for(5s);
  bench.plug();
  bench.run_for(20s);
  const auto replayed = replay(session.recorded());
  REQUIRE(replayed);
  INFO(report(*replayed));
  CHECK_FALSE(replayed->difference);
  CHECK(replayed->requests >= 9);
}

TEST_CASE("a rest for somebody else's sake, a reset and what comes after them replay the same") {
  SimulatedBoard board(garden());
  Session session(board, garden_parameters());
  auto& bench = session.bench;
  REQUIRE(bench.run_until_ready());
  CHECK(bench.call("SYS.CONFIG_UPDATE", {{"package", 0}, {"config", "movement_max_spd_x"}, {"value", 300}})
            .ok());
  CHECK(bench.call("SYS.WRITE_PIN", {{"pin", 8}, {"value", 1}, {"mode", 0}}).ok());
  for (const bool apart : {false, true}) {
    bool rested = false, awake = false;
    REQUIRE(bench.hypervisor.rest(
        {.refusal = {.status = Status::offline, .message = "The computer is being switched off."},
         .apart = apart},
        [&] { rested = true; }));
    REQUIRE(bench.run_until([&] { return rested; }));
    bench.call("SYS.WRITE_PIN", {{"pin", 10}, {"value", 1}, {"mode", 0}});
    bench.run_for(3s);
    bench.hypervisor.wake([&](const Outcome& outcome) { awake = outcome.has_value(); });
    REQUIRE(bench.run_until([&] { return awake; }, 1min));
  }
  CHECK(bench.call("SYS.FACTORY_RESET", {{"package", 0}}).ok());
  CHECK(bench.call("SYS.WRITE_PIN", {{"pin", 10}, {"value", 1}, {"mode", 0}}).ok());
  bench.run_for(10s);
  const auto replayed = replay(session.recorded());
  REQUIRE(replayed);
  INFO(report(*replayed));
  CHECK_FALSE(replayed->difference);
  CHECK(replayed->requests == 6);
}

TEST_CASE("a replay can begin at a snapshot in the middle") {
  SimulatedBoard board(garden());
  Session session(board, garden_parameters());
  auto& bench = session.bench;
  REQUIRE(bench.run_until_ready());
  CHECK(bench.call("SYS.FIND_HOME", {{"axis", 3}}).ok());
  CHECK(bench.call("SYS.MOVE_ABSOLUTE", {{"x", 20}, {"y", 10}, {"z", -4}}).ok());
  CHECK(bench.call("SYS.WRITE_PIN", {{"pin", 11}, {"value", 1}, {"mode", 0}}).ok());
  bench.run_for(3min);
  CHECK(bench.call("SYS.MOVE_RELATIVE", {{"x", 20}, {"y", 10}, {"z", 0}}).ok());
  CHECK(bench.call("SYS.WRITE_PIN", {{"pin", 11}, {"value", 0}, {"mode", 0}}).ok());
  const auto whole = session.recorded();
  REQUIRE(count(whole, " snapshot ") >= 3);
  const auto replayed = replay(from_snapshot_before(whole, "MOVE_RELATIVE"));
  REQUIRE(replayed);
  INFO(report(*replayed));
  CHECK_FALSE(replayed->difference);
  CHECK(replayed->requests == 2);
}

TEST_CASE("a replay can begin with a board that reports often, and is taken for dead soon") {
  auto options = garden();
  options.profile = firmware_sim::find_profile("farmduino_k14");
  REQUIRE(options.profile != nullptr);
  SimulatedBoard board(options);
  Session session(board, garden_parameters());
  auto& bench = session.bench;
  REQUIRE(bench.run_until_ready());
  bench.run_for(3min);
  CHECK(bench.call("SYS.MOVE_RELATIVE", {{"x", 20}, {"y", 10}, {"z", 0}}).ok());
  const auto replayed = replay(from_snapshot_before(session.recorded(), "MOVE_RELATIVE"));
  REQUIRE(replayed);
  INFO(report(*replayed));
  CHECK_FALSE(replayed->difference);
  CHECK(replayed->requests == 1);
}

TEST_CASE("requests that come in one go are replayed in one go") {
  SimulatedBoard board;
  Session session(board);
  auto& bench = session.bench;
  REQUIRE(bench.run_until_ready());
  // As from one reading of a socket: what the first has posted comes behind the last.
  std::vector<Call> calls;
  boost::asio::post(bench.io, [&] {
    calls.push_back(bench.start("SYS.MOVE_ABSOLUTE", {{"x", 5}, {"y", 0}, {"z", 0}}, {1, Channel{1}}));
    calls.push_back(bench.start("SYS.WRITE_PIN", {{"pin", 11}, {"value", 1}, {"mode", 0}}, {1, Channel{2}}));
    calls.push_back(bench.start("SYS.EMERGENCY_UNLOCK", Json::object(), {1, Channel{3}}));
    calls.push_back(bench.start("SYS.EMERGENCY_LOCK", Json::object(), {2, Channel{0}}));
    calls.push_back(bench.start("SYS.EMERGENCY_UNLOCK", Json::object(), {1, Channel{4}}));
  });
  bench.run_for(10s);
  for (const auto& call : calls) CHECK(call.answered());
  const auto replayed = replay(session.recorded());
  REQUIRE(replayed);
  INFO(report(*replayed));
  CHECK_FALSE(replayed->difference);
  CHECK(replayed->requests == 5);
}

TEST_CASE("a replay begins under the lock if the snapshot was taken under it") {
  SimulatedBoard board;
  Session session(board);
  auto& bench = session.bench;
  REQUIRE(bench.run_until_ready());
  CHECK(bench.call("SYS.EMERGENCY_LOCK").ok());
  bench.run_for(2min);
  CHECK(bench.call("SYS.HOME", {{"axis", 0}}).status() == Status::locked);
  CHECK(bench.call("SYS.EMERGENCY_UNLOCK").ok());
  const auto replayed = replay(from_snapshot_before(session.recorded(), "SYS.HOME"));
  REQUIRE(replayed);
  INFO(report(*replayed));
  CHECK_FALSE(replayed->difference);
  CHECK(replayed->requests == 2);
}

TEST_CASE("a replay shows where a hypervisor would have written something else") {
  SimulatedBoard board;
  Session session(board);
  auto& bench = session.bench;
  REQUIRE(bench.run_until_ready());
  CHECK(bench.call("SYS.MOVE_ABSOLUTE", {{"x", 5}, {"y", 0}, {"z", 0}}).ok());
  auto text = session.recorded();
  const auto at = text.find("> G00 X5.00");
  REQUIRE(at != text.npos);
  text.replace(at, 11, "> G00 X6.00");
  const auto replayed = replay(text);
  REQUIRE(replayed);
  REQUIRE(replayed->difference);
  CHECK(replayed->difference->recorded.find("G00 X6.00") != std::string::npos);
  CHECK(replayed->difference->replayed.find("G00 X5.00") != std::string::npos);
  CHECK(replayed->difference->line == count(text.substr(0, at), "\n") + 1);
}

TEST_CASE("a replay shows an outcome that would have been another one") {
  SimulatedBoard board;
  Session session(board);
  REQUIRE(session.bench.run_until_ready());
  CHECK(session.bench.call("SYS.READ_PIN", {{"pin", 70}, {"mode", 0}}).status() == Status::not_found);
  auto text = session.recorded();
  const auto at = text.find("not_found");
  REQUIRE(at != text.npos);
  text.replace(at, 9, "malformed");
  const auto replayed = replay(text);
  REQUIRE(replayed);
  REQUIRE(replayed->difference);
  CHECK(replayed->difference->recorded.find("malformed") != std::string::npos);
}

TEST_CASE("a recording that ends anywhere replays up to there") {
  SimulatedBoard board;
  Session session(board);
  REQUIRE(session.bench.run_until_ready());
  CHECK(session.bench.call("SYS.MOVE_ABSOLUTE", {{"x", 5}, {"y", 0}, {"z", 0}}).ok());
  const auto text = session.recorded();
  const auto start = text.find(" start ");
  for (auto end = text.find('\n', start); end != text.npos; end = text.find('\n', end + text.size() / 40)) {
    const auto replayed = replay(text.substr(0, end + 1));
    REQUIRE(replayed);
    INFO(report(*replayed));
    CHECK_FALSE(replayed->difference);
  }
}

TEST_CASE("behind a gap a replay goes on with the next snapshot") {
  SimulatedBoard board;
  Session session(board);
  REQUIRE(session.bench.run_until_ready());
  session.bench.run_for(3min);
  CHECK(session.bench.call("SYS.MOVE_ABSOLUTE", {{"x", 5}, {"y", 0}, {"z", 0}}).ok());
  auto text = session.recorded();
  const auto before_last = text.rfind('\n', text.rfind(" snapshot ", text.find("MOVE_ABSOLUTE"))) + 1;
  text.insert(before_last, std::format("{} dropped 3\n", 4000000000ll));
  const auto replayed = replay(text);
  REQUIRE(replayed);
  INFO(report(*replayed));
  CHECK_FALSE(replayed->difference);
  CHECK(replayed->gaps == 1);
  CHECK(replayed->requests == 1);
}

TEST_CASE("what has nothing to begin from says so") {
  CHECK(replay("").error().status == Status::malformed);
  CHECK(replay("hello\nworld\n").error().status == Status::malformed);
  const auto nothing = replay("12 > F83 Q1\\n\n");
  REQUIRE_FALSE(nothing);
  CHECK(nothing.error().message.find("snapshot") != std::string::npos);
}

TEST_CASE("questions that change nothing are not recorded") {
  SimulatedBoard board;
  Session session(board);
  REQUIRE(session.bench.run_until_ready());
  for (int i = 0; i < 100; ++i) session.bench.call("SYS.READ_STATUS");
  CHECK(session.recorded().find("READ_STATUS") == std::string::npos);
}

TEST_CASE("an export of the last minutes begins where a replay can") {
  SimulatedBoard board;
  Session session(board);
  REQUIRE(session.bench.run_until_ready());
  session.bench.run_for(10min);
  session.bench.call("SYS.MOVE_ABSOLUTE", {{"x", 5}, {"y", 0}, {"z", 0}});
  session.recorded();
  // Virtual time has gone ten minutes further than the wall clock.
  const auto text = merged(session.bench.folder.path() / "trace", 2min,
                           protocol::now_milliseconds() + std::chrono::milliseconds(10min).count());
  CHECK(parse_line(text.substr(0, text.find('\n')))->kind == Kind::segment);
  CHECK(count(text, " start ") == 0);
  const auto replayed = replay(text);
  REQUIRE(replayed);
  INFO(report(*replayed));
  CHECK_FALSE(replayed->difference);
  CHECK(replayed->requests == 1);
}

// ---- for people ----

TEST_CASE("a transcript joins what came in pieces, and says what it means") {
  Transcript transcript(false);
  CHECK(transcript.take("1000000 < R82 X0.0").empty());
  const auto shown = transcript.take("1000100 < 0 Y0.00 Z0.00 Q5\\r\\n");
  CHECK(shown.find("board    R82 X0.00 Y0.00 Z0.00 Q5") != std::string::npos);
  CHECK(transcript.take("1000200 > @").find("host     @") != std::string::npos);
  CHECK(transcript.take("1000300 >> E\\r\\n").find("STOP     E\n") != std::string::npos);
  CHECK(transcript.take("1000400 ring 12").empty());
  CHECK(Transcript(true).take("1000400 ring 12").find("ring") != std::string::npos);
  CHECK(transcript.take("nonsense").empty());
}

// ---- bundles ----

std::vector<std::filesystem::path> bundles(const Bench& bench) {
  std::vector<std::filesystem::path> found;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(bench.folder.path() / "faults", error), end;
       !error && entry != end; entry.increment(error))
    found.push_back(entry->path());
  return found;
}

TEST_CASE("a fault puts aside what a person needs, by itself") {
  ScriptedBoard board;
  board.answer = [](const std::string& line) -> std::optional<std::vector<std::string>> {
    if (!line.starts_with("G00")) return std::nullopt;
    return std::vector<std::string>{"R08 *" + line + "*", "R01 Q{Q}", "R03 V31 Q{Q}"};
  };
  Session session(board);
  auto& bench = session.bench;
  REQUIRE(bench.run_until_ready());
  CHECK(bench.call("SYS.MOVE_ABSOLUTE", {{"x", 50}, {"y", 0}, {"z", 0}}).status() == Status::hardware_fault);
  bench.run_for(5s);
  const auto made = bundles(bench);
  REQUIRE(made.size() == 1);
  CHECK(made[0].filename().string().ends_with("Z-stalled"));
  for (const auto* name : {"README.txt", "trace.trace", "log.txt", "parameters.json", "settings.json",
                           "status.json", "versions.json"}) {
    INFO(name);
    CHECK(std::filesystem::file_size(made[0] / name) > 0);
  }
  std::ifstream trace(made[0] / "trace.trace");
  const auto replayed = replay(std::string(std::istreambuf_iterator<char>(trace), {}));
  REQUIRE(replayed);
  INFO(report(*replayed));
  CHECK_FALSE(replayed->difference);
  CHECK(bench.logged("What happened is kept in"));
}

TEST_CASE("faults in a row make one bundle a minute") {
  ScriptedBoard board;
  board.answer = [](const std::string& line) -> std::optional<std::vector<std::string>> {
    if (!line.starts_with("G00")) return std::nullopt;
    return std::vector<std::string>{"R08 *" + line + "*", "R01 Q{Q}", "R03 V31 Q{Q}"};
  };
  Session session(board);
  auto& bench = session.bench;
  REQUIRE(bench.run_until_ready());
  for (int i = 0; i < 30; ++i) {
    bench.call("SYS.MOVE_RELATIVE", {{"x", 50}, {"y", 0}, {"z", 0}});
    bench.run_for(1s);
  }
  CHECK(bundles(bench).size() == 1);
}

TEST_CASE("a board that is lost makes a bundle, and one that is closed by request does not") {
  SimulatedBoard board;
  Session session(board);
  auto& bench = session.bench;
  REQUIRE(bench.run_until_ready());
  CHECK(bench.call("SYS.REBOOT", {{"package", 0}}).ok());
  bench.run_for(10s);
  CHECK(bundles(bench).empty());
  bench.unplug();
  bench.run_for(5s);
  const auto made = bundles(bench);
  REQUIRE(made.size() == 1);
  CHECK(made[0].filename().string().ends_with("-board_lost"));
}

TEST_CASE("there are never more bundles than their number") {
  Folder folder;
  for (std::size_t i = 0; i < max_bundles + 3; ++i)
    std::filesystem::create_directories(folder.path() / "faults" /
                                        std::format("2001-01-{:02}T00-00-00Z-old", i + 1));
  SimulatedBoard board;
  Bench bench(board, Json::object(), folder.path(), true);
  REQUIRE(bench.run_until_ready());
  bench.unplug();
  bench.run_for(5s);
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path() / "faults"))
    names.push_back(entry.path().filename().string());
  CHECK(names.size() == max_bundles);
  CHECK(std::ranges::find(names, "2001-01-01T00-00-00Z-old") == names.end());
}

}  // namespace
}  // namespace celeriac::hal::testing
