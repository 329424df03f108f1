// The ring as one text.

#include <algorithm>
#include <fstream>
#include <iterator>

#include "hal/recording/ring.hpp"

namespace celeriac::hal::recording {
namespace {

namespace fs = std::filesystem;
using protocol::Json;

struct Segment {
  std::string text;  // whole lines
  std::int64_t time_us = 0, wall_ms = 0;
};

std::optional<Segment> read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  Segment segment{.text = std::string(std::istreambuf_iterator<char>(file), {})};
  segment.text.resize(segment.text.rfind('\n') + 1);  // a line may be on its way; npos + 1 is 0
  const std::string_view first = std::string_view(segment.text).substr(0, segment.text.find('\n') + 1);
  if (const auto record = parse_line(first); record && record->kind == Kind::segment) {
    const auto head = Json::parse(record->text, nullptr, false);
    if (head.is_object()) segment.wall_ms = head.value("wall_ms", std::int64_t{0});
    segment.time_us = record->time_us;
  }
  return segment;
}

// Where to begin so that everything after `cut_ms` is there and can be replayed.
std::size_t beginning(const Segment& segment, std::int64_t cut_ms) {
  std::size_t at = 0, begin = 0;
  while (at < segment.text.size()) {
    const auto end = segment.text.find('\n', at) + 1;
    if (const auto record = parse_line(std::string_view(segment.text).substr(at, end - at))) {
      if (segment.wall_ms + (record->time_us - segment.time_us) / 1000 > cut_ms) break;
      if (record->kind == Kind::snapshot || record->kind == Kind::start) begin = at;
    }
    at = end;
  }
  return begin;
}

}  // namespace

std::string merged(const fs::path& directory, std::optional<std::chrono::milliseconds> since,
                   std::int64_t now_wall_ms) {
  std::vector<Segment> segments;
  for (const auto& path : segments_of(directory))
    if (auto segment = read(path)) segments.push_back(std::move(*segment));
  const auto cut = since ? now_wall_ms - since->count() : 0;
  // The last that began before.
  auto first = segments.begin();
  for (auto segment = segments.begin(); since && segment != segments.end(); ++segment)
    if (segment->wall_ms <= cut) first = segment;
  std::string text;
  for (auto segment = first; segment != segments.end(); ++segment) {
    std::size_t begin = 0;
    if (since && segment == first && segment->wall_ms <= cut) {
      begin = beginning(*segment, cut);
      if (begin > 0) text += segment->text.substr(0, segment->text.find('\n') + 1);
    }
    text.append(segment->text, begin);
  }
  return text;
}

}  // namespace celeriac::hal::recording
