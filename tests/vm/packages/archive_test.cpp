// What an archive may be, and what is refused before any of it is anywhere.

#include "vm/packages/archive.hpp"
#include "tests/vm/packages/packages.hpp"

#include <random>

using namespace celeriac::vm;
using namespace celeriac::vm::testing;
using celeriac::protocol::Status;

namespace {

/// The manifest and the metadata, and what else a test adds.
Tar& begin(Tar& tar) {
  return tar.file("manifest.json", "[]").file("metadata.json", "{}");
}

std::string why_refused(Tar& tar) {
  const auto unpacked = unpack(tar.bytes());
  REQUIRE_FALSE(unpacked);
  return unpacked.error().message;
}

}  // namespace

TEST_CASE("an archive is read as it is, or compressed with gzip or zstd") {
  for (const auto compression : {Compression::none, Compression::gzip, Compression::zstd}) {
    const auto unpacked =
        unpack(archive_of(nlohmann::json::array({process_of()}), metadata_of(), compression));
    REQUIRE(unpacked);
    CHECK(unpacked->manifest.contains("logger"));
    CHECK(unpacked->metadata.contains("acme"));
    CHECK(unpacked->files.size() == 2);
    CHECK(unpacked->files.at("logger.wasm") == empty_module);
    CHECK(unpacked->files.at("data/names.txt") == "fern\n");
  }
}

TEST_CASE("an archive that tar has made of a directory is read: ./ in front, directories in between") {
  Tar tar;
  tar.directory("./").file("./manifest.json", "[]").file("./metadata.json", "{}").directory("./pkg/");
  const auto unpacked = unpack(tar.file("./pkg/a", "").file("./README", "x").bytes());
  REQUIRE(unpacked);
  CHECK(unpacked->files == std::map<std::string, std::string>{{"a", ""}});
  CHECK(unpacked->left_out == std::vector<std::string>{"README"});
}

TEST_CASE("an archive with something that could reach outside is refused, and the message names it") {
  const auto refused = [](auto add) {
    Tar tar;
    add(begin(tar));
    return why_refused(tar);
  };
  CHECK(refused([](Tar& tar) {
          tar.file("/etc/passwd", "x");
        }).contains("\"/etc/passwd\" is an absolute path"));
  CHECK(refused([](Tar& tar) { tar.file("pkg/../../x", "x"); }).contains("no plain path"));
  CHECK(refused([](Tar& tar) { tar.file("../x", "x"); }).contains("no plain path"));
  CHECK(refused([](Tar& tar) { tar.file("pkg/a//b", "x"); }).contains("no plain path"));
  CHECK(refused([](Tar& tar) { tar.file("pkg/a\nb", "x"); }).contains("control characters"));
  CHECK(refused([](Tar& tar) { tar.link("pkg/a", "/etc/passwd", false); }).contains("is a link"));
  CHECK(refused([](Tar& tar) { tar.link("pkg/a", "manifest.json", true); }).contains("is a link"));
  CHECK(refused([](Tar& tar) { tar.device("pkg/null"); }).contains("no regular file"));
  CHECK(refused([](Tar& tar) { tar.file("pkg/" + std::string(252, 'x'), "x"); }).contains("longer than 255"));
}

TEST_CASE("a file that stands in an archive twice refuses it, and so does one that is also a directory") {
  Tar twice, both;
  begin(twice).file("pkg/a", "1").file("./pkg/a", "2");
  CHECK(why_refused(twice).contains("\"pkg/a\" stands there twice"));
  begin(both).file("pkg/a", "1").file("pkg/a/b", "2");
  CHECK(why_refused(both).contains("a file and a directory"));
}

TEST_CASE("an archive without a manifest or metadata is no package") {
  CHECK(unpack(Tar().file("metadata.json", "{}").bytes()).error().message.contains("no manifest.json"));
  CHECK(unpack(Tar().file("manifest.json", "{}").bytes()).error().message.contains("no metadata.json"));
  CHECK_FALSE(unpack(""));
  CHECK_FALSE(unpack("#!/bin/sh\nrm -rf /\n"));
}

TEST_CASE("an archive has at most 4096 entries") {
  Tar most, more;
  begin(most);
  begin(more);
  for (std::size_t i = 2; i < max_archive_entries; ++i) most.file(std::format("pkg/{}", i), "");
  for (std::size_t i = 2; i <= max_archive_entries; ++i) more.file(std::format("pkg/{}", i), "");
  CHECK(unpack(most.bytes()));
  CHECK(unpack(more.bytes()).error().status == Status::out_of_resources);
}

TEST_CASE("an archive unpacks to at most 64 MiB, what is left out counted as well") {
  const std::string half(max_unpacked_bytes / 2, 'x');
  Tar fits(Compression::zstd), bursts(Compression::zstd), beside(Compression::zstd);
  CHECK(unpack(begin(fits).file("pkg/a", half).file("pkg/b", half.substr(4)).bytes()));
  CHECK(unpack(begin(bursts).file("pkg/a", half).file("pkg/b", half).bytes()).error().status ==
        Status::out_of_resources);
  CHECK(unpack(begin(beside).file("a", half).file("b", half).bytes()).error().message.contains("64 MiB"));
}

TEST_CASE("an archive that is compressed twice is refused") {
  Tar tar(Compression::twice);
  CHECK(unpack(begin(tar).bytes()).error().message.contains("more than once"));
}

TEST_CASE("an archive with bytes changed is read or refused, never more") {
  std::mt19937 random(1);
  for (const auto compression : {Compression::none, Compression::gzip, Compression::zstd}) {
    const std::string good = archive_of(nlohmann::json::array({process_of()}), metadata_of(), compression);
    for (int round = 0; round < 2000; ++round) {
      std::string bad = good.substr(0, round % 4 == 0 ? random() % good.size() : good.size());
      for (auto changes = random() % 8; changes > 0 && !bad.empty(); --changes)
        bad[random() % bad.size()] = static_cast<char>(random());
      if (const auto unpacked = unpack(bad); unpacked)
        for (const auto& [path, bytes] : unpacked->files) CHECK_FALSE(path.contains(".."));
    }
  }
}
