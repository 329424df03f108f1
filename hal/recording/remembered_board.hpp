#pragma once
// The board of a snapshot: it was running, is as the snapshot says, and does at once what it is told. A
// replay that begins in the middle introduces the hypervisor to it.

#include <map>
#include <string>
#include <string_view>

#include "protocol/document.hpp"

namespace celeriac::hal::recording {

class RememberedBoard {
 public:
  /// `memory` is a snapshot's; what is missing in it is not reported.
  explicit RememberedBoard(const protocol::Json& memory);

  /// Takes bytes of the host, and returns what it says to them.
  std::string take(std::string_view bytes);
  /// Its report when idle: R00 or R87, and where it stands.
  [[nodiscard]] std::string idle_report() const;

 private:
  std::string answer(const std::string& line);

  std::string version_;
  std::map<int, std::int32_t> parameters_;
  std::map<int, double> pins_;
  std::string position_, scaled_encoders_, raw_encoders_, end_stops_;  // lines without Q; "" for unknown
  bool locked_;
  std::string line_;
};

}  // namespace celeriac::hal::recording
