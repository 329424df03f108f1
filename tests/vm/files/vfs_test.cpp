// vfs:distro:sys: files by messages.

#include "vm/files/vfs.hpp"
#include "tests/vm/files/drive_directory.hpp"

using namespace celeriac::vm;
using namespace celeriac::vm::testing;
using nlohmann::json;

namespace {

const std::string logger = "logger:soil:acme", stranger = "stranger:b:c";
const std::vector<std::string> both = {R"({"kind":"read","drive":"/soil:acme/data"})",
                                       R"({"drive":"/soil:acme/data","kind":"write"})"};

struct Bench {
  DriveDirectory directory;
  Drives drives{directory.root()};
  std::uint64_t next = 1;
  Vfs vfs{drives, [this] { return next++; }};
  std::string source = logger;
  std::vector<std::string> rights = both;
  VfsReply last;

  Bench() { REQUIRE(drives.make(at())); }

  json ask(const json& body, const std::optional<std::string>& blob = std::nullopt) {
    VfsCall call{.source = source, .rights = rights, .body = body.dump()};
    if (blob) call.blob = std::make_shared<const Blob>(*blob);
    last = vfs.serve(call);
    return json::parse(last.body);
  }
  json on(std::string_view rest, const json& action, const std::optional<std::string>& blob = std::nullopt) {
    return ask({{"path", at(rest).text()}, {"action", action}}, blob);
  }
  json with(const std::string& file, const json& action,
            const std::optional<std::string>& blob = std::nullopt) {
    return ask({{"file", file}, {"action", action}}, blob);
  }
};

bool is_error(const json& answer, const char* kind) {
  return answer.is_object() && answer.contains("Err") && answer["Err"].contains(kind);
}

}  // namespace

TEST_CASE("a file is written, appended to, read, measured and removed") {
  Bench bench;
  CHECK(bench.on("a", "Write", "wet") == "Ok");
  CHECK(bench.on("a", "Append", ",dry") == "Ok");
  CHECK(bench.on("a", "Read") == "Read");
  CHECK(bench.last.blob == "wet,dry");
  CHECK(bench.on("a", "Len") == json{{"Len", 7}});
  CHECK(bench.on("a", "Metadata") == json{{"Metadata", {{"file_type", "File"}, {"len", 7}}}});
  CHECK(bench.on("a", "ReadToString") == json{{"ReadToString", "wet,dry"}});
  CHECK(bench.on("a", "Hash")["Hash"].size() == 32);
  CHECK(bench.on("a", {{"SetLen", 3}}) == "Ok");
  CHECK(bench.on("a", "Write", "no") == "Ok");
  CHECK(bench.on("a", "Read") == "Read");
  CHECK(bench.last.blob == "no");
  CHECK(bench.on("a", {{"CopyFile", {{"new_path", at("b").text()}}}}) == "Ok");
  CHECK(bench.on("b", {{"Rename", {{"new_path", at("c").text()}}}}) == "Ok");
  CHECK(bench.on("c", "RemoveFile") == "Ok");
  CHECK(is_error(bench.on("c", "Read"), "NotFound"));
  CHECK(bench.vfs.open_count() == 0);
  CHECK(bench.drives.open_count() == 0);
}

TEST_CASE("an open file has a place, which reading, writing and Seek move") {
  Bench bench;
  CHECK(bench.on("a", {{"OpenFile", {{"create", true}}}}) == "Ok");
  CHECK(bench.on("a", "WriteAll", "abc") == "Ok");
  CHECK(bench.on("a", "WriteAll", "def") == "Ok");
  CHECK(bench.on("a", {{"Seek", {{"Start", 1}}}}) == json{{"SeekFrom", {{"new_offset", 1}}}});
  CHECK(bench.on("a", {{"ReadExact", {{"length", 2}}}}) == "Read");
  CHECK(bench.last.blob == "bc");
  CHECK(bench.on("a", "ReadToEnd") == "Read");
  CHECK(bench.last.blob == "def");
  CHECK(bench.on("a", {{"Seek", {{"End", -1}}}}) == json{{"SeekFrom", {{"new_offset", 5}}}});
  CHECK(is_error(bench.on("a", {{"ReadExact", {{"length", 2}}}}), "IOError"));
  CHECK(is_error(bench.on("a", {{"Seek", {{"Current", -9}}}}), "IOError"));
  CHECK(bench.on("a", "CloseFile") == "Ok");
  CHECK(is_error(bench.on("a", {{"Seek", {{"Start", 1}}}}), "NotFound"));
  CHECK(bench.on("a", "CloseFile") == "Ok");
}

TEST_CASE("directories are made, listed and removed with all that is in them") {
  Bench bench;
  CHECK(bench.on("x/y/z", "CreateDirAll") == "Ok");
  CHECK(bench.on("x/y/z", "CreateDirAll") == "Ok");
  CHECK(bench.on("x/a", "Write", "") == "Ok");
  CHECK(bench.on("x", "ReadDir") == json{{"ReadDir",
                                          {{{"path", "soil:acme/data/x/a"}, {"file_type", "File"}},
                                           {{"path", "soil:acme/data/x/y"}, {"file_type", "Directory"}}}}});
  CHECK(is_error(bench.on("x", "RemoveDir"), "IOError"));
  CHECK(bench.on("x", "RemoveDirAll") == "Ok");
  CHECK(bench.on("", "ReadDir") == json{{"ReadDir", json::array()}});
  CHECK(is_error(bench.on("", "RemoveDirAll"), "IOError"));
}

TEST_CASE("what a process holds no capability for is NoCap, and nothing happens") {
  Bench bench;
  bench.on("a", "Write", "x");
  bench.rights = {both[0]};
  CHECK(bench.on("a", "Read") == "Read");
  CHECK(bench.on("a", "Write", "y") ==
        json{{"Err", {{"NoCap", {{"action", "Write"}, {"path", at("a").text()}}}}}});
  for (const json& action : {json("Append"), json("WriteAll")})
    CHECK(is_error(bench.on("a", action, "y"), "NoCap"));
  for (const json& action :
       {json("RemoveFile"), json("CreateDir"), json("CreateFile"), json{{"SetLen", 0}},
        json{{"OpenFile", {{"create", true}}}}, json{{"Rename", {{"new_path", at("b").text()}}}},
        json{{"CopyFile", {{"new_path", at("b").text()}}}}})
    CHECK(is_error(bench.on("a", action), "NoCap"));
  bench.rights = {both[1]};
  for (const json& action : {json("Read"), json("ReadToEnd"), json("Len"), json("Hash")})
    CHECK(is_error(bench.on("a", action), "NoCap"));
  bench.rights = {R"({"kind":"read","drive":"/soil:acme/other"})", "nonsense", "[]"};
  CHECK(is_error(bench.on("a", "Read"), "NoCap"));
  bench.rights = both;
  CHECK(bench.on("a", "ReadToString") == json{{"ReadToString", "x"}});
}

TEST_CASE("a package makes its own drives and is given both rights to them; those of others it cannot make") {
  Bench bench;
  bench.rights.clear();
  CHECK(bench.ask({{"path", "/soil:acme/photos"}, {"action", "CreateDrive"}}) == "Ok");
  CHECK(bench.last.granted == std::vector<std::string>{R"({"drive":"/soil:acme/photos","kind":"read"})",
                                                       R"({"drive":"/soil:acme/photos","kind":"write"})"});
  CHECK(is_error(bench.ask({{"path", "/moss:acme/photos"}, {"action", "CreateDrive"}}), "NoCap"));
  CHECK(is_error(bench.ask({{"path", "/il:acme/photos"}, {"action", "CreateDrive"}}), "NoCap"));
  CHECK(is_error(bench.ask({{"path", "/soil:acme/photos/x"}, {"action", "CreateDrive"}}), "BadRequest"));
}

TEST_CASE("the halves of an open file are capabilities of their own, which may be handed on separately") {
  Bench bench;
  CHECK(bench.on("a", {{"OpenFile", {{"create", true}}}}) == "Ok");
  REQUIRE(bench.last.attached.size() == 2);
  const auto halves = bench.last.attached;
  const auto read_half = json::parse(halves[0]);
  CHECK(read_half["kind"] == "read");
  const auto file = read_half["file"].get<std::string>();
  CHECK(bench.on("a", "WriteAll", "secret") == "Ok");

  bench.source = stranger;
  bench.rights.clear();
  CHECK(is_error(bench.with(file, "Read"), "NoCap"));
  CHECK(is_error(bench.on("a", "Read"), "NoCap"));
  bench.rights = {halves[0]};
  CHECK(bench.with(file, "Read") == "Read");
  CHECK(bench.last.blob == "secret");
  CHECK(is_error(bench.with(file, "Write", "x"), "NoCap"));
  CHECK(is_error(bench.on("a", "Read"), "NoCap"));  // the file, not the drive
  CHECK(is_error(bench.with(file, "RemoveFile"), "NoCap"));
  bench.rights = {halves[1]};
  CHECK(is_error(bench.with(file, "Read"), "NoCap"));
  CHECK(bench.with(file, "Append", "!") == "Ok");
  CHECK(bench.with(file, "CloseFile") == "Ok");  // of no effect: it is not the stranger's
  CHECK(bench.vfs.open_count() == 1);

  bench.vfs.ended(logger);
  CHECK(is_error(bench.with(file, "Append", "!"), "NotFound"));
  CHECK(bench.drives.open_count() == 0);
}

TEST_CASE("a half is only given for what the opener may, and goes when its right to the drive does") {
  Bench bench;
  bench.on("a", "Write", "x");
  bench.rights = {both[0]};
  CHECK(bench.on("a", {{"OpenFile", {{"create", false}}}}) == "Ok");
  REQUIRE(bench.last.attached.size() == 1);
  const auto half = bench.last.attached[0];
  const auto file = json::parse(half)["file"].get<std::string>();
  bench.rights = {half};
  CHECK(bench.with(file, "Read") == "Read");
  bench.vfs.revoked(logger, "/soil:acme/data");
  CHECK(is_error(bench.with(file, "Read"), "NotFound"));
}

TEST_CASE("a process has at most 64 files open") {
  Bench bench;
  for (std::size_t i = 0; i < max_vfs_files; ++i)
    REQUIRE(bench.on(std::format("{}", i), {{"OpenFile", {{"create", true}}}}) == "Ok");
  CHECK(is_error(bench.on("more", {{"OpenFile", {{"create", true}}}}), "IOError"));
  CHECK(bench.on("1", {{"OpenFile", {{"create", false}}}}) == "Ok");  // one of them, opened again
  CHECK(bench.vfs.open_count() == max_vfs_files);
}

TEST_CASE("a request that makes no sense is answered with what is wrong") {
  Bench bench;
  CHECK(is_error(json::parse(bench.vfs.serve({.source = logger, .body = "nonsense"}).body), "BadRequest"));
  CHECK(is_error(bench.ask(json::array()), "BadRequest"));
  CHECK(is_error(bench.ask({{"action", "Read"}}), "BadRequest"));
  CHECK(is_error(bench.on("a", "Explode"), "BadRequest"));
  CHECK(is_error(bench.on("a", {{"A", 1}, {"B", 2}}), "BadRequest"));
  CHECK(is_error(bench.on("a", "Write"), "BadRequest"));
  CHECK(is_error(bench.on("a", "ReadExact"), "BadRequest"));
  CHECK(is_error(bench.on("a", {{"Rename", {{"new_path", 7}}}}), "BadRequest"));
  CHECK(is_error(bench.ask({{"path", "/soil:acme/data/../../etc"}, {"action", "Read"}}), "BadRequest"));
  CHECK(is_error(bench.with("0000000000000001", "Read"), "NotFound"));
}
