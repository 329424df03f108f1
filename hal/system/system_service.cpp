#include "hal/system/system_service.hpp"

#include "hal/firmware/descriptor_port.hpp"
#include "hal/service.hpp"

namespace celeriac::hal::system {

using firmware::Severity;
using protocol::Json;
using protocol::Request;
using protocol::Responder;
using protocol::Result;
using namespace protocol::literals;

namespace {

constexpr std::int64_t os_package = 1;

std::string_view bytes_of(const Json& value) {
  if (!value.is_binary()) return {};
  const auto& bytes = value.get_binary();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

Result<std::unique_ptr<SystemService>> SystemService::make(boost::asio::io_context& io, Timers& timers,
                                                           Hypervisor& hypervisor,
                                                           protocol::Registers& registers,
                                                           settings::Background background,
                                                           const Options& options) {
  auto computer = make_computer(io, timers, options.computer, [&hypervisor](std::string sentence) {
    hypervisor.note(Severity::warn, std::move(sentence));
  });
  if (!computer) return std::unexpected(std::move(computer.error()));
  return std::unique_ptr<SystemService>(
      new SystemService(io, timers, hypervisor, registers, background, options, std::move(*computer)));
}

SystemService::SystemService(boost::asio::io_context& io, Timers& timers, Hypervisor& hypervisor,
                             protocol::Registers& registers, const settings::Background& background,
                             const Options& options, std::unique_ptr<Computer> computer)
    : hypervisor_(hypervisor),
      computer_(std::move(computer)),
      updates_(io, timers, options.apt_cache),
      store_(std::filesystem::absolute(options.dir) / "firmware-files", shipped_firmware, background),
      flasher_(firmware::make_flasher(io, timers, options.flasher, options.reset_board)),
      flash_(
          {.hypervisor = hypervisor,
           .store = store_,
           .flasher = *flasher_,
           .port = [serial =
                        options.serial] { return serial == "auto" ? firmware::find_board_port() : serial; }}),
      control_({.timers = timers,
                .hypervisor = hypervisor,
                .computer = *computer_,
                .updates = updates_,
                .flash = flash_}),
      watch_({.timers = timers,
              .background = background,
              .read = [folder = std::filesystem::absolute(
                           options.dir)] { return read({.root = "/", .folder = folder}); },
              .say = [&hypervisor](Severity severity,
                                   std::string sentence) { hypervisor.note(severity, std::move(sentence)); },
              .changed =
                  [&registers] {
                    registers.touch("computer");
                    registers.touch("status");
                  }}) {
  hypervisor.show_with("computer", [this] {
    watch_.ask([](const Json&) {});  // for who asks again
    return watch_.document();
  });
  registers.provide("computer", [this](protocol::Registers::Value value) {
    watch_.ask([value = std::move(value)](const Json& document) mutable { value(document); });
  });
}

void SystemService::install(protocol::Dispatcher& dispatcher) {
  dispatcher.on("SYS.POWER_OFF"_op, [this](Request&, Responder responder) {
    control_.go(Going::off, answer(std::move(responder)));
  });
  dispatcher.on("SYS.REBOOT"_op, [this](Request& request, Responder responder) {
    if (request.arguments.integer("package") == os_package)
      return control_.go(Going::down_and_up, answer(std::move(responder)));
    hypervisor_.serve(request.operation, request.arguments, owner_of(request), answer(std::move(responder)));
  });
  dispatcher.on("SYS.RESTART_SERVICE"_op, [this](Request& request, Responder responder) {
    control_.restart_service(request.arguments.string("service"), answer(std::move(responder)));
  });
  dispatcher.on("SYS.CHECK_UPDATES"_op, [this](Request&, Responder responder) {
    control_.check_updates(answer(std::move(responder)));
  });
  dispatcher.on("SYS.STORE_FIRMWARE"_op, [this](Request& request, Responder responder) {
    const auto& arguments = request.arguments;
    flash_.put(arguments.string("board"), arguments.integer("size"), arguments.integer("offset"),
               bytes_of(arguments.value("data")), answer(std::move(responder)));
  });
  dispatcher.on("SYS.FLASH_FIRMWARE"_op, [this](Request& request, Responder responder) {
    flash_.flash(request.arguments.string("board"), answer(std::move(responder)));
  });
}

}  // namespace celeriac::hal::system
