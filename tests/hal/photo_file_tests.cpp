// Photos as files: what is written into them, and what of others is refused.

#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <map>

#include "bench.hpp"
#include "hal/camera/calibration.hpp"
#include "hal/camera/exif.hpp"
#include "hal/camera/jpeg.hpp"
#include "hal/camera/jpeg_file.hpp"

namespace celeriac::hal::testing {
namespace {

using namespace camera;
using protocol::Json;
using protocol::Status;

std::string picture() {
  return encode_jpeg(Canvas(32, 16, {10, 200, 30}));
}

/// The tags of an Exif segment, read by the book: numbers as numbers, the rest as their bytes.
std::map<int, std::string> tags_of(std::string_view jpeg) {
  const auto file = inspect_jpeg(jpeg);
  REQUIRE(file);
  REQUIRE_FALSE(file->segments.empty());
  REQUIRE(file->segments.front().kind == marker::app1);
  auto tiff = file->segments.front().bytes.substr(4);
  REQUIRE(tiff.starts_with(exif_signature));
  tiff.remove_prefix(exif_signature.size());
  REQUIRE(tiff.starts_with("II"));
  const auto whole = [&](std::size_t at, std::size_t bytes) {
    std::size_t value = 0;
    for (std::size_t i = bytes; i-- > 0;) value = value << 8 | static_cast<unsigned char>(tiff.at(at + i));
    return value;
  };
  std::map<int, std::string> tags;
  const auto read = [&](std::size_t directory, const auto& again) -> void {
    const auto count = whole(directory, 2);
    int before = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const auto at = directory + 2 + 12 * i;
      const int tag = static_cast<int>(whole(at, 2));
      CHECK(tag > before);  // sorted, as TIFF wants it
      before = tag;
      const auto type = whole(at + 2, 2), size = whole(at + 4, 4);
      if (type == 3) {
        tags[tag] = std::to_string(whole(at + 8, 2));
      } else if (type == 4) {
        tags[tag] = std::to_string(whole(at + 8, 4));
        if (tag == 0x8769) again(whole(at + 8, 4), again);
      } else {
        const auto from = size <= 4 ? at + 8 : whole(at + 8, 4);
        CHECK((size <= 4 || from % 2 == 0));
        REQUIRE(from + size <= tiff.size());
        tags[tag] = std::string(tiff.substr(from, type == 2 ? size - 1 : size));
      }
    }
    CHECK(whole(directory + 2 + 12 * count, 4) == 0);
  };
  read(whole(4, 4), read);
  return tags;
}

PhotoFacts facts() {
  return {.time_ms = 1'700'000'000'123,
          .place = {100.0, 200.5, std::nullopt},
          .width = 32,
          .height = 16,
          .rotation = 90,
          .name = "a.jpg",
          .model = "Webcam C920",
          .calibration = {{"coord_scale", 0.5}}};
}

}  // namespace

TEST_CASE("photo file: time, place, calibration and orientation are read back") {
  const auto jpeg = picture();
  const auto file = inspect_jpeg(jpeg);
  REQUIRE(file);
  auto tags = tags_of(with_exif(*file, exif_segment(facts())));
  CHECK(tags[0x010E] == "x 100.0 mm, y 200.5 mm, z unknown");
  CHECK(tags[0x0110] == "Webcam C920");
  CHECK(tags[0x0112] == "6");
  CHECK(tags[0x0131].starts_with("Celeriac "));
  CHECK(tags[0x9003] == "2023:11:14 22:13:20");
  CHECK(tags[0x9011] == "+00:00");
  CHECK(tags[0x9291] == "123");
  CHECK(tags[0xA002] == "32");
  CHECK(tags[0xA003] == "16");
  REQUIRE(tags[0x9286].starts_with(std::string_view("ASCII\0\0\0", 8)));
  CHECK(Json::parse(tags[0x9286].substr(8)) == Json{{"time", "2023-11-14T22:13:20.123Z"},
                                                    {"name", "a.jpg"},
                                                    {"x", 100.0},
                                                    {"y", 200.5},
                                                    {"calibration", {{"coord_scale", 0.5}}}});
}

TEST_CASE("photo file: each rotation has its orientation") {
  for (const auto& [rotation, orientation] : {std::pair(0, "1"), {90, "6"}, {180, "3"}, {270, "8"}}) {
    auto turned = facts();
    turned.rotation = rotation;
    const auto jpeg = picture();
    CHECK(tags_of(with_exif(*inspect_jpeg(jpeg), exif_segment(turned)))[0x0112] == orientation);
  }
}

TEST_CASE("photo file: an Exif of the camera's gives way, everything else stays as it is") {
  const auto jpeg = picture();
  const auto file = inspect_jpeg(jpeg);
  const auto other = exif_segment({.name = "of the camera"});
  const auto twice = with_exif(*file, other + other);
  const auto marked = with_exif(*inspect_jpeg(twice), exif_segment(facts()));
  CHECK(marked.size() == jpeg.size() + exif_segment(facts()).size());
  CHECK_FALSE(marked.contains("of the camera"));
  CHECK(marked.ends_with(std::string_view(jpeg).substr(2)));
}

TEST_CASE("photo file: texts that are too long are cut, and a comment stays a whole document") {
  auto endless = facts();
  endless.model = std::string(100'000, 'm');
  endless.calibration = {{"image_bot_origin_location", std::string(100'000, 'c')}};
  const auto jpeg = picture();
  auto tags = tags_of(with_exif(*inspect_jpeg(jpeg), exif_segment(endless)));
  CHECK(tags[0x0110].size() == max_exif_text);
  CHECK(Json::parse(tags[0x9286].substr(8))["x"] == 100.0);
}

TEST_CASE("photo file: what is no JPEG is refused, wherever it breaks off") {
  const auto jpeg = picture();
  const auto scan = jpeg.size() - inspect_jpeg(jpeg)->scan.size();
  for (std::size_t size = 0; size < scan; ++size) {
    CAPTURE(size);
    CHECK(inspect_jpeg(std::string_view(jpeg).substr(0, size)).error().status == Status::hardware_fault);
  }
  CHECK(inspect_jpeg(std::string_view("\x89PNG\r\n", 6)).error().message ==
        "What the camera gave is no JPEG picture: it does not begin like one.");
  std::string many("\xFF\xD8", 2);
  for (std::size_t i = 0; i <= max_jpeg_segments; ++i) many += std::string("\xFF\xE0\0\2", 4);
  CHECK(inspect_jpeg(many).error().message.contains("too many segments"));
  CHECK(inspect_jpeg(std::string("\xFF\xD8\xFF\xE0\0\1rest", 10)).error().message.contains("longer"));
}

TEST_CASE("photo file: the standard tables complete a picture that came without them") {
  const auto jpeg = picture();
  const auto whole = inspect_jpeg(jpeg);
  REQUIRE(whole->huffman_tables);
  std::string bare("\xFF\xD8", 2);
  for (const auto& segment : whole->segments)
    if (segment.kind != marker::dht) bare += segment.bytes;
  bare += whole->scan;
  const auto file = inspect_jpeg(bare);
  REQUIRE(file);
  CHECK_FALSE(file->huffman_tables);
  const auto completed = with_huffman_tables(*file);
  REQUIRE(inspect_jpeg(completed)->huffman_tables);
  CHECK(inspect_jpeg(completed)->scan == whole->scan);
  CHECK(standard_huffman_tables().size() == 420);  // the size of the four tables of annex K in one segment
}

TEST_CASE("photo file: a calibration is read as FarmBot writes it, and checked") {
  const auto read = check_calibration({{"CAMERA_CALIBRATION_coord_scale", "0.55"},
                                       {"camera_offset_x", -20},
                                       {"total_rotation_angle", 1.5},
                                       {"image_bot_origin_location", "BOTTOM_LEFT"}});
  REQUIRE(read);
  CHECK(*read == Json{{"coord_scale", 0.55},
                      {"camera_offset_x", -20.0},
                      {"total_rotation_angle", 1.5},
                      {"image_bot_origin_location", "BOTTOM_LEFT"}});
  const auto why = [](const Json& document) { return check_calibration(document).error().message; };
  CHECK(why({{"coord_scale", 0}}) ==
        "The calibration's coord_scale is a number from 0.001 to 1000 mm a pixel.");
  CHECK(why({{"coord_scale", "wide"}}).starts_with("The calibration's coord_scale"));
  CHECK(why({{"image_bot_origin_location", "LEFT"}}) ==
        "The calibration's image_bot_origin_location is TOP_LEFT, TOP_RIGHT, BOTTOM_LEFT or BOTTOM_RIGHT.");
  CHECK(why({{"camera_ofset_x", 1}}).ends_with("Did you mean \"camera_offset_x\"?"));
  CHECK(why(Json::array()).starts_with("A camera calibration is a JSON object"));
  Folder folder;
  CHECK(read_calibration(folder.path() / "none.json").error().status == Status::failed);
  std::ofstream(folder.path() / "c.json") << R"({"camera_z": 5})";
  CHECK(*read_calibration(folder.path() / "c.json") == Json{{"camera_z", 5.0}});
}

}  // namespace celeriac::hal::testing
