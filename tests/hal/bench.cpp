#include "bench.hpp"

#include <spdlog/sinks/callback_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <format>

namespace celeriac::hal::testing {

namespace asio = boost::asio;

Folder::Folder() {
  std::string name = (std::filesystem::temp_directory_path() / "celeriac-hal-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = name;
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

// Bytes of the board wait in the loop; a port that is closed hears nothing any more.
class Bench::Port final : public firmware::SerialPort {
 public:
  explicit Port(Bench& bench) : bench_(bench) {}
  ~Port() override {
    *open_ = false;
    if (bench_.port_ == this) {
      bench_.port_ = nullptr;
      bench_.board.send = [](std::string_view) {};
    }
  }
  void start(std::move_only_function<void(std::string_view)> received,
             std::move_only_function<void(std::string)> lost) override {
    auto shared = std::make_shared<std::move_only_function<void(std::string_view)>>(std::move(received));
    lost_ = std::move(lost);
    bench_.board.send = [this, shared, open = open_](std::string_view bytes) {
      asio::post(bench_.io, [shared, open, text = std::string(bytes)] {
        if (*open) (*shared)(text);
      });
    };
    bench_.board.opened(bench_.now());
  }
  void write(std::string_view bytes) override {
    bench_.wire.emplace_back(bench_.now(), bytes);
    bench_.board.receive(bytes, bench_.now());
  }
  void write_urgent(std::string_view bytes) override { write(bytes); }
  [[nodiscard]] std::size_t unsent() const override { return bench_.unsent; }

  void lose() {
    bench_.board.send = [](std::string_view) {};
    asio::post(bench_.io, [this, open = open_] {
      if (*open && lost_) std::exchange(lost_, nullptr)("no such device");
    });
  }

 private:
  Bench& bench_;
  std::shared_ptr<bool> open_ = std::make_shared<bool>(true);
  std::move_only_function<void(std::string)> lost_;
};

Bench::Bench(BoardDouble& other_end, protocol::Json parameters, std::filesystem::path dir, bool recorded)
    : board(other_end),
      background([this](std::move_only_function<void()> job, std::move_only_function<void()> done) {
        job();
        asio::post(io, std::move(done));
      }),
      recording(recorded ? std::make_unique<recording::Recording>(
                               io, dir.empty() ? folder.path() : dir, timers,
                               static_cast<firmware::PortOpener&>(*this), background, background)
                         : nullptr),
      hypervisor(io, recording ? recording->timers() : timers,
                 recording ? recording->opener() : static_cast<firmware::PortOpener&>(*this), registers,
                 recording ? recording->background() : background,
                 {.dir = dir.empty() ? folder.path() : dir,
                  .initial_parameters = std::move(parameters),
                  .recorder = recording ? &recording->recorder() : nullptr}) {
  if (recording) recording->attach(hypervisor);
  if (const auto started = hypervisor.start(); !started) throw std::runtime_error(started.error().message);
}

Bench::~Bench() {
  hypervisor.stop();
  io.restart();
  io.poll();
}

protocol::Result<std::unique_ptr<firmware::SerialPort>> Bench::open() {
  if (!plugged_)
    return protocol::fail(protocol::Status::offline, "memory cannot be opened. Is its cable in?");
  ++openings;
  auto port = std::make_unique<Port>(*this);
  port_ = port.get();
  return port;
}

void Bench::unplug() {
  plugged_ = false;
  if (port_ != nullptr) port_->lose();
}

bool Bench::step() {
  io.restart();
  if (io.poll_one() > 0) return true;
  const auto next = std::min(timers.next(), port_ != nullptr ? board.next() : Instant::max());
  if (next == Instant::max()) return false;
  timers.advance(next);
  if (port_ != nullptr) board.advance(timers.now());
  return true;
}

bool Bench::run_until(const std::function<bool()>& done, Duration limit) {
  const auto end = now() + limit;
  while (!done()) {
    if (now() > end || !step()) return false;
  }
  return true;
}

void Bench::run_for(Duration time) {
  const auto end = now() + time;
  const auto bell = timers.make();
  bool rung = false;
  bell->set(time, [&] { rung = true; });
  run_until([&] { return rung || now() > end; }, time * 2);
}

Call Bench::start(const std::string& name, const protocol::Json& fields, Owner owner) {
  const auto* operation = protocol::find_operation(name);
  const auto payload = protocol::encode(*operation, fields);
  Call call;
  if (!payload) {
    *call.outcome = std::unexpected(payload.error());
    return call;
  }
  const auto arguments = protocol::Arguments::decode(*operation, *payload);
  if (!arguments) {
    *call.outcome = std::unexpected(arguments.error());
    return call;
  }
  hypervisor.serve(*operation, *arguments, owner,
                   [outcome = call.outcome](Outcome done) { *outcome = std::move(done); });
  return call;
}

Call Bench::call(const std::string& operation, const protocol::Json& fields, Owner owner) {
  auto made = start(operation, fields, owner);
  run_until([&] { return made.answered(); });
  return made;
}

bool Bench::logged(std::string_view part) const {
  return std::ranges::any_of(*log, [&](const std::string& line) { return line.find(part) != line.npos; });
}

std::shared_ptr<std::vector<std::string>> Bench::capture_log() {
  auto lines = std::make_shared<std::vector<std::string>>();
  spdlog::set_default_logger(std::make_shared<spdlog::logger>(
      "test",
      std::make_shared<spdlog::sinks::callback_sink_st>([lines](const spdlog::details::log_msg& message) {
        lines->emplace_back(message.payload.data(), message.payload.size());
      })));
  return lines;
}

}  // namespace celeriac::hal::testing
