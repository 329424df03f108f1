#pragma once
// Times as tests write them: "2025-03-30 08:00" of a zone.

#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <sstream>
#include <string>

#include "vm/schedule/calendar.hpp"

namespace celeriac::vm::testing {

/// "YYYY-MM-DD hh:mm" on the wall of a zone.
inline WallTime at(const std::string& text, const std::string& zone = "Etc/UTC") {
  std::istringstream stream(text);
  std::chrono::local_time<std::chrono::minutes> local;
  stream >> std::chrono::parse("%F %H:%M", local);
  REQUIRE_FALSE(stream.fail());
  return zone_of(zone).zone->to_sys(local, std::chrono::choose::earliest);
}

/// As the web API writes it.
inline std::string iso(WallTime time) {
  return std::format("{:%FT%T}Z", time);
}

}  // namespace celeriac::vm::testing
