#include "hal/camera/photographer.hpp"

#include <format>

#include "hal/camera/exif.hpp"
#include "hal/camera/jpeg_file.hpp"

namespace celeriac::hal::camera {
namespace {

using protocol::Result;
using protocol::Status;

constexpr const char* mime = "image/jpeg";

/// All but where it is.
protocol::Json document_of(const PhotoFacts& facts) {
  auto position = protocol::Json::object();
  for (const auto axis : all_axes) {
    const auto& place = facts.place[axis];
    position[std::string(1, name(axis))] = place ? protocol::Json(*place) : protocol::Json(nullptr);
  }
  return {{"width", facts.width},       {"height", facts.height}, {"mime", mime},
          {"rotation", facts.rotation}, {"time", facts.time_ms},  {"position", std::move(position)}};
}

}  // namespace

Photographer::Photographer(Timers& timers, settings::Background background, Camera& camera,
                           PhotoFolder folder, Surroundings surroundings)
    : background_(std::move(background)),
      camera_(camera),
      folder_(std::move(folder)),
      surroundings_(std::move(surroundings)),
      deadline_(timers.make()) {}

Photographer::~Photographer() {
  *alive_ = false;
  camera_.give_up();
}

void Photographer::photograph(Completion completion) {
  if (!at_work_) return expose(std::move(completion));
  if (waiting_.size() >= max_waiting)
    return completion(protocol::fail(
        Status::overloaded, std::format("{} photos are waiting already: try again later.", max_waiting)));
  waiting_.push_back(std::move(completion));
}

void Photographer::expose(Completion completion) {
  at_work_ = std::move(completion);
  deadline_->set(patience, [this] {
    camera_.give_up();
    finish(protocol::fail(Status::timeout,
                          std::format("The camera gave no picture within {} s.", patience.count())));
  });
  camera_.take([this](Result<Picture> picture) {
    deadline_->cancel();
    if (!picture) return finish(std::unexpected(std::move(picture.error())));
    keep(std::move(*picture));
  });
}

void Photographer::keep(Picture picture) {
  PhotoFacts facts{.time_ms = surroundings_.clock(),
                   .place = surroundings_.place(),
                   .width = picture.width,
                   .height = picture.height,
                   .rotation = picture.turned ? 0 : surroundings_.rotation,
                   .model = std::move(picture.model),
                   .calibration = surroundings_.calibration};
  facts.name = photo_name(facts.time_ms, facts.place);
  auto document = document_of(facts);
  auto kept = std::make_shared<Result<std::filesystem::path>>();
  background_(
      [kept, folder = folder_, facts = std::move(facts), jpeg = std::move(picture.jpeg)] {
        const auto file = inspect_jpeg(jpeg);
        // A picture that is strange is a picture: it is kept as it came.
        *kept = folder.keep(facts.name, file ? with_exif(*file, exif_segment(facts)) : jpeg);
      },
      [this, alive = alive_, kept, document = std::move(document)]() mutable {
        if (!*alive) return;
        if (!*kept) return finish(std::unexpected(std::move(kept->error())));
        document["path"] = (*kept)->string();
        document["name"] = (*kept)->filename().string();
        if (surroundings_.kept) surroundings_.kept(document);
        finish(Done{.document = std::move(document)});
      });
}

void Photographer::finish(Outcome outcome) {
  // That there is no camera is no news; that one does not work is.
  if (!outcome && outcome.error().status != Status::offline) surroundings_.complain(outcome.error().message);
  auto completion = std::exchange(at_work_, nullptr);
  if (!waiting_.empty()) {
    auto next = std::move(waiting_.front());
    waiting_.pop_front();
    expose(std::move(next));
  }
  completion(std::move(outcome));
}

}  // namespace celeriac::hal::camera
