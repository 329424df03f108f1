// From the bytes of a blob to a package.

#include "vm/packages/package.hpp"
#include "protocol/package_file.hpp"
#include "tests/vm/packages/packages.hpp"

using namespace celeriac::vm;
using namespace celeriac::vm::testing;
namespace protocol = celeriac::protocol;
using nlohmann::json;
using protocol::Status;

TEST_CASE("a package that a trusted key has signed is read") {
  const Directory directory;
  const Signer signer(directory);
  const auto key = PublicKey::parse(signer.public_key()).value();
  const std::string archive = archive_of();
  const auto package =
      read_package(protocol::join_package_file(signer.sign(archive), archive), {.keys = {key}});
  REQUIRE(package);
  CHECK(package->metadata.id() == "soil:acme");
  CHECK(package->signed_by == key.name());
  CHECK(package->trusted);
  CHECK(package->files.contains("logger.wasm"));
}

TEST_CASE("a package of an unknown key, or without a signature, is refused unless that is wanted") {
  const Directory directory;
  const Signer signer(directory);
  const std::string archive = archive_of();
  const std::string blob = protocol::join_package_file(signer.sign(archive), archive);
  CHECK(read_package(blob, {}).error().code == "unknown_key");
  CHECK(read_package(blob, {.unsigned_too = true}).error().code == "unknown_key");
  const auto looked_at = read_package(blob, {.unknown_too = true});
  REQUIRE(looked_at);
  CHECK_FALSE(looked_at->trusted);
  CHECK(read_package(archive, {}).error().code == "unsigned");
  const auto unsigned_one = read_package(archive, {.unsigned_too = true});
  REQUIRE(unsigned_one);
  CHECK(unsigned_one->signed_by.empty());
  CHECK_FALSE(unsigned_one->trusted);
}

TEST_CASE("a changed archive is refused before it is unpacked, whatever one would take") {
  const Directory directory;
  const Signer signer(directory);
  const auto key = PublicKey::parse(signer.public_key()).value();
  const std::string archive = archive_of();
  const std::string signature = signer.sign(archive);
  const PackageTrust anything{.keys = {key}, .unsigned_too = true, .unknown_too = true};
  for (std::size_t at = 0; at < archive.size(); at += 97) {
    std::string changed = archive;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    CHECK(read_package(protocol::join_package_file(signature, changed), anything).error().code ==
          "bad_signature");
  }
  CHECK(read_package(protocol::join_package_file(signature, "no archive at all"), anything).error().code ==
        "bad_signature");
}

TEST_CASE("a container that is cut off anywhere is refused") {
  const Directory directory;
  const Signer signer(directory);
  const auto key = PublicKey::parse(signer.public_key()).value();
  const std::string archive = archive_of();
  const std::string blob = protocol::join_package_file(signer.sign(archive), archive);
  for (std::size_t size = 0; size < 700; ++size)
    CHECK_FALSE(
        read_package(blob.substr(0, size), {.keys = {key}, .unsigned_too = true, .unknown_too = true}));
  const auto split = protocol::split_package_file(blob);
  CHECK(split.archive == archive);
  CHECK(protocol::split_package_file(archive).archive == archive);
  // An archive that looks like a container is put into one.
  const std::string odd = std::string(protocol::package_file_magic) + "rest";
  CHECK(protocol::split_package_file(protocol::join_package_file("", odd)).archive == odd);
}

TEST_CASE("a process whose module is not in the package refuses it") {
  json process = process_of();
  process["process_wasm_path"] = "other.wasm";
  CHECK(read_package(archive_of(json::array({process})), {.unsigned_too = true})
            .error()
            .message.contains("pkg/other.wasm, which is not in the package"));
}
