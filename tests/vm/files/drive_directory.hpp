#pragma once
// Drives in a directory that ends with the test.

#include <stdlib.h>

#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "vm/files/drives.hpp"

namespace celeriac::vm::testing {

class DriveDirectory {
 public:
  DriveDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "celeriac-drives-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~DriveDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  DriveDirectory(const DriveDirectory&) = delete;
  DriveDirectory& operator=(const DriveDirectory&) = delete;

  [[nodiscard]] std::filesystem::path root() const { return path_ / "drives"; }
  /// Where a drive of soil:acme is.
  [[nodiscard]] std::filesystem::path drive(std::string_view name = "data") const {
    return root() / "acme" / "soil" / name;
  }

 private:
  std::filesystem::path path_;
};

inline DrivePath at(std::string_view rest = "", std::string_view drive = "data") {
  return DrivePath::parse("/soil:acme/" + std::string(drive) + (rest.empty() ? "" : "/") + std::string(rest))
      .value();
}

inline constexpr OpenFlags reading{.read = true};
inline constexpr OpenFlags writing{.write = true};
inline constexpr OpenFlags making{.read = true, .write = true, .create = true};

}  // namespace celeriac::vm::testing
