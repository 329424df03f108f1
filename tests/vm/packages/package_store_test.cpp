// Packages in the image.

#include "vm/packages/package_store.hpp"
#include "tests/vm/packages/packages.hpp"
#include "vm/image/image.hpp"
#include "vm/image/kernel_store.hpp"
#include "vm/packages/digest.hpp"

using namespace celeriac::vm;
using namespace celeriac::vm::testing;
using celeriac::protocol::Status;
using nlohmann::json;

namespace {

struct Shelf {
  Directory directory;
  std::unique_ptr<Image> image = Image::open(directory / "image.sqlite").value();
  PackageStore store{image->database()};
  KernelStore objects{image->database()};

  void put(const std::string& archive) {
    REQUIRE(store.put(read_package(archive, {.unsigned_too = true}).value(), 1000));
  }
};

const std::string other_module = empty_module + std::string("\0\2\1x", 4);

}  // namespace

TEST_CASE("a package is in the image with its files, and gone after it has been removed") {
  Shelf shelf;
  shelf.put(archive_of());
  const auto list = shelf.store.list().value();
  REQUIRE(list.size() == 1);
  CHECK(list[0].package == "soil:acme");
  CHECK(list[0].version == "1.0.0");
  CHECK(list[0].installed == 1000);
  CHECK(list[0].manifest_hash == sha256_hex(list[0].manifest));
  const auto files = shelf.store.files("soil:acme").value();
  REQUIRE(files.size() == 2);
  CHECK(files[0].path == "data/names.txt");
  CHECK(files[0].bytes == "fern\n");
  CHECK(files[1].sha256 == sha256_hex(empty_module));
  CHECK(shelf.store.module_at("soil:acme", "logger.wasm").value() == files[1].sha256);
  CHECK(shelf.objects.module(files[1].sha256).value() == empty_module);
  REQUIRE(shelf.store.remove("soil:acme"));
  CHECK_FALSE(shelf.store.find("soil:acme").value());
  CHECK(shelf.store.files("soil:acme").value().empty());
  CHECK(shelf.objects.module(files[1].sha256).error().status == Status::not_found);
  CHECK(shelf.store.remove("soil:acme"));
}

TEST_CASE("an update replaces all files; a module that two packages have stands there once") {
  Shelf shelf;
  const json manifest = json::array({process_of()});
  shelf.put(archive_of());
  shelf.put(archive_of(manifest, metadata_of("moss")));
  shelf.put(archive_of(manifest, metadata_of("soil", "acme", "2.0.0"), Compression::none, other_module));
  CHECK(shelf.store.find("soil:acme").value()->version == "2.0.0");
  CHECK(shelf.store.module_at("soil:acme", "logger.wasm").value() == sha256_hex(other_module));
  CHECK(shelf.objects.module(sha256_hex(empty_module)));
  REQUIRE(shelf.store.remove("moss:acme"));
  CHECK_FALSE(shelf.objects.module(sha256_hex(empty_module)));
  CHECK(shelf.objects.module(sha256_hex(other_module)));
}

TEST_CASE("a module that an object of the namespace uses stays when its package goes") {
  Shelf shelf;
  shelf.put(archive_of());
  REQUIRE(shelf.objects.put_object("/othismo/modules/logger", sha256_hex(empty_module), empty_module));
  REQUIRE(shelf.store.remove("soil:acme"));
  CHECK(shelf.objects.module(sha256_hex(empty_module)));
}

TEST_CASE("packages have a limit, and what is there may still be updated") {
  Shelf shelf;
  auto package = read_package(archive_of(), {.unsigned_too = true}).value();
  package.files.clear();
  for (std::size_t i = 0; i < max_packages; ++i) {
    package.metadata.package = std::format("p{}", i);
    REQUIRE(shelf.store.put(package, 0));
  }
  CHECK(shelf.store.put(package, 1));
  package.metadata.package = "one-more";
  CHECK(shelf.store.put(package, 2).error().status == Status::out_of_resources);
  CHECK(shelf.store.list()->size() == max_packages);
}

TEST_CASE("files without bytes are files") {
  Shelf shelf;
  Tar tar;
  tar.file("manifest.json", json::array({process_of()}).dump()).file("metadata.json", metadata_of().dump());
  shelf.put(tar.file("pkg/logger.wasm", empty_module).file("pkg/empty", "").bytes());
  const auto files = shelf.store.files("soil:acme").value();
  CHECK(files[0].path == "empty");
  CHECK(files[0].bytes.empty());
}
