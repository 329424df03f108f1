#include "guest/abi/preview1/preview1.hpp"

#include <rapidcheck.h>

#include <catch2/catch_test_macros.hpp>
#include <map>

#include "guest/abi/preview1/call.hpp"
#include "protocol/payload.hpp"
#include "tests/guest/abi/mailbox.hpp"

using namespace celeriac;
using namespace celeriac::guest;
using namespace celeriac::guest::testing;
using preview1::Errno;
using protocol::Json;

namespace {

constexpr std::string_view wasi = "wasi_snapshot_preview1";

/// A drive of the kernel: files by path.
struct Drive {
  protocol::Reply serve(const FakeGuest::Asked& asked) {
    const auto& operation = *protocol::find_operation(asked.operation);
    const auto fields = protocol::Arguments::decode(operation, asked.payload).value().fields();
    log.push_back(asked.operation + " " + fields.dump());
    const auto path = fields.value("path", std::string());
    if (asked.operation == "FILE.OPEN") {
      const bool create = fields["flags"].dump().contains("create");
      if (path.contains("secret")) return refusal(protocol::Status::denied);
      if (!files.contains(path) && !create && !directories.contains(path))
        return refusal(protocol::Status::not_found);
      if (create) files[path];
      open.push_back(path);
      return {.value = static_cast<std::uint16_t>(open.size())};
    }
    if (asked.operation == "FILE.REMOVE" || asked.operation == "FILE.MAKE_DIRECTORY" ||
        asked.operation == "FILE.RENAME")
      return {};
    const auto& of = open.at(fields["file"].get<std::size_t>() - 1);
    std::string& bytes = files[of];
    const auto offset = fields.value("offset", std::size_t{0});
    if (asked.operation == "FILE.READ")
      return {.value = 1,
              .data = offset < bytes.size() ? bytes.substr(offset, fields["length"].get<std::size_t>()) : ""};
    if (asked.operation == "FILE.WRITE") {
      const auto& data = fields["data"].get_binary();
      const auto at = fields.value("append", false) ? bytes.size() : offset;
      if (bytes.size() < at + data.size()) bytes.resize(at + data.size());
      std::ranges::copy(data, bytes.begin() + static_cast<std::ptrdiff_t>(at));
      return {.value = static_cast<std::uint16_t>(data.size())};
    }
    if (asked.operation == "FILE.RESIZE") bytes.resize(fields["size"].get<std::size_t>());
    if (asked.operation == "FILE.STAT")
      return {.value = 1,
              .data = protocol::to_bson({{"kind", directories.contains(of) ? "directory" : "file"},
                                         {"size", bytes.size()},
                                         {"modified", 5}})};
    if (asked.operation == "FILE.LIST")
      return {.value = 1,
              .data = protocol::to_bson(
                  {{"entries",
                    {{{"name", "a.txt"}, {"kind", "file"}}, {{"name", "sub"}, {"kind", "directory"}}}}})};
    return {};
  }
  static protocol::Reply refusal(protocol::Status status) {
    const protocol::Error error{.status = status, .message = "No."};
    return {.status = static_cast<std::uint16_t>(status),
            .value = 1,
            .data = protocol::to_bson(error.document())};
  }

  std::map<std::string, std::string> files{{"/p:k/pkg/a.txt", "hello"}};
  std::map<std::string, bool> directories{{"/p:k/pkg", true}, {"/p:k/pkg/sub", true}};
  std::vector<std::string> open, log;
};

struct Program {
  Program() {
    ModuleShape module;
    module.exports = {{"", "_start", {}}};
    personality = make_command(module, "").value();
    guest.who.directories = {"/p:k/pkg"};
    guest.answer = [this](const FakeGuest::Asked& asked) { return drive.serve(asked); };
  }
  Errno call(std::string_view field, std::vector<Slot> arguments) {
    return static_cast<Errno>(call_import(*personality, guest, wasi, field, std::move(arguments)));
  }
  Errno open(std::string_view path, std::uint32_t& number, std::uint32_t flags = 0,
             std::uint64_t rights = 2) {
    const auto at = guest.put(path);
    const auto result = guest.allocate(4, 4);
    const auto outcome = call("path_open", {3, 0, at, path.size(), flags, rights, 0, 0, result});
    number = guest.load(result);
    return outcome;
  }
  Errno write(std::uint32_t number, std::string_view text) {
    const auto vector = guest.allocate(4, 8), result = guest.allocate(4, 4);
    guest.store(vector, guest.put(text));
    guest.store(vector + 4, static_cast<std::uint32_t>(text.size()));
    const auto outcome = call("fd_write", {number, vector, 1, result});
    if (outcome == Errno::success) CHECK(guest.load(result) == text.size());
    return outcome;
  }
  std::string read(std::uint32_t number, std::uint32_t length) {
    const auto vector = guest.allocate(4, 8), buffer = guest.allocate(1, length),
               result = guest.allocate(4, 4);
    guest.store(vector, buffer);
    guest.store(vector + 4, length);
    REQUIRE(call("fd_read", {number, vector, 1, result}) == Errno::success);
    return guest.text(buffer, guest.load(result));
  }
  std::uint64_t load64(std::uint32_t at) const {
    return guest.load(at) | std::uint64_t{guest.load(at + 4)} << 32;
  }

  FakeGuest guest;
  Drive drive;
  std::unique_ptr<Personality> personality;
};

}  // namespace

TEST_CASE("all functions of wasi_snapshot_preview1 are there, each once") {
  std::map<std::string_view, int> count;
  for (const auto& function : preview1_functions()) ++count[function.field];
  CHECK(count.size() == 46);
  CHECK(preview1_functions().size() == 46);
  for (const auto* name : {"args_get", "clock_time_get", "fd_write", "path_open", "poll_oneoff", "proc_exit",
                           "random_get", "sock_accept"})
    CHECK(count[name] == 1);
}

TEST_CASE("output goes to the log line by line, the rest of a line at the end") {
  Program program;
  CHECK(program.write(1, "one\ntw") == Errno::success);
  CHECK(program.write(1, "o\n") == Errno::success);
  CHECK(program.write(2, "oh") == Errno::success);
  CHECK(program.guest.lines == std::vector<std::string>{"1 one", "1 two"});
  program.guest.add_export("_start", {}, [](auto) { return std::vector<Slot>{}; });
  program.personality->run(program.guest);
  CHECK(program.guest.lines.back() == "2 oh");
}

TEST_CASE("the rest of a line is in the log when the guest traps, whatever its ABI") {
  Program program;
  program.guest.add_export("_start", {}, [&](auto) -> std::vector<Slot> {
    program.write(1, "its last words");
    throw Trap{"unreachable"};
  });
  CHECK_THROWS_AS(program.personality->run(program.guest), Trap);
  CHECK(program.guest.lines == std::vector<std::string>{"1 its last words"});
}

TEST_CASE("a line without end is cut") {
  Program program;
  CHECK(program.write(1, std::string(2 * max_output_line + 3, 'x')) == Errno::success);
  REQUIRE(program.guest.lines.size() == 2);
  CHECK(program.guest.lines[0].size() == max_output_line + 2);
}

TEST_CASE("a command runs once, and proc_exit ends it with its code") {
  Program program;
  program.guest.add_export("_start", {}, [&](auto) {
    program.write(1, "bye");
    program.call("proc_exit", {3});
    return std::vector<Slot>{};
  });
  int code = 0;
  try {
    program.personality->run(program.guest);
  } catch (const Ended& ended) {
    code = ended.code;
  }
  CHECK(code == 3);
  CHECK(program.guest.lines == std::vector<std::string>{"1 bye"});
  CHECK_FALSE(make_command(ModuleShape{}, ""));
}

TEST_CASE("arguments are the process's name and what it was given; there is no environment") {
  Program program;
  program.guest.who.arguments = {"--bed", "3"};
  CHECK(program.call("args_sizes_get", {0x100, 0x104}) == Errno::success);
  CHECK(program.guest.load(0x100) == 3);
  CHECK(program.guest.load(0x104) == 3 + 6 + 2);
  CHECK(program.call("args_get", {0x200, 0x300}) == Errno::success);
  CHECK(program.guest.text(program.guest.load(0x200), 3) == std::string("me\0", 3));
  CHECK(program.guest.text(program.guest.load(0x204), 6) == std::string("--bed\0", 6));
  CHECK(program.call("environ_sizes_get", {0x100, 0x104}) == Errno::success);
  CHECK(program.guest.load(0x100) == 0);
}

TEST_CASE("clocks tell time, and waiting lets it pass") {
  Program program;
  CHECK(program.call("clock_time_get", {0, 0, 0x100}) == Errno::success);
  CHECK(program.load64(0x100) > 1'700'000'000'000'000'000);
  CHECK(program.call("clock_time_get", {1, 0, 0x100}) == Errno::success);
  CHECK(program.call("clock_time_get", {9, 0, 0x100}) == Errno::inval);

  // Two clocks: the shorter one rings.
  std::ranges::fill(program.guest.bytes, std::uint8_t{0});
  for (const std::uint32_t i : {0u, 1u}) {
    program.guest.store(0x100 + i * 48, i + 7);
    program.guest.store(0x100 + i * 48 + 16, 1);
    program.guest.store(0x100 + i * 48 + 24, i == 0 ? 50'000'000 : 20'000'000);
  }
  CHECK(program.call("poll_oneoff", {0x100, 0x400, 2, 0x800}) == Errno::success);
  CHECK(program.guest.slept == std::chrono::milliseconds(20));
  CHECK(program.guest.load(0x800) == 1);
  CHECK(program.guest.load(0x400) == 8);
  CHECK(program.call("poll_oneoff", {0x100, 0x400, 0, 0x800}) == Errno::inval);
}

TEST_CASE("random numbers fill what they are to fill, and nothing else") {
  Program program;
  CHECK(program.call("random_get", {0x100, 32}) == Errno::success);
  CHECK(program.guest.text(0x100, 32) != std::string(32, '\xaa'));
  CHECK(program.guest.text(0x120, 4) == std::string(4, '\xaa'));
  CHECK(program.call("random_get", {0xffff'fff0, 32}) == Errno::fault);
}

TEST_CASE("files are read, written and sought in the directories that were given") {
  Program program;
  CHECK(program.call("fd_prestat_get", {3, 0x100}) == Errno::success);
  CHECK(program.guest.load(0x104) == 8);
  CHECK(program.call("fd_prestat_dir_name", {3, 0x200, 8}) == Errno::success);
  CHECK(program.guest.text(0x200, 8) == "/p:k/pkg");
  CHECK(program.call("fd_prestat_get", {4, 0x100}) == Errno::badf);

  std::uint32_t file = 0;
  REQUIRE(program.open("sub/../a.txt", file) == Errno::success);
  CHECK(program.drive.open.back() == "/p:k/pkg/a.txt");
  CHECK(program.read(file, 3) == "hel");
  CHECK(program.read(file, 100) == "lo");
  CHECK(program.read(file, 100).empty());
  CHECK(program.call("fd_seek", {file, static_cast<Slot>(-4), 2, 0x100}) == Errno::success);
  CHECK(program.load64(0x100) == 1);
  CHECK(program.read(file, 100) == "ello");
  CHECK(program.call("fd_seek", {file, static_cast<Slot>(-9), 2, 0x100}) == Errno::inval);
  CHECK(program.call("fd_filestat_get", {file, 0x200}) == Errno::success);
  CHECK(program.load64(0x220) == 5);
  CHECK(program.call("fd_filestat_set_size", {file, 2}) == Errno::success);
  CHECK(program.drive.files["/p:k/pkg/a.txt"] == "he");
  CHECK(program.call("fd_close", {file}) == Errno::success);
  CHECK(program.call("fd_close", {file}) == Errno::badf);

  REQUIRE(program.open("new", file, 1, 64) == Errno::success);
  const std::string large(150'000, 'x');
  program.guest.bytes.resize(4 * 65'536);
  CHECK(program.write(file, large) == Errno::success);
  CHECK(program.drive.files["/p:k/pkg/new"] == large);
}

TEST_CASE("a directory is listed, also into a small buffer") {
  Program program;
  std::string whole;
  for (Slot cookie = 0; cookie < 2; ++cookie) {
    CHECK(program.call("fd_readdir", {3, 0x400, 40, cookie, 0x100}) == Errno::success);
    whole += program.guest.text(0x400, program.guest.load(0x100)).substr(24, 5);
    whole += ' ';
  }
  CHECK(whole.starts_with("a.txt sub"));
  CHECK(program.call("fd_readdir", {3, 0x400, 40, 2, 0x100}) == Errno::success);
  CHECK(program.guest.load(0x100) == 0);
}

TEST_CASE("no path leaves its directory") {
  Program program;
  std::uint32_t file = 0;
  for (const auto* path : {"..", "../a", "sub/../../a", "/etc/passwd", "./.././x", "/"})
    CHECK(program.open(path, file) == Errno::notcapable);
  CHECK(program.open("a\xff", file) == Errno::ilseq);
  CHECK(program.open("", file) == Errno::noent);
  CHECK(program.open(std::string(5000, 'x'), file) == Errno::nametoolong);
  CHECK(program.open("secret", file) == Errno::acces);
  CHECK(program.open("missing", file) == Errno::noent);
  const auto dot = program.guest.put(".");
  CHECK(program.call("path_remove_directory", {3, dot, 1}) == Errno::perm);
  CHECK(program.call("path_symlink", {dot, 1, 3, dot, 1}) == Errno::notsup);
  const auto a = program.guest.put("a"), b = program.guest.put("../b");
  CHECK(program.call("path_rename", {3, a, 1, 3, b, 4}) == Errno::notcapable);
  CHECK(program.call("path_rename", {3, a, 1, 3, b + 3, 1}) == Errno::success);
  CHECK(program.drive.log.back().contains(R"("to":"/p:k/pkg/b")"));
  CHECK(program.call("path_unlink_file", {3, a, 1}) == Errno::success);
}

TEST_CASE("so many files are open at once, and no more") {
  Program program;
  std::uint32_t file = 0;
  for (std::size_t i = 4; i < max_descriptors; ++i) REQUIRE(program.open("a.txt", file) == Errno::success);
  CHECK(program.open("a.txt", file) == Errno::mfile);
  CHECK(program.call("fd_close", {5}) == Errno::success);
  CHECK(program.open("a.txt", file) == Errno::success);
  CHECK(file == 5);
}

TEST_CASE("no arguments of any function do more than fail") {
  Program program;
  rc::check([&] {
    const auto functions = preview1_functions();
    const auto& function = functions[*rc::gen::inRange<std::size_t>(0, functions.size())];
    std::vector<Slot> arguments;
    for (const auto type : function.type.parameters) {
      const auto wide = *rc::gen::arbitrary<std::uint64_t>();
      const auto small = *rc::gen::inRange<std::uint64_t>(0, 0x21000);
      const auto value = *rc::gen::element(wide, small, std::uint64_t{3}, std::uint64_t{0});
      arguments.push_back(type == wasm::NumberType::i32 ? value & 0xffff'ffff : value);
    }
    Slot result = 0;
    try {
      function.call(*program.personality, program.guest, arguments,
                    std::span(&result, function.type.results.size()));
    } catch (const Ended&) {
    }
    program.guest.asked.clear();
    program.drive.log.clear();
    RC_ASSERT(result < 77);
  });
}
