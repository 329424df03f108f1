#include "hal/camera/photographer.hpp"

#include <format>

namespace celeriac::hal::camera {
namespace {

using protocol::Result;
using protocol::Status;

constexpr const char* mime = "image/jpeg";

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
  auto name = photo_name(surroundings_.clock(), surroundings_.place());
  protocol::Json document{
      {"path", nullptr}, {"width", picture.width}, {"height", picture.height}, {"mime", mime}};
  auto kept = std::make_shared<Result<std::filesystem::path>>();
  background_([kept, folder = folder_, name = std::move(name),
               jpeg = std::move(picture.jpeg)] { *kept = folder.keep(name, jpeg); },
              [this, alive = alive_, kept, document = std::move(document)]() mutable {
                if (!*alive) return;
                if (!*kept) return finish(std::unexpected(std::move(kept->error())));
                document["path"] = (*kept)->string();
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
