#include "guest/worker.hpp"

#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <format>
#include <memory>
#include <new>

#include "guest/instances.hpp"
#include "guest/sandbox/sandbox.hpp"
#include "protocol/dispatcher.hpp"

namespace celeriac::guest {
namespace {

/// For the last words of a worker that has no memory left.
constexpr std::size_t reserve_bytes = 64 * 1024;
const Instances* instances_of_this_worker = nullptr;
std::unique_ptr<char[]> reserve;

/// The worker cannot go on without memory; the VM sees its end.
[[noreturn]] void out_of_memory() {
  reserve.reset();
  std::set_new_handler([] { ::_exit(out_of_memory_status); });
  const std::string text =
      std::format("error: there is no memory left for the processes of this package; most is used by {}\n",
                  instances_of_this_worker->largest());
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
  ::_exit(out_of_memory_status);
}

}  // namespace

std::size_t stack_bytes(const WorkerOptions& options) noexcept {
  return options.compiled.empty() ? Fiber::default_stack_bytes : wasm::ahead_of_time_stack_bytes;
}

void serve(const WorkerOptions& options, const MemoryWatch& watch) {
  boost::asio::io_context io(1);
  const bool compiled = !options.compiled.empty();
  wasm::GuestEngine engine(compiled ? wasm::Execution::ahead_of_time : wasm::Execution::interpreted);
  // The sandbox has made the directory of compiled modules the working directory.
  Modules modules(engine, options.personality_for,
                  compiled ? CompiledModules{".", &seal_sandbox} : CompiledModules{});
  Instances instances(io, modules, watch,
                      {.most = options.instances,
                       .personality_for = options.personality_for,
                       .stack_bytes = stack_bytes(options)});
  protocol::Dispatcher dispatcher(protocol::Server::guest);
  instances.serve(dispatcher);
  const auto session = protocol::Session::start(io, protocol::Stream::of_socket(io, options.socket),
                                                {.name = "vm"}, &dispatcher);
  instances.use(session);
  session->on_closed([&io] { io.stop(); });
  instances_of_this_worker = &instances;
  reserve = std::make_unique<char[]>(reserve_bytes);
  std::set_new_handler(out_of_memory);
  io.run();
  // Instances may be in the middle of anything, and nobody waits for them any more.
  ::_exit(0);
}

}  // namespace celeriac::guest
