// Paths of files as guests name them.

#include <catch2/catch_test_macros.hpp>

#include "vm/files/drive_path.hpp"

using namespace celeriac::vm;

TEST_CASE("a path names a package, a drive and a place in it") {
  const auto path = DrivePath::parse("/soil:acme.example/data/2025/may.csv");
  REQUIRE(path);
  CHECK(path->package_id() == "soil:acme.example");
  CHECK(path->drive == "data");
  CHECK(path->rest == "2025/may.csv");
  CHECK(path->drive_text() == "/soil:acme.example/data");
  CHECK(path->text() == "/soil:acme.example/data/2025/may.csv");
  CHECK(DrivePath::parse("/soil:acme/data")->rest.empty());
  CHECK(DrivePath::parse("/soil:acme/data/")->rest.empty());
  CHECK(DrivePath::parse("/soil:acme/data/Größe")->rest == "Größe");
}

TEST_CASE("a path that could lead elsewhere, or is none, is refused") {
  for (const char* bad : {"",
                          "/",
                          "soil:acme/data",
                          "/soil/data",
                          "/soil:acme",
                          "/soil:acme/",
                          "//soil:acme/data",
                          "/soil:acme/data/..",
                          "/soil:acme/data/../x",
                          "/soil:acme/data/a/./b",
                          "/soil:acme/../data",
                          "/soil:../data",
                          "/soil:./data",
                          "/..:acme/data",
                          "/soil:acme/da.ta",
                          "/soil:acme/Data",
                          "/so/il:acme/data",
                          "/soil:acme/data//x",
                          "/soil:acme/data/a\nb",
                          "/soil:acme/data/\xff",
                          "/a:b:c/data"})
    CHECK_FALSE(DrivePath::parse(bad));
  CHECK_FALSE(DrivePath::parse(std::string("/soil:acme/data/a\0b", 19)));
}

TEST_CASE("a path is bounded in length, depth and in each of its names") {
  const std::string drive = "/soil:acme/data/";
  std::string deep = drive;
  for (std::size_t i = 1; i < max_file_depth; ++i) deep += "a/";
  CHECK(DrivePath::parse(deep + 'a'));
  CHECK_FALSE(DrivePath::parse(deep + "a/a"));
  CHECK(DrivePath::parse(drive + std::string(max_file_name, 'x')));
  CHECK_FALSE(DrivePath::parse(drive + std::string(max_file_name + 1, 'x')));
  CHECK_FALSE(DrivePath::parse(drive + std::string(max_file_path, 'x')));
}
