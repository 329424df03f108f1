#include "vm/guests/control_group.hpp"

#include <sys/xattr.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <fstream>

using namespace celeriac::vm::guests;
namespace fs = std::filesystem;

namespace {

/// A directory with files in the places of the system's.
struct Tree {
  fs::path root = fs::temp_directory_path() / ("celeriac-groups-" + std::to_string(::getpid()));
  Tree() { fs::create_directories(root / "service/vm"); }
  ~Tree() { fs::remove_all(root); }
  void file(const fs::path& path, std::string_view text) const { std::ofstream(root / path) << text; }
  /// As systemd marks a group; false where the file system of temporary files keeps no such marks.
  [[nodiscard]] bool delegate() const {
    for (const char* name : {"user.delegate", "trusted.delegate"})
      if (::setxattr((root / "service").c_str(), name, "1", 1, 0) == 0) return true;
    return false;
  }
};

}  // namespace

TEST_CASE("groups are made beside our own where the tree is ours") {
  const Tree tree;
  tree.file("own", "4:memory:/elsewhere\n0::/service/vm\n");
  CHECK_FALSE(ControlGroups::delegated(tree.root, tree.root / "own").available());
  tree.file("service/cgroup.subtree_control", "");
  CHECK_FALSE(
      ControlGroups::delegated(tree.root, tree.root / "own").available());  // ours to write, not to use
  if (!tree.delegate()) SKIP("no extended attributes here");
  CHECK(ControlGroups::delegated(tree.root, tree.root / "own").available());
  tree.file("own", "4:memory:/service/vm\n");
  CHECK_FALSE(ControlGroups::delegated(tree.root, tree.root / "own").available());
}

TEST_CASE("a group whose limits cannot be set is not kept") {
  const Tree tree;
  tree.file("own", "0::/service/vm\n");
  tree.file("service/cgroup.subtree_control", "");
  if (!tree.delegate()) SKIP("no extended attributes here");
  const auto groups = ControlGroups::delegated(tree.root, tree.root / "own");
  REQUIRE(groups.available());
  CHECK_FALSE(groups.make("guest-1", {.memory = 1000}));  // no system that makes its files
  CHECK_FALSE(fs::exists(tree.root / "service/guest-1"));
}
