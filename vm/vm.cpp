#include "vm/vm.hpp"

#include <spdlog/spdlog.h>

#include <format>

#include "protocol/frame_watch.hpp"
#include "vm/log_entry.hpp"
#include "vm/services/asset_service.hpp"
#include "vm/services/code_service.hpp"
#include "vm/services/image_service.hpp"
#include "vm/services/process_service.hpp"
#include "vm/services/system_service.hpp"

namespace celeriac::vm {

using protocol::Result;

namespace {

/// The image's note of processes that are in progress, and of those that the end of a VM cut short.
constexpr const char* interrupted_note = "interrupted";

/// What the account calls the thing on a pin, "" if it knows of none.
std::string label_of_pin(const Assets& assets, std::int64_t pin) {
  for (const auto kind : {AssetKind::peripheral, AssetKind::sensor})
    for (const auto& [id, item] : assets.all(kind))
      if (item.value("pin", protocol::Json()) == pin && item.contains("label") && item["label"].is_string())
        return item["label"].get<std::string>();
  return {};
}

/// Between two lists of processes in progress that are written.
constexpr std::chrono::milliseconds record_rest{500};

void after(boost::asio::io_context& io, std::chrono::milliseconds time,
           std::move_only_function<void()> then) {
  auto timer = std::make_shared<boost::asio::steady_timer>(io, time);
  timer->async_wait([timer, then = std::move(then)](const boost::system::error_code&) mutable { then(); });
}

}  // namespace

Vm::~Vm() {
  worker_->drain();
}

void Vm::close(std::chrono::milliseconds patience, std::move_only_function<void()> closed) {
  schedule_service_.close();
  closing_ = std::make_unique<Closing>(
      world_.loop(), [&io = io_](std::chrono::milliseconds time, std::move_only_function<void()> then) {
        after(io, time, std::move(then));
      });
  record_.close();
  closing_->begin(
      patience, [this, closed = std::move(closed)](const std::vector<Interruption>& interruptions) mutable {
        for (const auto& each : interruptions)
          write_log(registers_, {{"type", "warn"}, {"message", "The host stops. " + sentence(each)}},
                    source_of(each.id));
        record_.leave(interruptions, [closed = std::move(closed)](const Result<void>&) mutable { closed(); });
      });
}

void Vm::write_record(std::string text, ProcessRecord::Written written) {
  worker_->run([&image = *image_, text = std::move(text)] { return image.set_note(interrupted_note, text); },
               [written = std::move(written)](const Result<void>& kept) mutable {
                 if (!kept)
                   spdlog::error("Which processes are in progress cannot be written down: {}",
                                 kept.error().message);
                 written(kept);
               });
}

void Vm::list_interrupted() {
  for (const auto& each : record_.left()) {
    world_.loop().remember(each);
    write_log(registers_, {{"type", "warn"}, {"message", interrupted(each).message}}, source_of(each.id));
  }
  record_.told();
  world_.keep(record_);
}

std::string Vm::line() {
  const auto processes = world_.loop().table().live();
  return std::format("{}, {} process{}",
                     hypervisor_.connected() ? "Connected to the hypervisor" : "The hypervisor is away",
                     processes, processes == 1 ? "" : "es");
}

Result<std::unique_ptr<Vm>> Vm::open(boost::asio::io_context& io, const VmOptions& options) {
  std::error_code error;
  std::filesystem::create_directories(options.directory, error);
  if (error)
    return protocol::fail(
        protocol::Status::internal,
        std::format("The directory {} cannot be made: {}.", options.directory.string(), error.message()));
  std::optional<Account> account;
  if (!options.account.web_api.empty()) {
    auto read = read_account(options.account);
    if (!read) return std::unexpected(std::move(read.error()));
    account = std::move(*read);
  }
  auto image = Image::open(options.directory / "image.sqlite");
  if (!image) return std::unexpected(std::move(image.error()));
  auto worker = std::make_unique<Worker>(io);
  auto assets = std::make_unique<Assets>();
  auto asset_store = AssetStore::open(*worker, **image, *assets);
  if (!asset_store) return std::unexpected(std::move(asset_store.error()));
  auto store = CodeStore::open(*worker, **image);
  if (!store) return std::unexpected(std::move(store.error()));
  std::unique_ptr<Vm> vm(new Vm(io, options, std::move(*image), std::move(worker), std::move(assets),
                                std::move(*asset_store), std::move(*store), std::move(account)));
  vm->list_interrupted();
  // Before any guest runs and asks for its files: the worker keeps the order.
  vm->package_service_.start([](const Result<void>& started) {
    if (!started) spdlog::error("The packages are not all there: {}", started.error().message);
  });
  if (auto opened = vm->guests_.open(); !opened) return std::unexpected(std::move(opened.error()));
  return vm;
}

Vm::Vm(boost::asio::io_context& io, const VmOptions& options, std::unique_ptr<Image> image,
       std::unique_ptr<Worker> worker, std::unique_ptr<Assets> assets,
       std::unique_ptr<AssetStore> asset_store, std::unique_ptr<CodeStore> store,
       std::optional<Account> account)
    : io_(io),
      image_(std::move(image)),
      worker_(std::move(worker)),
      assets_(std::move(assets)),
      asset_store_(std::move(asset_store)),
      store_(std::move(store)),
      dispatcher_(protocol::Server::vm, options.token),
      hypervisor_(io, options.hypervisor),
      remote_(hypervisor_),
      photos_(*assets_, remote_),
      local_(io, *assets_, *asset_store_, remote_, registers_),
      record_(
          image_->note(interrupted_note).value_or(""),
          [this](std::string text, ProcessRecord::Written written) {
            write_record(std::move(text), std::move(written));
          },
          [&io](std::move_only_function<void()> over) { after(io, record_rest, std::move(over)); }),
      world_(io, *worker_, *assets_, *store_, hypervisor_, remote_, local_, registers_),
      guests_(io, *worker_, *image_, registers_,
              {.program = options.guest_program,
               .directory = options.directory,
               .kernel = options.kernel,
               .verbosity = options.verbosity}),
      machine_(hypervisor_, local_),
      relay_(guests_.kernel()),
      message_service_(guests_),
      guest_processes_(guests_),
      hardware_(guests_.kernel(),
                [this](const KernelProcess& process, const protocol::Operation& operation,
                       const protocol::Json& fields, Hardware::Done done) {
                  machine_.operate(process, operation, fields, std::move(done));
                }),
      timer_(io, guests_.kernel()),
      sequence_objects_(guests_.kernel(), *store_, world_.loop()),
      image_objects_(guests_),
      kernel_commands_(guests_.kernel(), relay_),
      drives_(options.directory / "drives"),
      file_service_(*worker_, guests_.kernel(), drives_),
      package_service_(*worker_, guests_.kernel(), *image_, drives_, options.directory / "trusted-keys",
                       [this](std::int64_t pin) { return label_of_pin(*assets_, pin); }),
      register_service_(io, registers_, hypervisor_, remote_, world_, *store_),
      sync_service_(io, *worker_, *image_, *assets_, *store_, registers_, std::move(account)),
      schedule_service_(io, *worker_, *image_, *assets_, *store_, world_.loop(), remote_, registers_),
      binding_service_(*assets_, *store_, world_.loop(), hypervisor_, local_, remote_, registers_) {
  serve_codes(dispatcher_, *store_);
  serve_assets(dispatcher_, *assets_, *asset_store_);
  serve_processes(dispatcher_, *store_, world_.loop(), guest_processes_);
  serve_image(dispatcher_, guests_, *image_, image_objects_);
  message_service_.install(dispatcher_);
  message_service_.install_guests(
      guests_.dispatcher(), [this](const KernelProcess& process, const protocol::Operation& operation,
                                   std::string_view payload, protocol::Responder responder) {
        machine_.pass(
            process, operation, payload,
            [held = std::move(responder)](const protocol::Reply& reply) mutable { held.forward(reply); });
      });
  const ProcessOf speaker = [this](protocol::Request& request) {
    return message_service_.speaker(*request.session, ProcessId{request.arguments.id()});
  };
  package_service_.install(dispatcher_, speaker);
  package_service_.on_revoked([this](const ProcessName& process, const protocol::Capability& capability) {
    file_service_.revoked(process, capability);
  });
  file_service_.install(dispatcher_, speaker);
  file_service_.install(guests_.dispatcher(), speaker);
  guests_.on_forward([this](const MessageRef& message, KernelWorld::Done done) {
    relay_.forward(message, std::move(done));
  });
  guests_.on_topic([this](std::string_view topic, bool wanted) { relay_.topic(topic, wanted); });
  guests_.on_changed([this](const KernelProcess& process) {
    const bool has_ended = process.state == KernelState::gone || process.state == KernelState::resting ||
                           process.state == KernelState::ending;
    if (process.spec.kind == ProcessKind::guest && has_ended) {
      machine_.release(process.id);
      file_service_.ended(process);
    }
    if (process.spec.kind == ProcessKind::client && process.spec.name == system_name("mqtt") &&
        process.alive())
      relay_.resubscribe();
  });
  serve_system(dispatcher_, hypervisor_, local_);
  local_.on_sync([this](LocalOperations::Done done) {
    sync_service_.run([done = std::move(done)](const Result<protocol::Json>& synced) mutable {
      done(synced.transform([](const protocol::Json&) {}));
    });
  });
  if (const Account* known = sync_service_.account())
    world_.set_web_api({{"server", known->server}, {"token", known->token}}, known->ca_file);
  sync_service_.install(dispatcher_);  // after serve_system(): clients hear what has changed
  schedule_service_.install(dispatcher_);
  registers_.install(dispatcher_);
  protocol::watch_frames(dispatcher_, registers_);
  hypervisor_.start();
}

}  // namespace celeriac::vm
