#include "hal/camera/command_camera.hpp"

#include <algorithm>
#include <boost/algorithm/string/replace.hpp>
#include <boost/asio/post.hpp>
#include <format>
#include <fstream>

#include "hal/camera/jpeg_file.hpp"

namespace celeriac::hal::camera {
namespace {

using protocol::Result;
using protocol::Status;

constexpr std::string_view output_word = "{output}", rotation_word = "{rotation}";
constexpr const char* file_name = "being-taken.jpg";

bool mentions(const std::vector<std::string>& words, std::string_view placeholder) {
  return std::ranges::any_of(words, [&](const auto& word) { return word.contains(placeholder); });
}

/// The bytes of a file that a program has written; it is removed.
Result<std::string> take_file(const std::filesystem::path& path, const std::string& program) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (error)
    return protocol::fail(Status::hardware_fault,
                          std::format("{} ended well, but wrote no {}.", program, path.string()));
  Result<std::string> bytes{std::string()};
  if (size > max_command_picture) {
    bytes = protocol::fail(Status::out_of_resources,
                           std::format("{} wrote more than {} bytes.", program, max_command_picture));
  } else {
    bytes->resize(size);
    std::ifstream file(path, std::ios::binary);
    if (!file.read(bytes->data(), static_cast<std::streamsize>(size)))
      bytes = protocol::fail(Status::hardware_fault, std::format("{} cannot be read.", path.string()));
  }
  std::filesystem::remove(path, error);
  return bytes;
}

}  // namespace

/// One picture on its way. Given up, its camera may be gone: it does not look back.
struct CommandCamera::Exposure {
  Completion done;
  std::string program;
  bool turned = false;

  void finish(Result<std::string> bytes) {
    if (!done) return;
    std::exchange(done, nullptr)(picture(std::move(bytes)));
  }

 private:
  [[nodiscard]] Result<Picture> picture(Result<std::string> bytes) const {
    if (!bytes) {
      auto error = std::move(bytes.error());
      // What a program does wrong, its camera does wrong; one that is not there is a camera that is not.
      error.status = error.status == Status::not_found ? Status::offline
                     : error.status == Status::timeout ? Status::timeout
                                                       : Status::hardware_fault;
      return std::unexpected(std::move(error));
    }
    const auto file = inspect_jpeg(*bytes);
    if (!file)
      return protocol::fail(file.error().status, std::format("{}: {}", program, file.error().message));
    const int width = file->width, height = file->height;
    return Picture{.jpeg = std::move(*bytes), .width = width, .height = height, .turned = turned};
  }
};

CommandCamera::CommandCamera(const CameraParts& parts, std::vector<std::string> words)
    : parts_(parts),
      words_(std::move(words)),
      file_(parts.options.scratch / file_name),
      to_file_(mentions(words_, output_word)),
      turns_(mentions(words_, rotation_word)) {}

std::vector<std::string> CommandCamera::filled() const {
  const std::pair<std::string_view, std::string> values[] = {
      {"{width}", std::to_string(parts_.options.width)},
      {"{height}", std::to_string(parts_.options.height)},
      {rotation_word, std::to_string(parts_.options.rotation)},
      {output_word, file_.string()}};
  auto words = words_;
  for (auto& word : words)
    for (const auto& [placeholder, value] : values) boost::algorithm::replace_all(word, placeholder, value);
  return words;
}

void CommandCamera::take(Completion done) {
  exposure_ = std::make_shared<Exposure>(std::move(done), words_.front(), turns_);
  if (to_file_) {
    std::error_code ignored;
    std::filesystem::remove(file_, ignored);  // of a run that was given up
  }
  auto run = programs::ProgramRun::start(parts_.io, parts_.timers, filled(),
                                         {.time = command_patience, .output_bytes = max_command_picture},
                                         [this](Result<std::string> output) { ended(std::move(output)); });
  if (run) {
    run_ = std::move(*run);
    return;
  }
  boost::asio::post(parts_.io, [exposure = exposure_, error = std::move(run.error())]() mutable {
    exposure->finish(std::unexpected(std::move(error)));
  });
}

void CommandCamera::ended(Result<std::string> output) {
  run_.reset();
  if (!output || !to_file_) return exposure_->finish(std::move(output));
  auto bytes = std::make_shared<Result<std::string>>();
  parts_.background([bytes, path = file_, program = words_.front()] { *bytes = take_file(path, program); },
                    [bytes, exposure = exposure_] { exposure->finish(std::move(*bytes)); });
}

void CommandCamera::give_up() {
  if (exposure_) exposure_->done = nullptr;
  run_.reset();
}

}  // namespace celeriac::hal::camera
