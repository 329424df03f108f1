// FILE.* of processes: rights, handles, and what becomes of them.

#include <boost/asio/io_context.hpp>
#include <set>

#include "tests/vm/files/drive_directory.hpp"
#include "vm/files/open_files.hpp"

using namespace celeriac::vm;
using namespace celeriac::vm::testing;
using celeriac::protocol::Result;
using celeriac::protocol::Status;

namespace {

constexpr ProcessId logger{61'440}, other{61'441};

struct Bench {
  DriveDirectory directory;
  boost::asio::io_context io;
  Drives drives{directory.root()};
  std::set<std::pair<ProcessId, FileAccess>> rights = {{logger, FileAccess::read},
                                                       {logger, FileAccess::write}};
  std::optional<Worker> worker{io};
  OpenFiles files{*worker, drives, [this](ProcessId process, const std::string& drive, FileAccess access) {
                    return drive == "/soil:acme/data" && rights.contains({process, access});
                  }};

  Bench() { REQUIRE(drives.make(at())); }
  ~Bench() {
    worker.reset();
    io.restart();
    io.poll();
  }

  /// Calls `start(done)` and runs the loop until done is called.
  template <class T, class Start>
  Result<T> wait(Start start) {
    std::optional<Result<T>> result;
    start([&](Result<T> given) { result = std::move(given); });
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!result && std::chrono::steady_clock::now() < deadline) {
      io.restart();
      io.run_one_for(std::chrono::milliseconds(100));
    }
    return result.value();
  }
  Result<std::uint16_t> open(ProcessId process, std::string_view rest,
                             const std::vector<std::string>& flags) {
    return wait<std::uint16_t>(
        [&](auto done) { files.open(process, at(rest).text(), flags, std::move(done)); });
  }
  Result<void> write(ProcessId process, std::uint16_t file, std::string_view bytes) {
    return wait<void>(
        [&](auto done) { files.write(process, file, 0, std::string(bytes), false, std::move(done)); });
  }
  Result<std::string> read(ProcessId process, std::uint16_t file) {
    return wait<std::string>([&](auto done) { files.read(process, file, 0, 100, std::move(done)); });
  }
};

}  // namespace

TEST_CASE("a process opens, writes, reads, tells about and closes a file") {
  Bench bench;
  const auto file = bench.open(logger, "a", {"read", "write", "create"});
  REQUIRE(file);
  REQUIRE(bench.write(logger, *file, "wet"));
  CHECK(bench.read(logger, *file).value() == "wet");
  CHECK(bench.wait<FileStat>([&](auto done) { bench.files.stat(logger, *file, std::move(done)); })->size ==
        3);
  REQUIRE(bench.wait<void>([&](auto done) { bench.files.resize(logger, *file, 1, std::move(done)); }));
  CHECK(bench.read(logger, *file).value() == "w");
  REQUIRE(bench.files.close(logger, *file));
  CHECK(bench.read(logger, *file).error().status == Status::not_found);
  CHECK(bench.files.close(logger, *file).error().status == Status::not_found);
}

TEST_CASE("without the capability nothing is opened, made, removed or renamed") {
  Bench bench;
  CHECK(bench.open(other, "a", {"read"}).error().status == Status::denied);
  bench.rights.insert({other, FileAccess::read});
  CHECK(bench.open(other, "a", {"write", "create"}).error().status == Status::denied);
  CHECK(bench.open(other, "a", {"read", "truncate"}).error().status == Status::denied);
  CHECK(bench.open(other, "a", {"read"}).error().status == Status::not_found);
  const std::string path = at("a").text();
  const auto denied = [&](auto start) { CHECK(bench.wait<void>(start).error().status == Status::denied); };
  denied([&](auto done) { bench.files.make_directory(other, path, std::move(done)); });
  denied([&](auto done) { bench.files.remove(other, path, std::move(done)); });
  denied([&](auto done) { bench.files.rename(other, path, path, std::move(done)); });
  bench.rights = {{logger, FileAccess::write}};
  CHECK(bench.open(logger, "a", {"read", "write", "create"}).error().status == Status::denied);
}

TEST_CASE("a right that is taken away is gone at once, for files that are open too") {
  Bench bench;
  const auto file = bench.open(logger, "a", {"read", "write", "create"}).value();
  bench.rights.erase({logger, FileAccess::write});
  CHECK(bench.write(logger, file, "x").error().status == Status::denied);
  CHECK(bench.read(logger, file));
  bench.rights.clear();
  CHECK(bench.read(logger, file).error().status == Status::denied);
}

TEST_CASE("the files of one process are nobody else's") {
  Bench bench;
  bench.rights.insert({other, FileAccess::read});
  const auto file = bench.open(logger, "a", {"read", "write", "create"}).value();
  CHECK(bench.read(other, file).error().status == Status::not_found);
}

TEST_CASE("a process has at most 64 files open, those on their way among them") {
  Bench bench;
  REQUIRE(bench.files.close(logger, bench.open(logger, "a", {"write", "create"}).value()));
  std::size_t opened = 0, refused = 0;
  for (std::size_t i = 0; i < max_open_files + 10; ++i)
    bench.files.open(logger, at("a").text(), {"read"}, [&](const Result<std::uint16_t>& file) {
      ++(file ? opened : refused);
      if (!file) CHECK(file.error().status == Status::out_of_resources);
    });
  CHECK(refused == 10);
  CHECK(
      bench.wait<FileStat>([&](auto done) { bench.files.stat(logger, 1, std::move(done)); }).error().status ==
      Status::not_found);
  bench.wait<void>([&](auto done) { bench.files.make_directory(logger, at("b").text(), std::move(done)); })
      .value();
  CHECK(opened == max_open_files);
  CHECK(bench.files.count(logger) == max_open_files);
}

TEST_CASE("the files of a process that ends are closed, those on their way too") {
  Bench bench;
  const auto file = bench.open(logger, "a", {"write", "create"}).value();
  std::optional<Status> late;
  bench.files.open(logger, at("a").text(), {"read"}, [&](const Result<std::uint16_t>& opened) {
    late = opened ? Status::ok : opened.error().status;
  });
  bench.files.ended(logger);
  CHECK(bench.files.close(logger, file).error().status == Status::not_found);
  for (int round = 0; round < 2; ++round)  // what is asked last is done last
    bench.wait<void>([&](auto done) { bench.files.make_directory(logger, at("b").text(), std::move(done)); });
  CHECK(late == Status::cancelled);
  bench.worker.reset();
  CHECK(bench.drives.open_count() == 0);
}

TEST_CASE("a directory is listed") {
  Bench bench;
  REQUIRE(bench.open(logger, "a", {"write", "create"}));
  const auto directory = bench.open(logger, "", {"read", "directory"}).value();
  const auto list = bench.wait<std::vector<FileEntry>>(
      [&](auto done) { bench.files.list(logger, directory, std::move(done)); });
  REQUIRE(list);
  CHECK(list->at(0).name == "a");
}
