#include "hal/camera/photo_hook.hpp"

#include <format>

namespace celeriac::hal::camera {

void PhotoHook::photo(std::filesystem::path path) {
  if (waiting_.size() >= max_hook_queue)
    return complain_(std::format("{} photos wait for {} already: it does not hear of {}.", max_hook_queue,
                                 words_.front(), path.string()));
  waiting_.push_back(std::move(path));
  next();
}

void PhotoHook::next() {
  while (!run_ && !waiting_.empty()) {
    const auto path = std::move(waiting_.front());
    waiting_.pop_front();
    auto words = words_;
    words.push_back(path.string());
    auto run = programs::ProgramRun::start(
        io_, timers_, std::move(words), {.time = hook_patience, .output_bytes = max_hook_output},
        [this, path](const protocol::Result<std::string>& done) {
          run_.reset();
          if (!done) complain_(std::format("The photo hook, of {}: {}", path.string(), done.error().message));
          next();
        });
    if (run)
      run_ = std::move(*run);
    else
      complain_(std::format("The photo hook: {}", run.error().message));
  }
}

}  // namespace celeriac::hal::camera
