#pragma once
// The bed: how moist the soil is at a place, and how much water every place has got.

#include <cstddef>
#include <map>
#include <utility>
#include <vector>

namespace celeriac::firmware_sim {

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

  /// Sensor counts, 0..1023.
  [[nodiscard]] int moisture_at(double x, double y) const;
  /// Makes the soil around a place read `counts`, and forgets nothing of the water that fell. Beyond
  /// `max_patches` the oldest goes.
  void set_moisture(double x, double y, int counts);

  void water(double x, double y, double litres);
  [[nodiscard]] double litres() const { return litres_; }
  /// What fell within `radius_mm` of a place.
  [[nodiscard]] double litres_near(double x, double y, double radius_mm = reach_mm) const;

 private:
  struct Patch {
    double x;
    double y;
    double counts;  ///< as set, less what the water up to then makes of it
  };

  std::map<std::pair<int, int>, double> cells_;
  std::vector<Patch> patches_;
  double litres_ = 0;
};

}  // namespace celeriac::firmware_sim
