#pragma once
// The simulated bed from above: x to the right, y upward, z as a column at the side.
//
//   time and position ───────────────────────────┐
//   │   ┌──────────┃───────────────────┐      ║  │
//   │   │   ● plant┃      ░ wet soil   │      ▒ ◄── the tool's height, between 0 and the length of z
//   │   │          ■ ◄ tool head       │      ║  │
//   │   └──────────┃◄ gantry ──────────┘      ║  │
//   what is on ──────────────────────────────────┘

#include "hal/camera/canvas.hpp"
#include "hal/camera/scene.hpp"

namespace celeriac::hal::camera {

inline constexpr int picture_width = 640, picture_height = 480;  ///< pixels

/// What things look like.
namespace colours {
inline constexpr Colour ground{214, 210, 200}, dry_soil{121, 85, 58}, soaked_soil{45, 34, 30},
    plant{60, 140, 50}, gantry{150, 155, 165}, head{240, 200, 40}, tool{190, 40, 40}, ink{20, 20, 20},
    on{30, 80, 200};
}  // namespace colours

/// Where a place of the bed is in the picture.
class View {
 public:
  explicit View(const Scene& scene);
  [[nodiscard]] Pixel at(double x_mm, double y_mm) const;
  [[nodiscard]] int pixels(double millimetres) const;

  double width_mm, height_mm;  ///< of what is shown

 private:
  double scale_;  // pixels in a millimetre
  Pixel origin_;
};

Canvas draw(const Scene& scene);

}  // namespace celeriac::hal::camera
