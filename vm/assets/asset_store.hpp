#pragma once
// Keeps assets in the image: reads them at the start, writes every change on the Worker's thread.

#include <functional>
#include <memory>

#include "vm/assets/assets.hpp"
#include "vm/image/image.hpp"
#include "vm/worker.hpp"

namespace celeriac::vm {

class AssetStore {
 public:
  using Done = std::move_only_function<void(protocol::Result<void>)>;

  /// Fills `assets` with what the image holds, and follows its changes from then on.
  static protocol::Result<std::unique_ptr<AssetStore>> open(Worker& worker, Image& image, Assets& assets);
  /// Answers when everything so far is on disk; the error of the first write that failed since the last answer.
  void saved(Done done);

 private:
  AssetStore(Worker& worker, Image& image) : worker_(worker), image_(image) {}
  Worker& worker_;
  Image& image_;
};

}  // namespace celeriac::vm
