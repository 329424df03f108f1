#include "hal/camera/bed_picture.hpp"

#include <algorithm>
#include <cmath>
#include <format>

namespace celeriac::hal::camera {
namespace {

constexpr int margin = 12;
constexpr int column_width = 14;
constexpr Pixel bed_corner{margin, margin + 2 * Canvas::line_height};  // upper left
constexpr int bed_width = picture_width - 3 * margin - 3 * column_width;
constexpr int bed_height = picture_height - 2 * bed_corner.y;
/// What is shown of an axis that has no ends.
constexpr double open_axis_mm = 1000;
/// So much water makes soil as dark as it gets: 10 mm of rain.
constexpr double soaked_litres_per_square_metre = 10;
constexpr int gantry_half_width = 3, head_half_width = 6, tool_radius = 3;
/// More than the simulated bot's rails: keeps pixels of places far away whole numbers.
constexpr double farthest_mm = 1e6;

double extent(const std::optional<double>& length, double carriage) {
  return length.value_or(std::max(open_axis_mm, std::min(std::abs(carriage), farthest_mm)));
}

Colour between(Colour dry, Colour wet, double share) {
  const auto mix = [share](std::uint8_t from, std::uint8_t to) {
    return static_cast<std::uint8_t>(std::lround(from + (to - from) * share));
  };
  return {mix(dry.red, wet.red), mix(dry.green, wet.green), mix(dry.blue, wet.blue)};
}

void draw_soil(Canvas& canvas, const View& view, const Scene& scene) {
  canvas.fill(view.at(0, 0), view.at(view.width_mm, view.height_mm), colours::dry_soil);
  const double half = scene.square_mm / 2;
  const double square_metres = scene.square_mm * scene.square_mm / 1e6;
  for (const auto& [x, y, litres] : scene.wet) {
    const double share = std::clamp(litres / square_metres / soaked_litres_per_square_metre, 0.0, 1.0);
    canvas.fill(view.at(std::max(x - half, 0.0), std::max(y - half, 0.0)),
                view.at(std::min(x + half, view.width_mm), std::min(y + half, view.height_mm)),
                between(colours::dry_soil, colours::soaked_soil, share));
  }
}

void draw_plants(Canvas& canvas, const View& view, const Scene& scene) {
  for (const auto& plant : scene.plants)
    canvas.disc(view.at(plant.x, plant.y), std::max(view.pixels(plant.radius), 2), colours::plant);
}

void draw_gantry(Canvas& canvas, const View& view, const Scene& scene) {
  const double x = scene.carriage[Axis::x], y = scene.carriage[Axis::y];
  const Pixel foot = view.at(x, 0), top = view.at(x, view.height_mm), head = view.at(x, y);
  canvas.fill({foot.x - gantry_half_width, foot.y}, {top.x + gantry_half_width, top.y}, colours::gantry);
  canvas.fill({head.x - head_half_width, head.y - head_half_width},
              {head.x + head_half_width, head.y + head_half_width}, colours::head);
  if (scene.tool) canvas.disc(head, tool_radius, colours::tool);
}

// The tool's height: the length of z may lie above or below its home, so only the distance counts.
void draw_height(Canvas& canvas, const Scene& scene) {
  const double z = std::abs(scene.carriage[Axis::z]);
  const double share = std::min(z / extent(scene.lengths[Axis::z], z), 1.0);
  const int left = picture_width - margin - 2 * column_width;
  const int y = bed_corner.y + static_cast<int>(std::lround(share * bed_height));
  canvas.fill({left, bed_corner.y}, {left + column_width, bed_corner.y + bed_height}, colours::gantry);
  canvas.fill({left, y - 2}, {left + column_width, y + 2}, colours::head);
}

void write_words(Canvas& canvas, const Scene& scene) {
  const auto& at = scene.carriage;
  canvas.text({margin, margin},
              std::format("{:.1f} s  x {:.1f}  y {:.1f}  z {:.1f} mm", scene.seconds, at[Axis::x],
                          at[Axis::y], at[Axis::z]),
              colours::ink);
  std::string on;
  for (const auto& name : scene.on) on += std::format("{}{}", on.empty() ? "on: " : ", ", name);
  canvas.text({margin, picture_height - margin - Canvas::line_height}, on, colours::on);
}

}  // namespace

View::View(const Scene& scene)
    : width_mm(extent(scene.lengths[Axis::x], scene.carriage[Axis::x])),
      height_mm(extent(scene.lengths[Axis::y], scene.carriage[Axis::y])),
      scale_(std::min(bed_width / width_mm, bed_height / height_mm)),
      origin_{bed_corner.x, bed_corner.y + static_cast<int>(height_mm * scale_)} {}

Pixel View::at(double x_mm, double y_mm) const {
  return {origin_.x + pixels(x_mm), origin_.y - pixels(y_mm)};
}

int View::pixels(double millimetres) const {
  return static_cast<int>(std::lround(std::clamp(millimetres, -farthest_mm, farthest_mm) * scale_));
}

Canvas draw(const Scene& scene) {
  Canvas canvas(picture_width, picture_height, colours::ground);
  const View view(scene);
  draw_soil(canvas, view, scene);
  draw_plants(canvas, view, scene);
  draw_gantry(canvas, view, scene);
  draw_height(canvas, scene);
  write_words(canvas, scene);
  return canvas;
}

}  // namespace celeriac::hal::camera
