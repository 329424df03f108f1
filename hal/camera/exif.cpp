#include "hal/camera/exif.hpp"

#include <chrono>
#include <format>
#include <utility>
#include <vector>

#include "hal/camera/jpeg_file.hpp"

namespace celeriac::hal::camera {
namespace {

using protocol::Json;

// ---- TIFF, little endian ----

enum class Type : std::uint16_t { ascii = 2, whole16 = 3, whole32 = 4, undefined = 7 };

void put16(std::string& bytes, std::size_t value) {
  bytes += static_cast<char>(value & 0xFF);
  bytes += static_cast<char>(value >> 8 & 0xFF);
}
void put32(std::string& bytes, std::size_t value) {
  put16(bytes, value & 0xFFFF);
  put16(bytes, value >> 16);
}

struct Entry {
  std::uint16_t tag;
  Type type;
  std::size_t count;
  std::string value;  // its bytes
};

/// Entries in the order of their tags, as TIFF has them.
class Directory {
 public:
  void text(std::uint16_t tag, std::string value) {
    value.resize(std::min(value.size(), max_exif_text));
    value += '\0';
    const auto count = value.size();
    entries_.push_back({tag, Type::ascii, count, std::move(value)});
  }
  void undefined(std::uint16_t tag, std::string value) {
    const auto count = value.size();
    entries_.push_back({tag, Type::undefined, count, std::move(value)});
  }
  void whole16(std::uint16_t tag, std::size_t value) { number(tag, Type::whole16, value, put16); }
  void whole32(std::uint16_t tag, std::size_t value) { number(tag, Type::whole32, value, put32); }

  [[nodiscard]] std::size_t bytes() const {
    std::size_t sum = table_bytes();
    for (const auto& entry : entries_) sum += outside(entry);
    return sum;
  }

  /// What it is at `offset` of the file; there is no directory after it.
  [[nodiscard]] std::string at(std::size_t offset) const {
    std::string table, values;
    put16(table, entries_.size());
    for (const auto& entry : entries_) {
      put16(table, entry.tag);
      put16(table, static_cast<std::uint16_t>(entry.type));
      put32(table, entry.count);
      if (outside(entry) == 0) {
        table += entry.value;
        table.append(inside_bytes - entry.value.size(), '\0');
      } else {
        put32(table, offset + table_bytes() + values.size());
        values += entry.value;
        if (entry.value.size() % 2 != 0) values += '\0';  // values begin at even places
      }
    }
    put32(table, 0);
    return table + values;
  }

 private:
  static constexpr std::size_t inside_bytes = 4;

  [[nodiscard]] std::size_t table_bytes() const { return 2 + 12 * entries_.size() + 4; }
  static std::size_t outside(const Entry& entry) {
    return entry.value.size() <= inside_bytes ? 0 : entry.value.size() + entry.value.size() % 2;
  }
  void number(std::uint16_t tag, Type type, std::size_t value, void (*put)(std::string&, std::size_t)) {
    Entry entry{tag, type, 1, {}};
    put(entry.value, value);
    entries_.push_back(std::move(entry));
  }

  std::vector<Entry> entries_;
};

// ---- what the tags say ----

namespace tag {
constexpr std::uint16_t image_description = 0x010E, make = 0x010F, model = 0x0110, orientation = 0x0112,
                        software = 0x0131, date_time = 0x0132, exif_directory = 0x8769, exif_version = 0x9000,
                        date_time_original = 0x9003, offset_time = 0x9010, offset_time_original = 0x9011,
                        user_comment = 0x9286, subsec_original = 0x9291, width = 0xA002, height = 0xA003;
}  // namespace tag

struct Orientation {
  int rotation;
  std::size_t number;
};
constexpr Orientation orientations[] = {{0, 1}, {90, 6}, {180, 3}, {270, 8}};

std::size_t orientation_of(int rotation) {
  for (const auto& row : orientations)
    if (row.rotation == rotation) return row.number;
  return orientations[0].number;
}

/// For people who look at a file: "x 100.0, y 200.5 mm; z unknown".
std::string description(const PhotoFacts& facts) {
  std::string text;
  for (const auto axis : all_axes)
    text += std::format("{}{} {}", text.empty() ? "" : ", ", name(axis),
                        facts.place[axis] ? std::format("{:.1f} mm", *facts.place[axis]) : "unknown");
  return text;
}

}  // namespace

Json photo_comment(const PhotoFacts& facts) {
  const std::chrono::sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds(facts.time_ms)};
  Json comment{{"time", std::format("{:%FT%T}Z", time)}};
  if (!facts.name.empty()) comment["name"] = facts.name;
  for (const auto axis : all_axes)
    if (facts.place[axis]) comment[std::string(1, name(axis))] = *facts.place[axis];
  if (facts.calibration.is_object()) comment["calibration"] = facts.calibration;
  return comment;
}

std::string exif_segment(const PhotoFacts& facts) {
  using namespace std::chrono;
  const sys_time<milliseconds> time{milliseconds(facts.time_ms)};
  const auto second = std::format("{:%Y:%m:%d %H:%M:%S}", floor<seconds>(time));
  const std::string utc = "+00:00";
  constexpr std::string_view ascii_comment("ASCII\0\0\0", 8);
  std::string comment = photo_comment(facts).dump(-1, ' ', true, Json::error_handler_t::replace);
  // Half a document is none: a comment that is too long goes without its calibration.
  if (comment.size() > max_exif_text) {
    PhotoFacts shorter = facts;
    shorter.calibration = nullptr;
    comment = photo_comment(shorter).dump(-1, ' ', true, Json::error_handler_t::replace);
  }

  Directory exif;
  exif.undefined(tag::exif_version, "0232");
  exif.text(tag::date_time_original, second);
  exif.text(tag::offset_time, utc);
  exif.text(tag::offset_time_original, utc);
  exif.undefined(tag::user_comment, std::string(ascii_comment) + comment);
  exif.text(tag::subsec_original, std::format("{:03}", (time - floor<seconds>(time)).count()));
  exif.whole32(tag::width, static_cast<std::size_t>(facts.width));
  exif.whole32(tag::height, static_cast<std::size_t>(facts.height));

  constexpr std::size_t header_bytes = 8;
  const auto image = [&](std::size_t exif_offset) {
    Directory made;
    made.text(tag::image_description, description(facts));
    made.text(tag::make, "Celeriac");
    if (!facts.model.empty()) made.text(tag::model, facts.model);
    made.whole16(tag::orientation, orientation_of(facts.rotation));
    made.text(tag::software, "Celeriac " CELERIAC_VERSION);
    made.text(tag::date_time, second);
    made.whole32(tag::exif_directory, exif_offset);
    return made;
  };
  const auto exif_offset = header_bytes + image(0).bytes();

  std::string body(exif_signature);
  body += "II";
  put16(body, 42);
  put32(body, header_bytes);
  body += image(exif_offset).at(header_bytes);
  body += exif.at(exif_offset);
  const auto length = body.size() + 2;  // below 64 KiB: two texts of max_exif_text at most are in it
  return std::string("\xFF\xE1") + static_cast<char>(length >> 8) + static_cast<char>(length & 0xFF) + body;
}

}  // namespace celeriac::hal::camera
