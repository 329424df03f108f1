// Programs of others: run, stopped, and asked for pictures.

#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>

#include "bench.hpp"
#include "hal/camera/auto_camera.hpp"
#include "hal/camera/command_camera.hpp"
#include "hal/camera/jpeg.hpp"
#include "hal/camera/photo_hook.hpp"
#include "hal/programs/program_run.hpp"
#include "hal/programs/words.hpp"
#include "virtual_time.hpp"

namespace celeriac::hal::testing {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using namespace camera;
using namespace programs;
using namespace std::chrono_literals;
using protocol::Result;
using protocol::Status;

/// Scripts that are programs, and a loop that runs until something has happened.
struct Workshop {
  asio::io_context io{1};
  VirtualTimers timers{io};
  Folder folder;

  std::string script(const std::string& name, const std::string& text) const {
    const auto path = folder.path() / name;
    std::ofstream(path) << "#!/bin/sh\n" << text << "\n";
    fs::permissions(path, fs::perms::owner_all);
    return path.string();
  }
  std::string file(const std::string& name, std::string_view bytes) const {
    std::ofstream(folder.path() / name, std::ios::binary) << bytes;
    return (folder.path() / name).string();
  }
  std::string picture_file() const { return file("picture", encode_jpeg(Canvas(32, 16, {1, 2, 3}))); }
  [[nodiscard]] std::string read(const std::string& name) const {
    std::ifstream file(folder.path() / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  bool until(const std::function<bool()>& done) {
    const auto end = Clock::now() + 30s;
    while (!done() && Clock::now() < end) {
      io.restart();
      io.run_one_for(20ms);
    }
    return done();
  }
  /// Lets virtual time pass.
  void pass(Duration time) {
    timers.advance(timers.now() + time);
    io.restart();
    io.poll();
  }

  Result<std::string> run(std::vector<std::string> words, RunLimits limits = {10s, 100'000}) {
    std::optional<Result<std::string>> output;
    auto run = ProgramRun::start(io, timers, std::move(words), limits,
                                 [&](Result<std::string> end) { output = std::move(end); });
    if (!run) return std::unexpected(run.error());
    CHECK_FALSE(output);  // never from inside the call
    REQUIRE(until([&] { return output.has_value(); }));
    return *output;
  }

  CameraParts parts(CameraOptions options = {}) {
    options.scratch = folder.path();
    return {.io = io,
            .timers = timers,
            .background =
                [this](auto job, auto done) {
                  job();
                  asio::post(io, std::move(done));
                },
            .options = options};
  }
  Result<Picture> shoot(Camera& camera) {
    std::optional<Result<Picture>> taken;
    camera.take([&](Result<Picture> picture) { taken = std::move(picture); });
    CHECK_FALSE(taken);
    REQUIRE(until([&] { return taken.has_value(); }));
    return *taken;
  }
};

/// No device at all.
class NoVideo final : public VideoSystem {
 public:
  std::expected<std::unique_ptr<VideoDevice>, int> open(const fs::path&) override {
    return std::unexpected(ENOENT);
  }
  std::vector<fs::path> devices() override { return {}; }
};

}  // namespace

TEST_CASE("programs: words are separated by blanks, and quotes keep them together") {
  CHECK(*split_words("  a --b=c  \"two words\"x \"a \\\" quote\" \"\"") ==
        std::vector<std::string>{"a", "--b=c", "two wordsx", "a \" quote", ""});
  CHECK(*split_words("$HOME `ls` | cat") == std::vector<std::string>{"$HOME", "`ls`", "|", "cat"});
  for (const auto* bad : {"", "   ", "a \"b", "\"\" a"})
    CHECK(split_words(bad).error().status == Status::malformed);
  std::string many = "a";
  for (std::size_t i = 0; i < max_words; ++i) many += " a";
  CHECK(split_words(many).error().message == "A command has at most 100 words.");
}

TEST_CASE("programs: the output of one that ends well is the result") {
  Workshop shop;
  CHECK(*shop.run({"/bin/sh", "-c", "echo one; echo two >&2; echo three"}) == "one\nthree\n");
  CHECK(*shop.run({"/bin/sh", "-c", "cat; echo $0 \"$@\"", "name", "a b", "*"}) == "name a b *\n");
  CHECK(*shop.run({"true"}) == "");  // found on the PATH
}

TEST_CASE("programs: one that fails is told with its last words") {
  Workshop shop;
  const auto failed = shop.run({"/bin/sh", "-c", "echo first >&2; echo 'no camera' >&2; echo; exit 3"});
  CHECK(failed.error().status == Status::failed);
  CHECK(failed.error().message == "/bin/sh ended with status 3: no camera.");
  CHECK(shop.run({"/bin/sh", "-c", "kill -9 $$"}).error().message ==
        "/bin/sh was killed by signal 9 (Killed).");
  const auto loud =
      shop.run({"/bin/sh", "-c", "i=0; while [ $i -lt 3000 ]; do echo $i >&2; i=$((i+1)); done; exit 1"});
  CHECK(loud.error().message == "/bin/sh ended with status 1: 2999.");
}

TEST_CASE("programs: one that is not there, or is none, cannot be started") {
  Workshop shop;
  CHECK(shop.run({"/nowhere/program"}).error().message ==
        "/nowhere/program cannot be started: No such file or directory. Is it installed?");
  CHECK(shop.run({shop.file("plain", "text")}).error().status == Status::not_found);
}

TEST_CASE("programs: too much output ends one") {
  Workshop shop;
  const auto endless = shop.run({"/bin/sh", "-c", "while :; do echo xxxxxxxxxxxxxxxx; done"}, {10s, 5'000});
  CHECK(endless.error().status == Status::out_of_resources);
  CHECK(endless.error().message == "/bin/sh wrote more than 5000 bytes.");
  CHECK(shop.run({"/bin/sh", "-c", "printf 12345"}, {10s, 5})->size() == 5);
}

TEST_CASE("programs: one whose time is up is killed, with all that it has started") {
  Workshop shop;
  const auto pids = (shop.folder.path() / "pids").string();
  std::optional<Result<std::string>> output;
  const auto run = ProgramRun::start(
      shop.io, shop.timers,
      {"/bin/sh", "-c",
       "sleep 1000 & echo $! $$ >" + pids + ".part; mv " + pids + ".part " + pids + "; wait"},
      {2500ms, 100}, [&](Result<std::string> end) { output = std::move(end); });
  REQUIRE(run);
  REQUIRE(shop.until([&] { return fs::exists(pids); }));
  shop.pass(2499ms);
  CHECK_FALSE(output);
  shop.pass(1ms);
  REQUIRE(shop.until([&] { return output.has_value(); }));
  CHECK(output->error().status == Status::timeout);
  CHECK(output->error().message == "/bin/sh did not end within 2.5 s.");
  int child = 0;
  std::ifstream(pids) >> child;
  // Its parent is gone, so init reaps it: soon it is not there any more, or a zombie.
  CHECK(shop.until([&] {
    std::ifstream stat("/proc/" + std::to_string(child) + "/stat");
    std::string number, name, state;
    return !(stat >> number >> name >> state) || state == "Z" || state == "X";
  }));
}

TEST_CASE("programs: one that is let go of is killed, and nobody is called") {
  Workshop shop;
  const auto mark = (shop.folder.path() / "mark").string();
  bool called = false;
  auto run = ProgramRun::start(shop.io, shop.timers, {"/bin/sh", "-c", "touch " + mark + "; sleep 1000"},
                               {10s, 100}, [&](const Result<std::string>&) { called = true; });
  REQUIRE(run);
  REQUIRE(shop.until([&] { return fs::exists(mark); }));
  run->reset();
  shop.io.restart();
  shop.io.run_for(30s);  // ends when the process is reaped
  CHECK(shop.io.stopped());
  CHECK_FALSE(called);
}

TEST_CASE("programs: whoever reads along hears both streams while it runs") {
  Workshop shop;
  std::string output, error;
  std::optional<ChildEnd> end;
  const auto child = Child::start(
      shop.io, shop.timers, {"/bin/sh", "-c", "echo out; echo err >&2; sleep 1000"}, 10s,
      {.wrote = [&](Stream stream,
                    std::string_view piece) { (stream == Stream::output ? output : error) += piece; },
       .ended = [&](const ChildEnd& ended) { end = ended; }});
  REQUIRE(child);
  REQUIRE(shop.until([&] { return output == "out\n" && error == "err\n"; }));
  CHECK_FALSE(end);
  (*child)->kill();
  REQUIRE(shop.until([&] { return end.has_value(); }));
  CHECK_FALSE(end->good);
  CHECK_FALSE(end->timed_out);
  CHECK(end->fate == "was killed by signal 9 (Killed)");
}

TEST_CASE("programs: their words are in a language that can be read") {
  Workshop shop;
  ::setenv("LC_MESSAGES", "de_DE.UTF-8", 1);
  const auto locale = shop.run({"/bin/sh", "-c", "echo $LC_ALL,$LC_MESSAGES"});
  ::unsetenv("LC_MESSAGES");
  CHECK(*locale == "C.UTF-8,\n");
}

TEST_CASE("programs: none of our descriptors is passed on") {
  Workshop shop;
  // The shell lists its own: the directory that `ls` reads is one more.
  const auto open = shop.run({"ls", "/proc/self/fd"});
  REQUIRE(open);
  CHECK(*open == "0\n1\n2\n3\n");
}

TEST_CASE("camera command: a program writes the picture to its output, in the size that is asked for") {
  Workshop shop;
  const auto picture = shop.picture_file();
  const auto program =
      shop.script("shoot", "echo \"$@\" >" + shop.folder.path().string() + "/words; cat " + picture);
  CommandCamera camera(shop.parts({.width = 1640, .height = 1232, .rotation = 90}),
                       {program, "--size={width}x{height}", "--literal", "{other}"});
  const auto taken = shop.shoot(camera);
  REQUIRE(taken);
  CHECK(taken->jpeg == shop.read("picture"));
  CHECK(taken->width == 32);
  CHECK(taken->height == 16);
  CHECK_FALSE(taken->turned);
  CHECK(shop.read("words") == "--size=1640x1232 --literal {other}\n");
}

TEST_CASE("camera command: a program writes the picture to a file, and turns it itself") {
  Workshop shop;
  const auto picture = shop.picture_file();
  const auto program = shop.script("shoot", "[ \"$1\" = 270 ] && cp " + picture + " \"$2\"");
  CommandCamera camera(shop.parts({.rotation = 270}), {program, "{rotation}", "{output}"});
  const auto taken = shop.shoot(camera);
  REQUIRE(taken);
  CHECK(taken->turned);
  CHECK(taken->jpeg == shop.read("picture"));
  CHECK_FALSE(fs::exists(shop.folder.path() / "being-taken.jpg"));
}

TEST_CASE("camera command: what goes wrong is told with the program's name") {
  Workshop shop;
  const auto fails = [&](std::vector<std::string> words) {
    CommandCamera camera(shop.parts(), std::move(words));
    const auto taken = shop.shoot(camera);
    REQUIRE_FALSE(taken);
    return taken.error();
  };
  const auto broken = fails({shop.script("broken", "echo 'lens cap' >&2; exit 1")});
  CHECK(broken.status == Status::hardware_fault);
  CHECK(broken.message.ends_with("/broken ended with status 1: lens cap."));
  const auto text = fails({"echo", "hello"});
  CHECK(text.status == Status::hardware_fault);
  CHECK(text.message == "echo: What the camera gave is no JPEG picture: it does not begin like one.");
  CHECK(fails({"true"}).message.ends_with("it is empty."));
  CHECK(fails({"/nowhere/rpicam-still"}).status == Status::offline);
  CHECK(fails({"true", "{output}"}).message.contains("true ended well, but wrote no "));
}

TEST_CASE("camera command: one that hangs is killed, and can be given up") {
  Workshop shop;
  CommandCamera camera(shop.parts(), {"sleep", "1000"});
  std::optional<Result<Picture>> taken;
  camera.take([&](Result<Picture> picture) { taken = std::move(picture); });
  shop.pass(command_patience);
  REQUIRE(shop.until([&] { return taken.has_value(); }));
  CHECK(taken->error().message == "sleep did not end within 12 s.");
  taken.reset();
  camera.take([&](Result<Picture> picture) { taken = std::move(picture); });
  camera.give_up();
  shop.io.restart();
  shop.io.run_for(30s);
  CHECK_FALSE(taken);
}

TEST_CASE("camera auto: the Pi's own camera is taken where one is listed") {
  CHECK(lists_camera("Available cameras\n-----------------\n0 : imx219 [3280x2464 10-bit RGGB] (/base)\n"));
  CHECK_FALSE(lists_camera("No cameras available!\n"));
  CHECK_FALSE(lists_camera(""));
  Workshop shop;
  NoVideo video;
  const auto picture = shop.picture_file();
  const auto rpicam = shop.script("rpicam",
                                  "[ \"$1\" = --list-cameras ] && { echo '0 : imx219 [x]'; exit 0; }\n"
                                  "echo \"$@\" >" +
                                      shop.folder.path().string() + "/words; cat " + picture);
  AutoCamera camera(shop.parts({.width = 800, .height = 600}), video, rpicam);
  for (int i = 0; i < 2; ++i) {
    const auto taken = shop.shoot(camera);
    REQUIRE(taken);
    CHECK(taken->width == 32);
  }
  CHECK(shop.read("words") ==
        "--nopreview --timeout 1000 --encoding jpg --thumb none --verbose 0 --width 800 "
        "--height 600 --output -\n");
}

TEST_CASE("camera auto: without any camera it says where it has looked, and looks again") {
  Workshop shop;
  NoVideo video;
  AutoCamera camera(shop.parts(), video, shop.script("rpicam", "echo 'No cameras available!'"));
  for (int i = 0; i < 2; ++i) {
    const auto none = shop.shoot(camera);
    CHECK(none.error().status == Status::offline);
    CHECK(none.error().message.starts_with("No camera was found"));
  }
  AutoCamera without_program(shop.parts(), video, "/nowhere/rpicam-still");
  CHECK(shop.shoot(without_program).error().status == Status::offline);
  bool called = false;
  camera.take([&](const Result<Picture>&) { called = true; });
  camera.give_up();
  shop.io.restart();
  shop.io.run_for(30s);
  CHECK_FALSE(called);
}

TEST_CASE("photo hook: it hears of each photo, one after the other") {
  Workshop shop;
  const auto heard = shop.folder.path().string() + "/heard";
  std::vector<std::string> complaints;
  PhotoHook hook(shop.io, shop.timers, {shop.script("hook", "echo \"$1 $2\" >>" + heard), "upload"},
                 [&](std::string why) { complaints.push_back(std::move(why)); });
  for (const auto* path : {"/a 1.jpg", "/b.jpg", "/c.jpg"}) hook.photo(path);
  const std::string all = "upload /a 1.jpg\nupload /b.jpg\nupload /c.jpg\n";
  CHECK(shop.until([&] { return shop.read("heard") == all; }));
  CHECK(complaints.empty());
}

TEST_CASE("photo hook: of too many photos it does not hear, and failures are for the log") {
  Workshop shop;
  std::vector<std::string> complaints;
  const auto complain = [&](std::string why) { complaints.push_back(std::move(why)); };
  {
    PhotoHook slow(shop.io, shop.timers, {"sleep", "1000"}, complain);
    for (std::size_t i = 0; i < max_hook_queue + 1; ++i) slow.photo("/a.jpg");
    CHECK(complaints.empty());
    slow.photo("/b.jpg");
    REQUIRE(complaints.size() == 1);
    CHECK(complaints[0] == "16 photos wait for sleep already: it does not hear of /b.jpg.");
    shop.pass(hook_patience);
    REQUIRE(shop.until([&] { return complaints.size() == 2; }));
    CHECK(complaints[1].contains("sleep did not end within 60 s."));
  }
  PhotoHook absent(shop.io, shop.timers, {"/nowhere/hook"}, complain);
  absent.photo("/a.jpg");
  CHECK(complaints.back() ==
        "The photo hook: /nowhere/hook cannot be started: No such file or directory. Is it installed?");
}

}  // namespace celeriac::hal::testing
