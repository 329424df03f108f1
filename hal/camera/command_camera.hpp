#pragma once
// A program that takes a picture, as rpicam-still does: `command:PROGRAM ARGUMENTS`.
//
// In its words {width} and {height} are the size that is asked for, {rotation} the degrees clockwise by which
// the program is to turn the picture (without it the file says how it is to be turned), and {output} a file
// to write the picture to; without {output} it is read from standard output. No shell looks at them.

#include <vector>

#include "hal/camera/camera.hpp"
#include "hal/programs/program_run.hpp"

namespace celeriac::hal::camera {

/// Less than the photographer's patience, so that the sentence names the program.
inline constexpr std::chrono::seconds command_patience{12};
/// A 12 megapixel picture has 4 to 8 MB.
inline constexpr std::size_t max_command_picture = 32 * 1024 * 1024;

/// The Raspberry Pi's own cameras. No preview window; a second for exposure and white balance, which
/// --immediate would not leave; the thumbnail would be lost with rpicam's own Exif.
inline constexpr std::string_view rpicam_program = "rpicam-still";
inline constexpr std::string_view rpicam_command =
    "rpicam-still --nopreview --timeout 1000 --encoding jpg --thumb none --verbose 0 --width {width} "
    "--height {height} --output -";

class CommandCamera final : public Camera {
 public:
  /// `words` are not empty.
  CommandCamera(const CameraParts& parts, std::vector<std::string> words);
  ~CommandCamera() override { give_up(); }

  void take(Completion done) override;
  void give_up() override;

 private:
  struct Exposure;
  [[nodiscard]] std::vector<std::string> filled() const;
  void ended(protocol::Result<std::string> output);

  CameraParts parts_;
  std::vector<std::string> words_;
  std::filesystem::path file_;  // what {output} stands for
  bool to_file_, turns_;
  std::unique_ptr<programs::ProgramRun> run_;
  std::shared_ptr<Exposure> exposure_;
};

}  // namespace celeriac::hal::camera
