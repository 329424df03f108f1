#pragma once
// What a command works with: the world, the global options, and how to say things.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "console/client.hpp"
#include "console/exit_status.hpp"
#include "console/world.hpp"
#include "protocol/document.hpp"
#include "protocol/error.hpp"

namespace celeriac::console {

/// The options that every command takes.
struct GlobalOptions {
  std::filesystem::path directory = {};   ///< --dir; empty: see Context::directory
  bool json = false;                      ///< --json
  bool hypervisor = false;                ///< --hal
  std::string connect = {};               ///< --connect HOST:PORT; empty: unix sockets
  std::filesystem::path token_file = {};  ///< --token-file
};

class Context {
 public:
  Context(World& world, GlobalOptions options) : world_(world), options_(std::move(options)) {}

  [[nodiscard]] World& world() noexcept { return world_; }
  [[nodiscard]] const GlobalOptions& options() const noexcept { return options_; }
  [[nodiscard]] bool json() const noexcept { return options_.json; }

  /// Where a host of this user's runs: --dir, else CELERIAC_DIR, else XDG_RUNTIME_DIR/celeriac, else
  /// /tmp/celeriac-UID.
  [[nodiscard]] std::filesystem::path directory() const;
  /// Where the host's sockets are: directory(), or those of the installed service where nobody has named
  /// another one and no host runs in directory().
  [[nodiscard]] std::filesystem::path host_directory() const;
  /// Where its hypervisor keeps what it has recorded.
  [[nodiscard]] std::filesystem::path recording_directory() const;
  /// The sockets themselves, whatever --connect and --hal say.
  [[nodiscard]] Target vm() const;
  [[nodiscard]] Target hypervisor() const;
  /// Whom the options tell to talk to.
  [[nodiscard]] protocol::Result<Target> target() const;
  [[nodiscard]] const std::filesystem::path& token_file() const noexcept { return options_.token_file; }
  [[nodiscard]] bool remote() const noexcept { return !options_.connect.empty(); }
  [[nodiscard]] bool to_hypervisor() const noexcept { return options_.hypervisor; }
  boost::asio::awaitable<protocol::Result<std::unique_ptr<Client>>> connect() const;

  /// The result of a command: the document with --json, else the text; both end with a line feed of ours.
  Exit done(const protocol::Json& document, std::string_view text);
  /// What went wrong: the error document with --json, else a sentence on standard error.
  Exit failed(const protocol::Error& error);
  /// One line of output, at once visible to whoever reads along.
  void line(std::string_view text);
  void document(const protocol::Json& document);
  /// One line on standard error; nothing with --json.
  void note(std::string_view text);

 private:
  [[nodiscard]] std::optional<std::filesystem::path> named_directory() const;

  World& world_;
  GlobalOptions options_;
};

}  // namespace celeriac::console
