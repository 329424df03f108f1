// Drives on disk: what is in them, how full they may be, and that nothing leads out of them.

#include <sys/stat.h>

#include "tests/vm/files/drive_directory.hpp"

using namespace celeriac::vm;
using namespace celeriac::vm::testing;
using celeriac::protocol::Status;

namespace {

struct Bench {
  DriveDirectory directory;
  Drives drives;
  explicit Bench(DriveLimits limits = {}) : drives(directory.root(), limits) { REQUIRE(drives.make(at())); }

  FileId file(std::string_view rest, OpenFlags flags = making) {
    return drives.open(at(rest), flags).value();
  }
  void write(std::string_view rest, std::string_view bytes) {
    const auto id = file(rest);
    REQUIRE(drives.write(id, 0, bytes));
    drives.close(id);
  }
  Status refusal(std::string_view rest, OpenFlags flags) {
    return drives.open(at(rest), flags).error().status;
  }
  std::uint64_t used() { return drives.used(at()).value(); }
};

}  // namespace

TEST_CASE("bytes that have been written are read again, also by somebody who opens the file later") {
  Bench bench;
  const auto id = bench.file("soil.csv");
  REQUIRE(bench.drives.write(id, 0, "wet"));
  REQUIRE(bench.drives.append(id, ",dry"));
  CHECK(bench.drives.read(id, 0, 100).value() == "wet,dry");
  CHECK(bench.drives.read(id, 4, 2).value() == "dr");
  CHECK(bench.drives.read(id, 100, 2).value().empty());
  REQUIRE(bench.drives.resize(id, 3));
  CHECK(bench.drives.stat(id)->size == 3);
  bench.drives.close(id);
  CHECK(bench.drives.read(id, 0, 1).error().status == Status::not_found);
  CHECK(bench.drives.read(bench.file("soil.csv", reading), 0, 100).value() == "wet");
}

TEST_CASE("a file is made, found, refused or emptied, as the flags say") {
  Bench bench;
  CHECK(bench.refusal("a", reading) == Status::not_found);
  bench.write("a", "x");
  CHECK(bench.refusal("a", {.write = true, .create = true, .exclusive = true}) == Status::wrong_state);
  const auto emptied = bench.file("a", {.read = true, .write = true, .truncate = true});
  CHECK(bench.drives.stat(emptied)->size == 0);
  CHECK(bench.refusal("a", {.read = true, .directory = true}) == Status::wrong_state);
  CHECK(bench.refusal("", writing) == Status::wrong_state);
  CHECK(bench.refusal("nowhere/a", making) == Status::not_found);
  CHECK(bench.drives.open(at("", "other"), making).error().status == Status::not_found);
}

TEST_CASE("a file is only used for what it was opened for") {
  Bench bench;
  bench.write("a", "x");
  CHECK(bench.drives.write(bench.file("a", reading), 0, "y").error().status == Status::denied);
  CHECK(bench.drives.resize(bench.file("a", reading), 0).error().status == Status::denied);
  CHECK(bench.drives.read(bench.file("a", writing), 0, 1).error().status == Status::denied);
}

TEST_CASE("directories are made, listed, renamed and removed when they are empty") {
  Bench bench;
  REQUIRE(bench.drives.make_directory(at("b")));
  CHECK(bench.drives.make_directory(at("b")).error().status == Status::wrong_state);
  bench.write("b/x", "12");
  bench.write("a", "");
  const auto list = bench.drives.list(bench.file("", {.read = true, .directory = true})).value();
  REQUIRE(list.size() == 2);
  CHECK(list[0].name == "a");
  CHECK(list[1].kind == FileKind::directory);
  CHECK(bench.drives.remove(at("b")).error().status == Status::wrong_state);
  REQUIRE(bench.drives.rename(at("b"), at("c")));
  CHECK(bench.drives.rename(at("c"), at("c/d")).error().status == Status::wrong_state);
  REQUIRE(bench.drives.remove(at("c/x")));
  REQUIRE(bench.drives.remove(at("c")));
  CHECK(bench.drives.remove(at("c")).error().status == Status::not_found);
  CHECK(bench.drives.remove(at()).error().status == Status::denied);
  CHECK(bench.drives.rename(at("a"), at("a", "other")).error().status == Status::denied);
}

TEST_CASE("no link leads out of a drive, nor is any followed within it, whoever has put it there") {
  Bench bench;
  const auto outside = bench.directory.root().parent_path();
  std::ofstream(outside / "secret") << "secret";
  std::filesystem::create_symlink(outside, bench.directory.drive() / "out");
  std::filesystem::create_symlink(outside / "secret", bench.directory.drive() / "file");
  std::filesystem::create_symlink("real", bench.directory.drive() / "inside");
  bench.write("real", "x");
  for (const char* path : {"out/secret", "file", "inside"}) {
    CHECK(bench.refusal(path, reading) == Status::denied);
    CHECK(bench.refusal(path, making) == Status::denied);
  }
  CHECK_FALSE(bench.drives.make_directory(at("out/made")));
  CHECK_FALSE(bench.drives.remove(at("out/secret")));
  CHECK_FALSE(bench.drives.rename(at("real"), at("out/real")));
  REQUIRE(bench.drives.remove(at("file")));  // the link itself
  CHECK(std::filesystem::exists(outside / "secret"));
  CHECK(bench.drives.list(bench.file("", {.read = true, .directory = true}))->size() ==
        1);  // links are not told of
}

TEST_CASE("what is no file and no directory is not opened, and nobody waits for it") {
  Bench bench;
  REQUIRE(::mkfifo((bench.directory.drive() / "pipe").c_str(), 0600) == 0);
  CHECK(bench.refusal("pipe", reading) == Status::denied);
}

TEST_CASE("a drive holds so many bytes, holes counted as well, and takes more when there is less") {
  Bench bench({.bytes = 1000, .entries = 10});
  const auto a = bench.file("a"), b = bench.file("b");
  REQUIRE(bench.drives.write(a, 0, std::string(600, 'x')));
  CHECK(bench.drives.write(b, 0, std::string(401, 'x')).error().status == Status::out_of_resources);
  CHECK(bench.drives.write(b, 400, "x").error().status == Status::out_of_resources);
  CHECK(bench.drives.write(b, ~std::uint64_t{0}, "x").error().status == Status::out_of_resources);
  CHECK(bench.drives.resize(b, 401).error().status == Status::out_of_resources);
  REQUIRE(bench.drives.write(b, 399, "x"));
  CHECK(bench.used() == 1000);
  REQUIRE(bench.drives.write(a, 0, std::string(600, 'y')));  // what is there already takes no more
  REQUIRE(bench.drives.resize(a, 100));
  CHECK(bench.used() == 500);
  REQUIRE(bench.drives.append(b, std::string(500, 'x')));
  bench.drives.close(bench.file("b", {.write = true, .truncate = true}));
  CHECK(bench.used() == 100);
}

TEST_CASE("a file that is removed while it is open takes room until it is closed") {
  Bench bench({.bytes = 1000, .entries = 10});
  const auto a = bench.file("a");
  REQUIRE(bench.drives.write(a, 0, std::string(900, 'x')));
  REQUIRE(bench.drives.remove(at("a")));
  CHECK(bench.used() == 900);
  CHECK(bench.drives.write(bench.file("z"), 0, std::string(200, 'x')).error().status ==
        Status::out_of_resources);
  bench.drives.close(a);
  CHECK(bench.used() == 0);
  bench.write("b", std::string(900, 'x'));
  const auto b = bench.file("b", reading);
  bench.write("c", "x");
  REQUIRE(bench.drives.rename(at("c"), at("b")));  // replaced while it is open: the same
  CHECK(bench.used() == 901);
  bench.drives.close(b);
  CHECK(bench.used() == 1);
}

TEST_CASE("a drive holds so many files and directories") {
  Bench bench({.bytes = 1000, .entries = 3});
  bench.write("a", "");
  bench.write("b", "");
  REQUIRE(bench.drives.make_directory(at("c")));
  CHECK(bench.refusal("d", making) == Status::out_of_resources);
  CHECK(bench.drives.make_directory(at("d")).error().status == Status::out_of_resources);
  bench.write("a", "again");
  REQUIRE(bench.drives.rename(at("a"), at("b")));
  bench.write("d", "");
}

TEST_CASE("how full a drive is, is known after a restart") {
  DriveDirectory directory;
  {
    Drives drives(directory.root(), {.bytes = 1000});
    REQUIRE(drives.make(at()));
    REQUIRE(drives.write(drives.open(at("a"), making).value(), 0, std::string(700, 'x')));
  }
  Drives drives(directory.root(), {.bytes = 1000});
  CHECK(drives.used(at()).value() == 700);
  CHECK_FALSE(drives.append(drives.open(at("a"), making).value(), std::string(301, 'x')));
}

TEST_CASE("a package has so many drives") {
  Bench bench;
  for (std::size_t i = 1; i < max_drives; ++i) REQUIRE(bench.drives.make(at("", std::format("d{}", i))));
  CHECK(bench.drives.make(at("", "more")).error().status == Status::out_of_resources);
  CHECK(bench.drives.make(at("", "d1")));
}

TEST_CASE("a drive is filled as a whole, in place of what was there, and what was open in it is closed") {
  Bench bench;
  bench.write("old", "x");
  const auto open = bench.file("old", reading);
  REQUIRE(bench.drives.fill(at(), {{"new", "1"}, {"deep/er/file", "2"}}));
  CHECK(bench.refusal("old", reading) == Status::not_found);
  CHECK(bench.drives.read(open, 0, 1).error().status == Status::not_found);
  CHECK(bench.drives.read(bench.file("deep/er/file", reading), 0, 9).value() == "2");
  CHECK(bench.used() == 2);
  CHECK_FALSE(bench.drives.fill(at(), {{"../out", "x"}}));
  CHECK(bench.drives.read(bench.file("new", reading), 0, 9).value() == "1");
}

TEST_CASE("the drives of a package go with it") {
  Bench bench;
  bench.write("a", "x");
  const auto open = bench.file("a", reading);
  REQUIRE(bench.drives.remove_package("soil", "acme"));
  CHECK_FALSE(std::filesystem::exists(bench.directory.drive()));
  CHECK(bench.drives.stat(open).error().status == Status::not_found);
  CHECK(bench.drives.open_count() == 0);
  CHECK(bench.drives.remove_package("soil", "acme"));
}

TEST_CASE("the ways to open a file are words, and a wrong one is told") {
  const auto both = parse_open_flags({"read", "write", "create", "exclusive", "truncate"});
  REQUIRE(both);
  CHECK((both->read && both->write && both->create && both->exclusive && both->truncate && !both->directory));
  CHECK(parse_open_flags({})->read);
  CHECK_FALSE(parse_open_flags({"write"})->read);
  CHECK(parse_open_flags({"delete"}).error().message.contains("\"delete\""));
}
