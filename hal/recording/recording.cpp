#include "hal/recording/recording.hpp"

#include "hal/hypervisor.hpp"

namespace celeriac::hal::recording {
namespace {

using firmware::Severity;
using protocol::Json;

std::string pretty(const Json& document) {
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::vector<std::pair<std::string, std::string>> described(const Hypervisor& hypervisor) {
  const auto& board = hypervisor.link().board();
  Json parameters = Json::object();
  for (const auto& parameter : firmware::parameters())
    if (const auto value = board.parameters.find(parameter.number))
      parameters[std::string(parameter.name)] = *value;
  const auto status = hypervisor.status();
  return {
      {"parameters.json", pretty(parameters)},
      {"settings.json", pretty(status.value("settings", Json::object()))},
      {"status.json", pretty(status)},
      {"versions.json", pretty({{"celeriac", CELERIAC_VERSION},
                                {"firmware", board.version.empty() ? Json(nullptr) : Json(board.version)},
                                {"board", board.version.empty() ? Json(nullptr) : Json(board.board().name)},
                                {"port", hypervisor.link().port_name()}})}};
}

}  // namespace

Recording::Recording(boost::asio::io_context& io, std::filesystem::path dir, Timers& timers,
                     firmware::PortOpener& opener, settings::Background background,
                     settings::Background own_background)
    : ring_(dir / "trace", timers, own_background,
            [this](bool good, std::string message) {
              say(good ? Severity::info : Severity::warn, std::move(message));
            }),
      recorder_(io, timers, ring_),
      recorded_timers_(timers, recorder_),
      recorded_opener_(opener, recorder_),
      background_(recorder_.recorded(std::move(background))),
      bundles_(
          dir / "faults", timers, ring_, recorder_, std::move(own_background),
          [this] {
            return hypervisor_ != nullptr ? described(*hypervisor_)
                                          : std::vector<std::pair<std::string, std::string>>();
          },
          [this](Severity severity, std::string message) { say(severity, std::move(message)); }) {
  recorder_.on_fault(
      [this](const std::string& code, const std::string& message) { bundles_.fault(code, message); });
}

void Recording::attach(Hypervisor& hypervisor) {
  hypervisor_ = &hypervisor;
  recorder_.snapshot_with([&hypervisor] { return hypervisor.memory(); });
}

void Recording::finish(std::move_only_function<void()> finished) {
  bundles_.finish();
  ring_.flush(std::move(finished));
}

void Recording::say(Severity severity, std::string message) {
  if (hypervisor_ != nullptr) hypervisor_->note(severity, std::move(message));
}

}  // namespace celeriac::hal::recording
