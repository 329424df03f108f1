#include "firmware-sim/program/control.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <exception>
#include <format>
#include <optional>
#include <ranges>
#include <span>
#include <utility>
#include <vector>

#include "firmware-sim/program/state.hpp"

namespace celeriac::firmware_sim {
namespace {

namespace asio = boost::asio;
using Words = std::span<const std::string_view>;

constexpr std::string_view done = "ok";
constexpr std::size_t max_plant_name = 60;

std::string error(std::string_view sentence) {
  return std::format("error: {}", sentence);
}

std::optional<AxisName> axis_of(std::string_view word) {
  if (word.size() != 1 || word[0] < 'x' || word[0] > 'z') return std::nullopt;
  return all_axes[static_cast<std::size_t>(word[0] - 'x')];
}

std::optional<AxisEnd> end_of(std::string_view word) {
  if (word == "min") return AxisEnd::min;
  if (word == "max") return AxisEnd::max;
  return std::nullopt;
}

std::string place(Twin& twin, Words words, Instant) {
  const auto axis = axis_of(words[1]);
  const auto millimetres = parse_number(words[2]);
  if (!axis || !millimetres) return error("place takes an axis and mm: place x 120");
  twin.board().machine().place(*axis, *millimetres);
  return std::string(done);
}

std::string press(Twin& twin, Words words, Instant now) {
  const auto axis = axis_of(words[1]);
  const auto end = end_of(words[2]);
  if (!axis || !end) return error("press takes an axis and an end: press x min");
  twin.inject({.kind = FaultKind::end_stop, .axis = *axis, .end = *end, .closed = true}, now);
  return std::string(done);
}

std::string release(Twin& twin, Words words, Instant) {
  const auto axis = axis_of(words[1]);
  const auto end = end_of(words[2]);
  if (!axis || !end) return error("release takes an axis and an end: release x min");
  twin.release_switch(*axis, *end);
  return std::string(done);
}

std::string set_soil(Twin& twin, Words words, Instant) {
  const auto x = parse_number(words[1]);
  const auto y = parse_number(words[2]);
  const auto counts = parse_number(words[3]);
  if (!x || !y || !counts || *counts < 0 || *counts > 1023)
    return error("soil takes x, y in mm and the sensor's counts of 0 to 1023: soil 100 200 700");
  twin.board().loads().soil().set_moisture(*x, *y, static_cast<int>(*counts));
  return std::string(done);
}

std::string litres(Twin& twin, Words words, Instant) {
  const auto x = parse_number(words[1]);
  const auto y = parse_number(words[2]);
  if (!x || !y) return error("litres takes x and y in mm: litres 100 200");
  return std::format("{:.4f}", twin.board().loads().soil().litres_near(*x, *y));
}

std::string plant(Twin& twin, Words words, Instant) {
  const auto x = parse_number(words[1]);
  const auto y = parse_number(words[2]);
  const auto radius = parse_number(words[3]);
  if (!x || !y || !radius || *radius < 0 || words[4].size() > max_plant_name)
    return error(
        std::format("plant takes x, y and a radius in mm, and a name of at most {} bytes: "
                    "plant 100 200 50 lettuce",
                    max_plant_name));
  if (!twin.board().loads().soil().plant({*x, *y, *radius, std::string(words[4])}))
    return error(std::format("{} plants grow already", Soil::max_plants));
  return std::string(done);
}

std::string slot(Twin& twin, Words words, Instant) {
  constexpr std::string_view ways[] = {"+x", "-x", "+y", "-y"};
  const auto x = parse_number(words[1]);
  const auto y = parse_number(words[2]);
  const auto z = parse_number(words[3]);
  const auto way = std::ranges::find(ways, words[4]);
  if (!x || !y || !z || way == std::end(ways) || words[5].size() > max_plant_name)
    return error(
        "slot takes x, y and z in mm, the way it is open (+x, -x, +y, -y) and a tool's name in one word: "
        "slot 50 100 -150 +x nozzle");
  if (!twin.board().rack().add({.tool = std::string(words[5]),
                                .x = *x,
                                .y = *y,
                                .z = *z,
                                .direction = static_cast<int>(way - std::begin(ways)) + 1}))
    return error(std::format("{} slots are there already", ToolRack::max_slots));
  return std::string(done);
}

std::string scene(Twin& twin, Words, Instant now) {
  return scene_line(twin, now);
}

std::string state(Twin& twin, Words, Instant now) {
  return state_line(twin, now);
}

struct CommandRow {
  std::string_view name;
  std::size_t words;  ///< with the name
  std::string (*run)(Twin&, Words, Instant);
};
constexpr auto commands = std::to_array<CommandRow>({
    {"place", 3, place},
    {"press", 3, press},
    {"release", 3, release},
    {"soil", 4, set_soil},
    {"litres", 3, litres},
    {"plant", 5, plant},
    {"scene", 1, scene},
    {"slot", 6, slot},
    {"state", 1, state},
});

}  // namespace

std::string control(Twin& twin, std::string_view line, Instant now) {
  std::vector<std::string_view> words;
  for (const auto part : std::views::split(line, ' ')) {
    const std::string_view word(part);
    if (!word.empty()) words.push_back(word);
  }
  if (words.empty()) return error("there is nothing in this line");
  const auto command = std::ranges::find(commands, words.front(), &CommandRow::name);
  if (command != commands.end()) {
    if (words.size() != command->words)
      return error(std::format("{} takes {} words after it", command->name, command->words - 1));
    return command->run(twin, words, now);
  }
  const auto rule = parse_fault_rule(line);
  if (!rule) return error(rule.error());
  if (!twin.add(*rule, now)) return error(std::format("{} faults are waiting already", FaultPlan::max_rules));
  return std::string(done);
}

struct ControlSocket::Shared {
  Protocol::acceptor acceptor;
  Answer answer;
  std::vector<std::weak_ptr<Protocol::socket>> clients = {};
};

std::expected<std::unique_ptr<ControlSocket>, std::string> ControlSocket::open(
    const asio::any_io_executor& executor, const std::filesystem::path& path, Answer answer) {
  const auto fail = [&](std::string_view why) {
    return std::unexpected(std::format("The control socket {} cannot be made: {}.", path.string(), why));
  };
  boost::system::error_code failed;
  std::error_code status_error;
  const auto there = std::filesystem::symlink_status(path, status_error);
  if (std::filesystem::exists(there)) {
    if (!std::filesystem::is_socket(there)) return fail("something that is not a socket is in its place");
    Protocol::socket probe(executor);
    probe.connect(path.string(), failed);
    if (!failed) return fail("somebody serves it already");
    std::filesystem::remove(path, status_error);
    failed.clear();
  }
  Protocol::acceptor acceptor(executor);
  acceptor.open(Protocol(), failed);
  if (!failed) acceptor.bind(path.string(), failed);
  if (!failed) acceptor.listen(asio::socket_base::max_listen_connections, failed);
  if (failed) return fail(failed.message());
  auto shared = std::make_shared<Shared>(std::move(acceptor), std::move(answer));
  return std::unique_ptr<ControlSocket>(new ControlSocket(std::move(shared), path));
}

ControlSocket::ControlSocket(std::shared_ptr<Shared> shared, std::filesystem::path path)
    : shared_(std::move(shared)), path_(std::move(path)) {}

ControlSocket::~ControlSocket() {
  stop();
}

void ControlSocket::start() {
  asio::co_spawn(shared_->acceptor.get_executor(), accept(shared_), [](std::exception_ptr defect) {
    if (defect) std::rethrow_exception(defect);
  });
}

void ControlSocket::stop() {
  if (!shared_->acceptor.is_open()) return;
  boost::system::error_code ignored;
  shared_->acceptor.close(ignored);
  for (const auto& weak : shared_->clients) {
    if (const auto client = weak.lock()) client->close(ignored);
  }
  std::error_code gone;
  std::filesystem::remove(path_, gone);
}

asio::awaitable<void> ControlSocket::accept(std::shared_ptr<Shared> shared) {
  while (shared->acceptor.is_open()) {
    boost::system::error_code failed;
    auto client = std::make_shared<Protocol::socket>(
        co_await shared->acceptor.async_accept(asio::redirect_error(asio::use_awaitable, failed)));
    if (failed) continue;
    std::erase_if(shared->clients, [](const auto& weak) { return weak.expired(); });
    if (shared->clients.size() >= max_clients) continue;  // closed again at once
    shared->clients.push_back(client);
    asio::co_spawn(shared->acceptor.get_executor(), serve(shared, std::move(client)),
                   [](std::exception_ptr defect) {
                     if (defect) std::rethrow_exception(defect);
                   });
  }
}

asio::awaitable<void> ControlSocket::serve(std::shared_ptr<Shared> shared,
                                           std::shared_ptr<Protocol::socket> client) {
  std::string buffer;
  for (;;) {
    boost::system::error_code failed;
    const std::size_t size =
        co_await asio::async_read_until(*client, asio::dynamic_buffer(buffer, max_line), '\n',
                                        asio::redirect_error(asio::use_awaitable, failed));
    std::string reply;
    if (!failed) {
      std::string_view line = std::string_view(buffer).substr(0, size - 1);
      if (line.ends_with('\r')) line.remove_suffix(1);
      reply = shared->answer(line);
      buffer.erase(0, size);
    } else if (failed == asio::error::not_found) {
      reply = error(std::format("a line has at most {} bytes", max_line - 1));
    } else {
      co_return;
    }
    reply += '\n';
    const bool over = failed.failed();
    co_await asio::async_write(*client, asio::buffer(reply),
                               asio::redirect_error(asio::use_awaitable, failed));
    if (over || failed) co_return;
  }
}

}  // namespace celeriac::firmware_sim
