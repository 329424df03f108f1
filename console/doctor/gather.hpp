#pragma once
// Collects the facts: asks the daemons, looks at files and devices, has systemd asked. Changes nothing.

#include <boost/asio/awaitable.hpp>
#include <filesystem>

#include "console/context.hpp"
#include "console/doctor/bounded_run.hpp"
#include "console/doctor/facts.hpp"

namespace celeriac::console::doctor {

/// Where a doctor looks; tests bring their own.
struct Surroundings {
  Context& context;                  ///< sockets, the environment, where our programs lie
  std::filesystem::path root = "/";  ///< of /dev, /etc/celeriac, /run/systemd
  Run run;                           ///< what asks systemctl, and our programs for their versions
  Person person;                     ///< who asks
};

/// How long an answer may take. The image is read as a whole, which takes a card some time.
inline constexpr std::chrono::seconds answer_patience{5}, image_patience{60}, photo_patience{90};
/// Devices, and files of the configuration, that are looked at.
inline constexpr std::size_t max_devices = 64, max_files = 64;
/// A larger file is no configuration.
inline constexpr std::uintmax_t max_file_bytes = 1 << 20;

/// The user and the groups of this process.
Person this_person();

/// All facts. `photo`: has the camera take a picture.
boost::asio::awaitable<Facts> gather(const Surroundings& at, bool photo);

// Its parts, one a file.
boost::asio::awaitable<void> ask_daemons(const Surroundings& at, Facts& facts, bool photo);
boost::asio::awaitable<void> ask_system(const Surroundings& at, Facts& facts);
void look_at_files(const Surroundings& at, Facts& facts);

}  // namespace celeriac::console::doctor
