#pragma once
// What a package says of itself: metadata.json (who it is) and manifest.json (its processes, and what they
// want).
//
// manifest.json is an array with an object for each process that is started at the installation, as Kinode
// has it:
//
//   process_name, process_wasm_path     its name; its module, below pkg/
//   on_exit                             "None", "Restart", {"Requests": [[address, request, blob or null],
//   …]} request_networking, public          booleans request_capabilities ["process:package:publisher" (to
//   send to it), {"process": …, "params": …}] grant_capabilities                  the same shapes: who gets a
//   capability of this process
//
// and, all optional, what Celeriac adds:
//
//   abi             where the module does not tell: "kinode", "wasi-messaging", "othismo", …
//   path            an object's path in the namespace: then it is an Othismo object, which is snapshotted
//   arguments       [text]: what a command of wasi_snapshot_preview1 gets
//   topics          [topic] that it hears
//   publish         [topic] that it publishes on
//   exchanges       [name] that client.connect() finds
//   http            [path] that the gateway serves from it
//   directories     [drive], or {"drive": …, "access": "read"}: drives that it may open files in
//   limits          {memory_pages, depth, fuel, table, message_bytes, messages_per_second}
//   ahead_of_time   compiled to machine code before it runs
//
// A key that is not known is warned of; an entry of a list that cannot be used is reported and skipped; what
// is wrong with the process itself refuses the manifest.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/error.hpp"
#include "vm/kernel/names.hpp"
#include "vm/kernel/process.hpp"

namespace celeriac::vm {

/// Processes of a package, entries of one of their lists, warnings that are kept.
inline constexpr std::size_t max_manifest_processes = 64;
inline constexpr std::size_t max_manifest_entries = 256;
inline constexpr std::size_t max_manifest_warnings = 64;

/// Drives of the package itself that each of its processes may read and write.
inline constexpr std::string_view package_drive = "pkg";

struct Metadata {
  std::string package;    ///< [a-z0-9-]+
  std::string publisher;  ///< [a-z0-9.-]+, not of the system
  std::string version;    ///< "" if it has none
  std::string wit_version;

  /// "package:publisher"
  [[nodiscard]] std::string id() const { return package + ':' + publisher; }
};

/// A capability that a process wants, or gives.
struct ManifestCapability {
  ProcessName process;  ///< its issuer; of one that is given, its receiver
  std::string params;   ///< JSON text
  friend bool operator==(const ManifestCapability&, const ManifestCapability&) = default;
};

struct ManifestProcess {
  ProcessName name;
  std::string module;  ///< path below pkg/, no slash in front
  OnExit on_exit = {};
  bool networking = false;
  bool is_public = false;
  /// Everything it wants, whichever key it came from: networking, topics, drives and HTTP among them.
  std::vector<ManifestCapability> wants = {};
  std::vector<ManifestCapability> gives = {};
  std::string abi = {};
  std::string path = {};
  bool ahead_of_time = false;
  std::vector<std::string> http = {};
  nlohmann::json configuration = nlohmann::json::object();  ///< as ProcessSpec has it
};

struct Manifest {
  std::vector<ManifestProcess> processes;
  std::vector<std::string> warnings;
  std::string text;  ///< canonical: keys in order, no blanks
  std::string hash;  ///< sha256 of it
};

protocol::Result<Metadata> read_metadata(std::string_view json);
protocol::Result<Manifest> read_manifest(std::string_view json, const Metadata& metadata);

/// "None", "Restart" or {"Requests": […]} as Kinode's JSON has it.
protocol::Result<OnExit> read_manifest_on_exit(const nlohmann::json& json);

}  // namespace celeriac::vm
