#include "tests/console/fake_host.hpp"

#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <fstream>

namespace celeriac::console::test {
using namespace protocol::literals;
using protocol::Json;
using protocol::Request;
using protocol::Responder;

TemporaryDirectory::TemporaryDirectory() {
  std::string name = (std::filesystem::temp_directory_path() / "celeriac-console-XXXXXX").string();
  REQUIRE(::mkdtemp(name.data()) != nullptr);
  path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryDirectory::file(const std::string& name, std::string_view text) const {
  std::ofstream(path_ / name, std::ios::binary) << text;
  return (path_ / name).string();
}

std::vector<Json> Outcome::json_lines() const {
  std::vector<Json> documents;
  std::istringstream lines(out);
  for (std::string line; std::getline(lines, line);) documents.push_back(Json::parse(line));
  return documents;
}

Outcome CommandLine::operator()(std::vector<std::string> words) {
  std::ostringstream out, err;
  World world{.io = io, .out = out, .err = err};
  world.environment = [this](const char* name) {
    const auto found = environment.find(name);
    if (found != environment.end()) return std::optional(found->second);
    return std::string_view(name) == "CELERIAC_DIR" ? std::optional(directory_.path().string())
                                                    : std::nullopt;
  };
  world.programs = programs;
  world.service = service;
  world.input = input;
  world.terminal.interactive = interactive;
  io.restart();
  const Exit status = run_command_line(world, std::move(words));
  return {static_cast<int>(status), out.str(), err.str()};
}

CommandLine::~CommandLine() {
  if (typed_ >= 0) ::close(typed_);
}

void CommandLine::person_types(std::string_view text) {
  int ends[2];
  if (typed_ >= 0) ::close(std::exchange(typed_, -1));
  REQUIRE(::pipe(ends) == 0);
  REQUIRE(::write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  ::close(ends[1]);
  typed_ = ends[0];
  input = typed_;
  interactive = true;
}

When::When(boost::asio::io_context& io, std::function<bool()> condition, std::function<void()> action)
    : timer_(io), condition_(std::move(condition)), action_(std::move(action)) {
  look();
}

void When::look() {
  timer_.expires_after(std::chrono::milliseconds(5));
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    if (!condition_()) return look();
    action_();
  });
}

FakeVm::FakeVm(boost::asio::io_context& io, const TemporaryDirectory& directory) {
  serve_codes();
  serve_processes();
  registers.install(dispatcher);
  registers.publish("position", {{"x", 0.0}, {"y", 0.0}, {"z", 0.0}});
  auto listener = protocol::Listener::on_unix(io, directory.path() / "vm.sock", dispatcher);
  REQUIRE(listener);
  listener_ = std::move(*listener);
}

void FakeVm::serve_codes() {
  dispatcher.on("CODE.CREATE"_op, [this](Request& request, Responder responder) {
    note(request);
    codes[++last_code_] = "";
    responder.ok(last_code_);
  });
  dispatcher.on("CODE.OPEN"_op, [this](Request& request, Responder responder) {
    note(request);
    buffers_[static_cast<std::uint16_t>(request.channel)] = {request.arguments.id(), ""};
    responder.ok();
  });
  dispatcher.on("CODE.WRITE"_op, [this](Request& request, Responder responder) {
    note(request);
    const auto buffer = buffers_.find(static_cast<std::uint16_t>(request.channel));
    if (buffer == buffers_.end())
      return responder.fail(
          {.status = protocol::Status::wrong_state, .message = "No buffer on this channel."});
    buffer->second.second += request.arguments.text();
    responder.ok();
  });
  dispatcher.on("CODE.CLOSE"_op, [this](Request& request, Responder responder) {
    note(request);
    const auto buffer = buffers_.find(static_cast<std::uint16_t>(request.channel));
    if (buffer == buffers_.end() || buffer->second.first != request.arguments.id())
      return responder.fail(
          {.status = protocol::Status::wrong_state, .message = "No buffer on this channel."});
    codes[buffer->second.first] = buffer->second.second;
    buffers_.erase(buffer);
    responder.ok();
  });
  dispatcher.on("CODE.RM"_op, [this](Request& request, Responder responder) {
    note(request);
    codes.erase(request.arguments.id());
    responder.ok();
  });
  dispatcher.on("CODE.LIST"_op, [this](Request& request, Responder responder) {
    note(request);
    Json list = Json::array();
    for (const auto& [id, source] : codes)
      list.push_back({{"id", id},
                      {"name", "watering"},
                      {"kind", "sequence"},
                      {"bytes", source.size()},
                      {"sha256", "0123456789abcdef"},
                      {"created", 0}});
    responder.document({{"codes", list}});
  });
}

void FakeVm::serve_processes() {
  dispatcher.on("PROC.START"_op, [this](Request& request, Responder responder) {
    note(request);
    started = request.arguments.fields();
    started_code = request.arguments.id();
    registers.publish("process.7", nullptr);
    responder.ok(7);
  });
  dispatcher.on("PROC.RUN"_op, [this](Request& request, Responder responder) {
    note(request);
    responder.ok();
    if (on_run) on_run();
  });
  dispatcher.on("PROC.WAIT"_op, [this](Request& request, Responder responder) {
    note(request);
    if (runs_for_ever)
      waiting_.push_back(std::move(responder));
    else if (run_ends_with)
      responder.fail(*run_ends_with);
    else
      responder.ok();
  });
  dispatcher.on("PROC.KILL"_op, [this](Request& request, Responder responder) {
    note(request);
    for (auto& waiting : waiting_)
      waiting.fail({.status = protocol::Status::cancelled, .message = "The process was killed."});
    waiting_.clear();
    responder.ok();
  });
  for (const auto* operation : {&"PROC.PAUSE"_op, &"PROC.STEP"_op})
    dispatcher.on(*operation, [this](Request& request, Responder responder) {
      note(request);
      responder.ok();
    });
  dispatcher.on("PROC.STAT"_op, [this](Request& request, Responder responder) {
    note(request);
    if (stat.is_null())
      return responder.fail({.status = protocol::Status::not_found, .message = "There is no process 9."});
    responder.document(stat);
  });
  dispatcher.on("PROC.LIST"_op, [this](Request& request, Responder responder) {
    note(request);
    responder.document({{"processes", stat.is_null() ? Json::array() : Json::array({stat})}});
  });
}

FakeMachine::FakeMachine(protocol::Dispatcher& dispatcher) {
  for (const auto& operation : protocol::operations()) {
    if (operation.space != "SYS" || operation.wire == "HELLO" || operation.wire == "CFGRD") continue;
    dispatcher.on(operation, [this](Request& request, Responder responder) {
      requests.emplace_back(request.operation.long_name, request.arguments.fields());
      if (refuses) return responder.fail(*refuses);
      responder.ok(request.operation.wire == "RDPIN" ? 512 : 0);
    });
  }
  dispatcher.on("SYS.CONFIG_READ"_op, [this](Request& request, Responder responder) {
    requests.emplace_back(request.operation.long_name, request.arguments.fields());
    responder.document({{"movement_max_spd_x", 400}, {"movement_home_up_x", 0}});
  });
}

}  // namespace celeriac::console::test
