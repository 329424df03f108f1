#pragma once
// The bed: how moist the soil is at a place, how much water every place has got, and what grows there.

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace celeriac::firmware_sim {

/// To be seen, by a camera; it does not drink. Millimetres.
struct Plant {
  double x;
  double y;
  double radius;
  std::string name;
};

/// A square of soil by its middle, mm, and what fell on it.
struct WetSquare {
  double x;
  double y;
  double litres;
};

/// Places are millimetres of the carriage. The soil sensor's counts rise with moisture: about 250 in dry soil
/// and 850 in water, as its maker says.
class Soil {
 public:
  /// Fresh soil of middling moisture.
  static constexpr int fresh = 512;
  static constexpr int soaked = 850;
  /// Within this the water of a spot moistens, and a value that was set holds.
  static constexpr double reach_mm = 100;
  /// Places of their own; water beyond them is only counted in the sum.
  static constexpr std::size_t max_cells = 65'536;
  static constexpr std::size_t max_patches = 1'024;
  static constexpr std::size_t max_plants = 1'024;

  /// Sensor counts, 0..1023.
  [[nodiscard]] int moisture_at(double x, double y) const;
  /// Makes the soil around a place read `counts`, and forgets nothing of the water that fell. Beyond
  /// `max_patches` the oldest goes.
  void set_moisture(double x, double y, int counts);

  void water(double x, double y, double litres);
  [[nodiscard]] double litres() const { return litres_; }
  /// What fell within `radius_mm` of a place.
  [[nodiscard]] double litres_near(double x, double y, double radius_mm = reach_mm) const;
  /// Where water fell within so far from home, by squares of at least 10 mm.
  [[nodiscard]] std::vector<WetSquare> wet_squares(double side_mm, double farthest_x,
                                                   double farthest_y) const;

  /// False: the bed is full.
  bool plant(Plant plant);
  [[nodiscard]] std::span<const Plant> plants() const { return plants_; }

 private:
  struct Patch {
    double x;
    double y;
    double counts;  ///< as set, less what the water up to then makes of it
  };

  std::map<std::pair<int, int>, double> cells_;
  std::vector<Patch> patches_;
  std::vector<Plant> plants_;
  double litres_ = 0;
};

}  // namespace celeriac::firmware_sim
