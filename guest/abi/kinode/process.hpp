#pragma once
// One Kinode process: what its personality remembers between calls, and its functions.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "guest/abi/canonical/instance.hpp"
#include "guest/abi/kinode/types.hpp"
#include "guest/abi/personality.hpp"
#include "protocol/envelope.hpp"

namespace celeriac::guest::kinode {

class Process final : public PersonalityBase {
 public:
  [[nodiscard]] std::span<const HostFunction> functions() const override;
  void serve(Guest& guest) override;

  [[nodiscard]] canonical::Instance& instance() noexcept { return instance_; }

  /// What there is to know of blobs without asking: of the message received last, and of the last that had
  /// one.
  struct Blobs {
    std::optional<protocol::BlobInfo> current;
    std::optional<protocol::BlobInfo> last;
  } blobs;

 private:
  canonical::Instance instance_;
};

/// The functions of a version, as they are imported from `module`, which must live for ever. Messages, and
/// the rest.
std::vector<HostFunction> message_functions(std::string_view module, Version version);
std::vector<HostFunction> process_functions(std::string_view module, Version version);

}  // namespace celeriac::guest::kinode
