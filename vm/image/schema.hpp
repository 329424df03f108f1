#pragma once
// The tables of the image, and what makes a file of an older version one of this.
//
//   codes, assets, notes     see image.hpp
//   packages                 package:publisher, version, manifest_hash, manifest, metadata, signed_by (key id
//   or
//                            ""), installed (ms since 1970)
//   package_files            package, path below pkg/, and either the sha256 of a module or the bytes
//   modules                  sha256 (hex), bytes: Wasm, once each, whoever uses it
//   processes                name (process:package:publisher), record: what it is made of, and its
//   capabilities states                   name, bytes: what a process keeps for itself messages number,
//   target (name), bytes: accepted for an object, and not dealt with yet objects                  path in the
//   namespace, sha256 of the module that stands there snapshots, chunks        memory and globals of an
//   object after its last run

#include <cstdint>
#include <span>

namespace celeriac::vm {

inline constexpr std::int64_t application_id = 0x43454c52;  // "CELR"
inline constexpr std::int64_t schema_version = 3;

/// Makes an empty file one of first_version; the migrations make it one of schema_version.
inline constexpr std::int64_t first_version = 2;
extern const char* const first_schema;

/// Element N - 1 makes a file of version N one of N + 1.
std::span<const char* const> migrations();

}  // namespace celeriac::vm
