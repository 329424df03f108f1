#pragma once
// The options of celeriac-hal about photos.

#include <CLI/App.hpp>

#include "hal/camera/photo_service.hpp"

namespace celeriac::hal::camera {

/// `options` must outlive the parsing.
void add_options(CLI::App& app, PhotoOptions& options);

}  // namespace celeriac::hal::camera
