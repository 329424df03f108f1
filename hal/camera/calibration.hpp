#pragma once
// What a person has found out about the camera's place above the bed: written into each picture, so that
// whoever looks at one knows where in the garden a pixel is.
//
// The fields are those that FarmBot's camera calibration keeps in the user environment, there with
// CAMERA_CALIBRATION_ before them and their values as texts; both spellings are read.

#include <filesystem>

#include "protocol/document.hpp"
#include "protocol/error.hpp"

namespace celeriac::hal::camera {

/// `{coord_scale: mm a pixel, camera_offset_x, camera_offset_y: mm from the tool to the middle of the
/// picture, camera_z: mm, total_rotation_angle: degrees, image_bot_origin_location: "BOTTOM_LEFT" …,
/// center_pixel_location_x, center_pixel_location_y: pixels}`, each optional. Status::malformed with a
/// sentence that names field and range.
protocol::Result<protocol::Json> check_calibration(const protocol::Json& document);

/// The file, checked. Status::failed if it cannot be read.
protocol::Result<protocol::Json> read_calibration(const std::filesystem::path& path);

}  // namespace celeriac::hal::camera
