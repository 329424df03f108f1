#pragma once
// Names of processes: three parts, an address with its node, and the path that says the same.
//
//   process id   soil-logger:garden:acme            exactly three non-empty parts
//   address      celeriac.local@soil-logger:garden:acme    "our" stands for this node
//   path         /proc/acme/garden/soil-logger      or a path of its own: then the id is <slug>-<8
//   hex>:othismo:local

#include <compare>
#include <string>
#include <string_view>

#include "protocol/error.hpp"

namespace celeriac::vm {

/// Bytes of a name in its text form, and of a node's or a topic's.
inline constexpr std::size_t max_name_bytes = 512;
inline constexpr std::size_t max_path_bytes = 255;

struct ProcessName {
  std::string process;
  std::string package;
  std::string publisher;

  [[nodiscard]] std::string text() const;
  /// "package:publisher"
  [[nodiscard]] std::string package_id() const;
  /// /proc/publisher/package/process
  [[nodiscard]] std::string path() const;
  friend auto operator<=>(const ProcessName&, const ProcessName&) = default;
  friend bool operator==(const ProcessName&, const ProcessName&) = default;
};

struct Address {
  std::string node;
  ProcessName process;

  [[nodiscard]] std::string text() const;
  friend auto operator<=>(const Address&, const Address&) = default;
  friend bool operator==(const Address&, const Address&) = default;
};

/// "our" in place of this node's name.
inline constexpr std::string_view our = "our";
/// Where the system's own services are: kernel:distro:sys.
[[nodiscard]] ProcessName system_name(std::string_view process);

/// Status::malformed; the code tells what is wrong: missing_field, too_many_colons.
protocol::Result<ProcessName> parse_process_name(std::string_view text);
/// Also missing_node and too_many_ats.
protocol::Result<Address> parse_address(std::string_view text);

/// What a name that is made must hold to: process and package [a-z0-9-]+, publisher [a-z0-9.-]+.
protocol::Result<void> check_name(const ProcessName& name);
/// node [a-z0-9.-]+
protocol::Result<void> check_node(std::string_view node);

/// The id of an object that has a path of its own.
ProcessName name_of_path(std::string_view path);

}  // namespace celeriac::vm
