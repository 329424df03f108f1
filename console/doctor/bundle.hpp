#pragma once
// The fault bundle: one tar for whoever helps. Nothing in it opens a door: secrets are left out.
//
//   celeriac-doctor/doctor.txt, doctor.json      what doctor found
//                  /status.json                  the status tree, image check, packages, processes, units
//                  /versions.txt                 programs and system
//                  /configuration/…              /etc/celeriac, secrets replaced
//                  /settings/…                   parameters.json, settings.json … of the hypervisor
//                  /journal.txt                  the newest lines of our units
//                  /trace.trace                  the last hour of the board's line
//                  /fault/…                      what the hypervisor put aside at its last fault
//                  /missing.txt                  what could not be had, and why

#include <boost/asio/awaitable.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "console/doctor/checks.hpp"
#include "console/doctor/gather.hpp"

namespace celeriac::console::doctor {

/// Of the journal, of the trace, and of any other file.
inline constexpr std::size_t max_journal_bytes = 4 << 20, max_trace_bytes = 64 << 20,
                             max_text_bytes = 1 << 20;
/// Lines of the journal, the newest; and of the trace, the last hour.
inline constexpr const char* journal_lines = "--lines=5000";
inline constexpr const char* trace_time = "1h";
/// What collecting them may take.
inline constexpr std::chrono::seconds journal_patience{20}, trace_patience{60};

/// A file of the bundle.
struct BundleFile {
  std::string name;  ///< below celeriac-doctor/
  std::string bytes;
};

/// Text of a configuration without what opens doors: values of names that speak of passwords, tokens, secrets
/// and keys (not of files that hold them), and of users in addresses.
std::string without_secrets(std::string_view text);

/// Everything that goes into the bundle.
boost::asio::awaitable<std::vector<BundleFile>> collect(const Surroundings& at, const Facts& facts,
                                                        const Diagnosis& diagnosis);

/// Writes a tar that only its owner may read; compressed if its name ends in .gz or .tgz. A file that is
/// there is replaced when the new one is whole. failed: the sentence names the file.
protocol::Result<void> write_tar(const std::filesystem::path& path, const std::vector<BundleFile>& files);

}  // namespace celeriac::console::doctor
