#pragma once
// A recording for a person: one line for what went over the wire, with its meaning, and for what was decided.
//
//   14:05:09.123  board    R82 X0.00 Y0.00 Z0.00 Q5      position
//   14:05:09.124  host     G00 X10.00 Y0.00 Z0.00 Q6

#include <string>
#include <string_view>

#include "hal/recording/record.hpp"

namespace celeriac::hal::recording {

class Transcript {
 public:
  /// `everything`: also alarms, jobs, and what else only a replay needs.
  explicit Transcript(bool everything) : everything_(everything) {}

  /// Lines for one line of a recording; "" for what is not shown, or not yet whole.
  std::string take(std::string_view line);

 private:
  std::string wire(const Record& record);
  [[nodiscard]] std::string time_of(const Record& record) const;

  bool everything_;
  std::int64_t wall_offset_us_ = 0;  // wall clock less the recording's, once a segment has told
  std::string received_, sent_;      // unfinished lines
};

}  // namespace celeriac::hal::recording
