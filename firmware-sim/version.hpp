#pragma once
// Which firmware release the double pretends to be, and what that release can do.

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace celeriac::firmware_sim {

/// `6.6.23`: compared number by number.
struct FirmwareVersion {
  int major = 6;
  int minor = 6;
  int patch = 23;

  auto operator<=>(const FirmwareVersion&) const = default;

  /// Reads `6.6.23`; anything after the third number (a suffix such as `.R.genesisK12`) is left to the
  /// caller.
  [[nodiscard]] static std::optional<FirmwareVersion> parse(std::string_view text);
  [[nodiscard]] std::string text() const;
};

/// The release that the reference measurements were made with.
inline constexpr FirmwareVersion reference_version{6, 6, 23};

/// Releases from which on something is there; from commit messages of the firmware, not from runs.
namespace since {
inline constexpr FirmwareVersion boot_dump{6, 5, 0};           ///< R99 lines and the R21 dump at boot
inline constexpr FirmwareVersion kit_in_version{6, 5, 36};     ///< `.R.genesisK12` instead of `.R`
inline constexpr FirmwareVersion stall_per_axis{6, 5, 36};     ///< errors 31, 32, 33 instead of 3
inline constexpr FirmwareVersion home_z2{6, 5, 31};            ///< P44, P64, P74
inline constexpr FirmwareVersion calibration_retry{6, 5, 39};  ///< P161-167, P171-173
inline constexpr FirmwareVersion retry_total{6, 6, 15};        ///< P175-177
inline constexpr FirmwareVersion pin_report{6, 6, 16};         ///< P198, P199 and R61
inline constexpr FirmwareVersion analog_pin_report{6, 6, 17};
inline constexpr FirmwareVersion abort{6, 6, 20};  ///< `@`, R86, error 5
inline constexpr FirmwareVersion dead_zone_per_axis{6, 6, 26};
}  // namespace since

}  // namespace celeriac::firmware_sim
