#pragma once
// A package, all the way from the bytes of a blob: proven, then unpacked, then understood.
//
//   blob ─ split ─ verify the signature over the archive ─ unpack ─ metadata ─ manifest ─ modules there?
//
// Nothing of the archive is looked at before its signature is good, unless a package without one is wanted.

#include <string>
#include <string_view>
#include <vector>

#include "vm/packages/archive.hpp"
#include "vm/packages/manifest.hpp"
#include "vm/packages/signature.hpp"

namespace celeriac::vm {

struct Package {
  Metadata metadata;
  Manifest manifest;
  std::string metadata_text;
  std::map<std::string, std::string> files;  ///< below pkg/
  std::string signed_by;                     ///< name of the key, "" for nobody
  std::string trusted_comment;
  bool trusted = false;  ///< its key is one of those that were given, and the signature is good
};

struct PackageTrust {
  std::vector<PublicKey> keys = {};
  bool unsigned_too = false;  ///< take one without a signature
  bool unknown_too = false;   ///< take one whose key is not known, unproven: only to look at it
};

/// Status::denied, codes `unsigned`, `unknown_key`, `bad_signature`; else what the parts say.
protocol::Result<Package> read_package(std::string_view blob, const PackageTrust& trust);

}  // namespace celeriac::vm
