#pragma once
// Soft limits: how far each axis may go, checked before anything is sent.
//
// A limit is a setting of the host (soft_limit_low_x …), or follows from the axis' length where that is
// known: 0 to the length, or minus the length to 0 where home is up. Where the board itself cuts a target
// short (movement_stop_at_home, movement_stop_at_max) the length makes no limit: such a move succeeds and is
// reported.

#include <optional>
#include <string>

#include "hal/firmware/parameters.hpp"
#include "protocol/document.hpp"
#include "protocol/error.hpp"

namespace celeriac::hal::motion {

struct Limit {
  double mm;
  std::string from;  ///< where it comes from: a setting, or parameters of the firmware
};

/// The range of one axis.
struct Range {
  std::optional<Limit> low = {}, high = {};
};

/// `settings`: stored settings of the host, by name; null or absent is no limit.
PerAxis<Range> limits_of(const firmware::ParameterSet& parameters, const protocol::Json& settings);

/// Refuses a target beyond a limit, unless the axis would not move, or would come nearer to its range from
/// outside. Status::wrong_state, code `soft_limit`, naming axis, coordinate, limit and where it comes from.
protocol::Result<void> check_limits(const PerAxis<Range>& limits, const PerAxis<double>& from_mm,
                                    const PerAxis<double>& target_mm);

/// The target, as far as the limits allow; an axis outside its range stays where it is rather than leaving
/// further.
PerAxis<double> within(const PerAxis<Range>& limits, const PerAxis<double>& from_mm,
                       PerAxis<double> target_mm);

}  // namespace celeriac::hal::motion
