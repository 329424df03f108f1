#include "vm/vm.hpp"

#include <format>

#include "protocol/frame_watch.hpp"
#include "vm/services/code_service.hpp"
#include "vm/services/process_service.hpp"
#include "vm/services/system_service.hpp"

namespace celeriac::vm {

using protocol::Result;

Result<std::unique_ptr<Vm>> Vm::open(boost::asio::io_context& io, const VmOptions& options) {
  std::error_code error;
  std::filesystem::create_directories(options.directory, error);
  if (error)
    return protocol::fail(
        protocol::Status::internal,
        std::format("The directory {} cannot be made: {}.", options.directory.string(), error.message()));
  auto image = Image::open(options.directory / "image.sqlite");
  if (!image) return std::unexpected(std::move(image.error()));
  auto worker = std::make_unique<Worker>(io);
  auto store = CodeStore::open(*worker, **image);
  if (!store) return std::unexpected(std::move(store.error()));
  return std::unique_ptr<Vm>(new Vm(io, options, std::move(*image), std::move(worker), std::move(*store)));
}

Vm::Vm(boost::asio::io_context& io, const VmOptions& options, std::unique_ptr<Image> image,
       std::unique_ptr<Worker> worker, std::unique_ptr<CodeStore> store)
    : image_(std::move(image)),
      worker_(std::move(worker)),
      store_(std::move(store)),
      dispatcher_(protocol::Server::vm, options.token),
      hypervisor_(io, options.hypervisor),
      remote_(hypervisor_),
      local_(io, *worker_, *image_, remote_, registers_),
      world_(io, hypervisor_, remote_, *store_, local_),
      register_service_(io, registers_, hypervisor_, remote_, world_, *store_) {
  serve_codes(dispatcher_, *store_);
  serve_processes(dispatcher_, *store_, world_.loop());
  serve_system(dispatcher_, hypervisor_, local_);
  registers_.install(dispatcher_);
  protocol::watch_frames(dispatcher_, registers_);
  hypervisor_.start();
}

}  // namespace celeriac::vm
