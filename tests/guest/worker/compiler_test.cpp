// Ahead-of-time code: the real compiler in its own process.

#include "vm/guests/compiler.hpp"

#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <format>
#include <fstream>
#include <map>
#include <tuple>

#include "fake_vm.hpp"
#include "modules.hpp"
#include "tests/wasm/wabt.hpp"

using namespace celeriac;
using namespace celeriac::testing;
using Catch::Matchers::ContainsSubstring;
using protocol::Status;
using vm::guests::GuestCompiler;
namespace fs = std::filesystem;

namespace {

class Compilers {
 public:
  explicit Compilers(vm::guests::CompilerOptions options = {}) {
    if (options.program.empty()) options.program = TEST_WORKER;
    options.directory = directory();
    fs::remove_all(options.directory);
    fs::create_directories(directory().parent_path());
    // As the VM's own is: nobody else can even walk into it.
    fs::permissions(directory().parent_path(), fs::perms::owner_all);
    compiler = std::make_unique<GuestCompiler>(
        io, disk, groups,
        [this](std::string_view name) -> protocol::Result<std::string> {
          const auto found = modules.find(std::string(name));
          if (found == modules.end()) return protocol::fail(Status::not_found, "There is no such module.");
          return found->second;
        },
        std::move(options));
  }
  ~Compilers() { fs::remove_all(directory().parent_path()); }

  static fs::path directory() {
    return fs::temp_directory_path() / std::format("celeriac-compiler-{}", ::getpid()) / "compiled";
  }
  void module(const std::string& name, const char* wat) {
    const auto bytes = wat2wasm(wat);
    modules[name] = {bytes.begin(), bytes.end()};
  }
  std::shared_ptr<std::optional<protocol::Result<void>>> need(const std::string& name,
                                                              const wasm::GuestLimits& limits = {}) {
    auto outcome = std::make_shared<std::optional<protocol::Result<void>>>();
    compiler->need(name, limits, [outcome](protocol::Result<void> result) { *outcome = std::move(result); });
    CHECK_FALSE(outcome->has_value());  // never within the call
    return outcome;
  }
  protocol::Result<void> result(const std::shared_ptr<std::optional<protocol::Result<void>>>& outcome) {
    const auto deadline = std::chrono::steady_clock::now() + 3 * patience;
    while (!outcome->has_value() && std::chrono::steady_clock::now() < deadline) {
      io.restart();
      io.run_one_for(std::chrono::milliseconds(20));
    }
    REQUIRE(outcome->has_value());
    return **outcome;
  }
  static std::size_t files() {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory()), {}));
  }

  boost::asio::io_context io;
  std::map<std::string, std::string> modules;
  vm::guests::ControlGroups groups;
  vm::Worker disk{io};
  std::unique_ptr<GuestCompiler> compiler;
};

/// Something to have in the compiler's place.
struct Program {
  explicit Program(const std::string& script)
      : path(fs::temp_directory_path() / std::format("celeriac-program-{}-{}", ::getpid(), ++count)) {
    std::ofstream(path) << "#!/bin/sh\n" << script << '\n';
    fs::permissions(path, fs::perms::owner_all);
  }
  ~Program() { fs::remove(path); }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  fs::path path;
  static inline int count = 0;
};

}  // namespace

TEST_CASE("a module is compiled once, for all who start it meanwhile and later, and runs in a worker") {
  Compilers compilers;
  compilers.module("blocks", modules::blocks);
  const auto first = compilers.need("blocks"), second = compilers.need("blocks");
  CHECK(compilers.result(first));
  CHECK(compilers.result(second));
  CHECK(compilers.compiler->compilations() == 1);
  CHECK(compilers.result(compilers.need("blocks")));
  CHECK(compilers.compiler->compilations() == 1);
  CHECK(compilers.files() == 1);

  FakeVm vm({.ahead_of_time = true, .compiled = compilers.compiler->directory()});
  vm.module("blocks", modules::blocks);
  const auto started = vm.start(1, "blocks");
  CHECK(started.ok());
  CHECK(vm.kill(1).ok());

  // With other limits it is other code.
  CHECK(compilers.result(compilers.need("blocks", {.depth = 100})));
  CHECK(compilers.compiler->compilations() == 2);
  CHECK(compilers.files() == 2);
}

TEST_CASE("what cannot be compiled is refused with a sentence, and the next one is compiled") {
  Compilers compilers;
  compilers.modules["garbage"] = "this is no module";
  compilers.module("returns", modules::returns);
  const auto bad = compilers.need("garbage"), missing = compilers.need("missing"),
             good = compilers.need("returns");
  const auto refused = compilers.result(bad);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().status == Status::invalid_code);
  CHECK_THAT(refused.error().message, ContainsSubstring("cannot be compiled ahead of time: ") &&
                                          !ContainsSubstring("error:") && !ContainsSubstring("\n"));
  const auto not_there = compilers.result(missing);
  REQUIRE_FALSE(not_there);
  CHECK(not_there.error().status == Status::not_found);
  CHECK(compilers.result(good));
  CHECK(compilers.files() == 1);
  // It is the same module the next time: no compiler is asked again.
  const auto tried = compilers.compiler->compilations();
  const auto again = compilers.result(compilers.need("garbage"));
  REQUIRE_FALSE(again);
  CHECK(again.error().message == refused.error().message);
  CHECK(compilers.compiler->compilations() == tried);
}

TEST_CASE("a compilation that takes too long is given up") {
  const Program sleeps("exec /bin/sleep 1000");
  Compilers compilers({.program = sleeps.path, .patience = std::chrono::milliseconds(100)});
  compilers.module("returns", modules::returns);
  const auto given_up = compilers.result(compilers.need("returns"));
  REQUIRE_FALSE(given_up);
  CHECK(given_up.error().status == Status::timeout);
  CHECK_THAT(given_up.error().message, ContainsSubstring("takes longer"));
  CHECK_FALSE(compilers.result(compilers.need("returns")));
  CHECK(compilers.compiler->compilations() == 1);
}

TEST_CASE("a compiler that dies is an error of the start, and so is one that says why it ended") {
  const Program dies("kill -KILL $$"), complains("echo 'error: The disk is full.' >&2; exit 1");
  for (const auto& [program, status, words] :
       {std::tuple{&dies, Status::out_of_resources, "killed by signal 9"},
        std::tuple{&complains, Status::failed, "ahead of time: The disk is full."}}) {
    Compilers compilers({.program = program->path});
    compilers.module("returns", modules::returns);
    const auto failed = compilers.result(compilers.need("returns"));
    REQUIRE_FALSE(failed);
    CHECK(failed.error().status == status);
    CHECK_THAT(failed.error().message, ContainsSubstring(words));
  }
}

TEST_CASE("a compiler that is not there is an error of the start") {
  Compilers compilers({.program = "/nowhere/celeriac-guest"});
  compilers.module("returns", modules::returns);
  const auto failed = compilers.result(compilers.need("returns"));
  REQUIRE_FALSE(failed);
  CHECK_THAT(failed.error().message, ContainsSubstring("/nowhere/celeriac-guest: No such file"));
}

TEST_CASE(
    "compiled files take so much room together: those used longest ago go, and what was never finished") {
  Compilers compilers({.most_bytes = 1'000'000});
  compilers.module("returns", modules::returns);
  fs::create_directories(Compilers::directory());
  const auto old = Compilers::directory() / "old.wasm", older = Compilers::directory() / "older.wasm";
  for (const auto& [path, age, bytes] : {std::tuple{old, 1, 10U}, std::tuple{older, 2, 1'000'000U}}) {
    std::ofstream(path) << std::string(bytes, 'x');
    fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(age));
  }
  std::ofstream(Compilers::directory() / "a.wasm.17.new") << "half";
  CHECK(compilers.result(compilers.need("returns")));
  CHECK(fs::exists(old));
  CHECK_FALSE(fs::exists(older));
  CHECK(compilers.files() == 2);
}

TEST_CASE("so many starts wait for compilations, and one more is refused") {
  Compilers compilers;
  compilers.module("returns", modules::returns);
  std::size_t done = 0;
  const auto count = [&](const protocol::Result<void>& result) {
    if (result) ++done;
  };
  for (std::size_t i = 0; i < vm::guests::max_compiler_waiters; ++i)
    compilers.compiler->need("returns", {}, count);
  const auto same = compilers.need("returns"), other = compilers.need("returns", {.depth = 7});
  for (const auto& late : {same, other}) {
    const auto refused = compilers.result(late);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().status == Status::overloaded);
  }
  while (done < vm::guests::max_compiler_waiters) {
    compilers.io.restart();
    REQUIRE(compilers.io.run_one_for(patience) == 1);
  }
  CHECK(compilers.compiler->compilations() == 1);
}
