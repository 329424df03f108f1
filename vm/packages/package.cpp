#include "vm/packages/package.hpp"

#include <format>

#include "protocol/package_file.hpp"
#include "protocol/words.hpp"

namespace celeriac::vm {

using protocol::Error;
using protocol::fail;
using protocol::Result;
using protocol::shown;
using protocol::Status;

namespace {

struct Proof {
  std::string signed_by;
  std::string comment;
  bool trusted = false;
};

Result<Proof> prove(const protocol::PackageFile& file, const PackageTrust& trust) {
  if (file.signature.empty()) {
    if (trust.unsigned_too) return Proof{};
    return std::unexpected(Error{
        .status = Status::denied,
        .message = "The package is not signed: nobody says who made it. If you know where it comes from, "
                   "--unsigned installs it all the same.",
        .code = "unsigned"});
  }
  const auto signature = Signature::parse(file.signature);
  if (!signature) return std::unexpected(signature.error());
  const auto key = verify_with_any(*signature, trust.keys, file.archive);
  if (key) return Proof{.signed_by = key->name(), .comment = signature->trusted_comment, .trusted = true};
  if (key.error().code == "unknown_key" && trust.unknown_too)
    return Proof{.signed_by = signature->key_name(), .comment = {}};
  return std::unexpected(key.error());
}

}  // namespace

Result<Package> read_package(std::string_view blob, const PackageTrust& trust) {
  const auto file = protocol::split_package_file(blob);
  if (file.archive.size() > protocol::max_package_bytes)
    return fail(Status::out_of_resources, std::format("The package is refused: it is larger than {} MiB.",
                                                      protocol::max_package_bytes >> 20));
  auto proof = prove(file, trust);
  if (!proof) return std::unexpected(std::move(proof.error()));
  auto archive = unpack(file.archive);
  if (!archive) return std::unexpected(std::move(archive.error()));
  auto metadata = read_metadata(archive->metadata);
  if (!metadata) return std::unexpected(std::move(metadata.error()));
  auto manifest = read_manifest(archive->manifest, *metadata);
  if (!manifest) return std::unexpected(std::move(manifest.error()));
  for (const auto& process : manifest->processes)
    if (!archive->files.contains(process.module))
      return fail(Status::malformed,
                  std::format("The process {} wants the module pkg/{}, which is not in the package.",
                              process.name.process, shown(process.module)));
  for (const auto& path : archive->left_out)
    if (manifest->warnings.size() < max_manifest_warnings)
      manifest->warnings.push_back(std::format("The file {} is left out: only pkg/ is kept.", shown(path)));
  return Package{.metadata = std::move(*metadata),
                 .manifest = std::move(*manifest),
                 .metadata_text = std::move(archive->metadata),
                 .files = std::move(archive->files),
                 .signed_by = std::move(proof->signed_by),
                 .trusted_comment = std::move(proof->comment),
                 .trusted = proof->trusted};
}

}  // namespace celeriac::vm
