#pragma once
// What must never happen, looked at after every event.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "house.hpp"

namespace celeriac::soak {

/// Pins of fail-safe outputs, one for each of the first clients.
inline constexpr std::array<int, 2> outputs = {8, 9};
/// How long one of them may be on, as the gardeners declare it.
inline constexpr std::chrono::seconds longest_on{120};
/// What switching off may take beyond that on a line in order: a move or a calibration is stopped first, and
/// its pauses of a second are the longest that the board hears nothing.
inline constexpr std::chrono::seconds switching_off{10};
/// From the end of the last trouble on the line to READY: the longest back-off (3 s), a board that says
/// nothing (12 s) and one that is tried again, an idle report of a slow board, boot and configuring.
inline constexpr std::chrono::seconds recovery{60};
/// The longest request at work: all three axes found by a board that times out three times, 120 s each.
inline constexpr std::chrono::minutes longest_request{30};

struct Figures {
  std::uint64_t faults = 0;
  std::map<std::string, std::uint64_t> faults_by_kind;
  std::uint64_t link_losses = 0;
  std::uint64_t machine_failures = 0;
  double worst_recovery_s = 0;
  double worst_on_s = 0;
};

class Watch {
 public:
  explicit Watch(House& house);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  /// After each event.
  void look();
  /// We have done it: the link is down until the new one has it.
  void hypervisor_restarted();
  /// A client has gone: its outputs have to go off.
  void client_gone(std::size_t client);
  /// A request that was asked at `since` has failed because of the machine: the log has to name it too.
  void machine_failed(Instant since, std::string_view what);
  /// A client wants its output on: it is its own again.
  void client_wants(std::size_t client);
  void violation(std::string text);

  [[nodiscard]] const std::vector<std::string>& violations() const { return violations_; }
  [[nodiscard]] const Figures& figures() const { return figures_; }

 private:
  struct OutputWatch {
    std::optional<Instant> on_since;
    std::optional<Instant> orphan_since;
    bool told = false;
  };

  void hear_fault(std::string_view text);
  void look_at_link();
  void look_at_output(std::size_t which);

  House& house_;
  Figures figures_;
  std::vector<std::string> violations_;
  Instant line_troubled_until_{};
  std::optional<Instant> not_ready_since_;
  Instant ready_since_{};
  Instant last_complaint_{};
  bool not_ready_told_ = false;
  hal::firmware::LinkState last_state_ = hal::firmware::LinkState::closed;
  std::array<OutputWatch, outputs.size()> outputs_{};
};

}  // namespace celeriac::soak
