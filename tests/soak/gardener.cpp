#include "gardener.hpp"

#include <algorithm>
#include <chrono>
#include <format>
#include <utility>

#include "protocol/operations.hpp"
#include "protocol/payload.hpp"

namespace celeriac::soak {
namespace {

using namespace std::chrono_literals;
using protocol::Json;
using protocol::Status;

/// Well within the 1 s that a lease allows.
constexpr auto keep_alive_period = 500ms;
constexpr double mean_thinking_s = 4;
constexpr double longest_silence_s = 3;
constexpr double vanishing = 0.01;        ///< of all tasks
constexpr double falling_silent = 0.002;  ///< of all keep-alives
constexpr double unlocking = 0.5;         ///< of the tasks while the lock is on
constexpr std::array<double, 3> bed_mm = {2650, 1150, -380};
constexpr int all_three_axes = 3;

Duration random_time(firmware_sim::RandomSource& random, double mean_s) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(0.05 + random.wait(mean_s)));
}

}  // namespace

/// Goes with the completion: an answer that never comes is noticed when nobody can give it any more.
struct Gardener::Question {
  Watch& watch;
  std::string operation;
  std::shared_ptr<bool> asker_alive;
  bool answered = false;

  ~Question() {
    if (!answered && *asker_alive) watch.violation(std::format("{} was never answered", operation));
  }
};

struct Gardener::TaskRow {
  std::uint64_t weight;
  void (Gardener::*run)();
};

const std::array<Gardener::TaskRow, 14>& Gardener::tasks() {
  static constexpr std::array<TaskRow, 14> rows = {{
      {300, &Gardener::move},
      {100, &Gardener::move_a_little},
      {150, &Gardener::open_output},
      {120, &Gardener::close_output},
      {100, &Gardener::read_soil},
      {30, &Gardener::go_home},
      {15, &Gardener::find_home},
      {4, &Gardener::find_homes},
      {4, &Gardener::measure},
      {40, &Gardener::read_status},
      {5, &Gardener::stop_everything},
      {15, &Gardener::abort},
      {20, &Gardener::jog},
      {2, &Gardener::restart_board},
  }};
  return rows;
}

Gardener::Gardener(House& house, Watch& watch, Work& work, std::size_t number, std::uint64_t seed)
    : house_(house),
      watch_(watch),
      work_(work),
      number_(number),
      random_(seed, 1000 + number),
      session_(number + 1),
      keeps_alive_(number % 2 == 0),
      next_task_(house.now() + random_time(random_, mean_thinking_s)),
      next_keep_alive_(house.now()) {}

Gardener::~Gardener() {
  *alive_ = false;
}

Instant Gardener::next() const {
  const Instant task = asked_at_ ? Instant::max() : next_task_;
  return keeps_alive_ ? std::min(task, next_keep_alive_) : task;
}

void Gardener::act() {
  const Instant now = house_.now();
  if (keeps_alive_ && next_keep_alive_ <= now) {
    next_keep_alive_ = now + keep_alive_period;
    if (random_.chance(falling_silent)) {
      next_keep_alive_ += random_time(random_, longest_silence_s);
      watch_.client_gone(number_);  // only if the silence is long enough, but then it has to be off as well
      if (next_keep_alive_ - now <= 1s) watch_.client_wants(number_);
    }
    const auto* const operation = protocol::find_operation("SYS.KEEP_ALIVE");
    const auto arguments =
        protocol::Arguments::decode(*operation, *protocol::encode(*operation, Json::object()));
    house_.hypervisor().serve(*operation, *arguments, {.session = session_}, [](const hal::Outcome&) {});
  }
  if (asked_at_ || next_task_ > now) return;
  if (house_.hypervisor().link().lock().engaged() && random_.chance(unlocking))
    return ask("SYS.EMERGENCY_UNLOCK");
  if (std::exchange(lost_, false)) return find_homes();
  std::uint64_t sum = 0;
  for (const TaskRow& row : tasks()) sum += row.weight;
  std::uint64_t drawn = random_.below(sum);
  const auto chosen = std::ranges::find_if(tasks(), [&](const TaskRow& row) {
    if (drawn < row.weight) return true;
    drawn -= row.weight;
    return false;
  });
  (this->*chosen->run)();
  if (random_.chance(vanishing)) vanish();
}

void Gardener::look() {
  if (!asked_at_ || overdue_told_) return;
  // Everybody has at most one request in the queue.
  const Duration waited = house_.now() - *asked_at_;
  if (waited <= 3 * longest_request) return;
  overdue_told_ = true;
  watch_.violation(std::format("{} has not been answered for {:.0f} s", asked_,
                               std::chrono::duration<double>(waited).count()));
}

void Gardener::ask(std::string_view operation, Json fields) {
  const std::string name(operation);
  const auto* const row = protocol::find_operation(name);
  const auto arguments = protocol::Arguments::decode(*row, *protocol::encode(*row, fields));
  ++work_.asked[name];
  asked_at_ = house_.now();
  asked_ = std::format("{} {}", name, fields.dump());
  channel_ = static_cast<std::uint16_t>(channel_ % 1000 + 1);
  auto question = std::make_shared<Question>(watch_, asked_, alive_);
  house_.hypervisor().serve(
      *row, *arguments, {.session = session_, .channel = static_cast<protocol::Channel>(channel_)},
      [this, question, alive = alive_, since = house_.now(), name](const hal::Outcome& outcome) {
        if (question->answered && *alive) watch_.violation(std::format("{} was answered twice", name));
        question->answered = true;
        if (*alive) answered(name, since, outcome);
      });
}

void Gardener::answered(const std::string& operation, Instant since, const hal::Outcome& outcome) {
  const double took = std::chrono::duration<double>(house_.now() - since).count();
  if (took > work_.worst_answer_s) {
    work_.worst_answer_s = took;
    work_.worst_answer = asked_;
  }
  ++work_.answered[outcome ? "ok" : std::string(protocol::name(outcome.error().status))];
  if (!outcome) {
    house_.note("client", std::format("{} {}: {}", number_, asked_, outcome.error().message));
    if (outcome.error().message.empty())
      watch_.violation(std::format("{} failed without a reason", operation));
    if (outcome.error().status == Status::internal)
      watch_.violation(std::format("{}: {}", operation, outcome.error().message));
    const Status status = outcome.error().status;
    if (status == Status::hardware_fault || status == Status::timeout)
      watch_.machine_failed(since, outcome.error().message);
    // A move that is refused so needs to know first where the bot is.
    lost_ = outcome.error().status == Status::wrong_state && operation.starts_with("SYS.MOVE");
  }
  asked_at_.reset();
  overdue_told_ = false;
  think();
}

void Gardener::think() {
  next_task_ = house_.now() + random_time(random_, mean_thinking_s);
}

/// Its stream closes, whatever it waits for; another client comes in its place.
void Gardener::vanish() {
  ++work_.vanished;
  *std::exchange(alive_, std::make_shared<bool>(true)) = false;
  asked_at_.reset();
  overdue_told_ = false;
  house_.note("client", std::format("{} vanishes", number_));
  watch_.client_gone(number_);
  house_.hypervisor().stream_closed(session_);
  session_ += 100;
  think();
}

void Gardener::begin_anew() {
  *std::exchange(alive_, std::make_shared<bool>(true)) = false;
  asked_at_.reset();
  overdue_told_ = false;
  watch_.client_gone(number_);
  think();
}

// Tasks

void Gardener::move() {
  ask("SYS.MOVE_ABSOLUTE", {{"x", random_.unit() * bed_mm[0]},
                            {"y", random_.unit() * bed_mm[1]},
                            {"z", random_.unit() * bed_mm[2]}});
}

void Gardener::move_a_little() {
  ask("SYS.MOVE_RELATIVE", {{"x", random_.between(-50, 50)}, {"y", random_.between(-50, 50)}, {"z", 0.0}});
}

void Gardener::open_output() {
  if (number_ >= outputs.size()) return read_soil();
  watch_.client_wants(number_);
  ask("SYS.WRITE_PIN", {{"pin", outputs[number_]}, {"value", 1}, {"mode", 0}});
}

void Gardener::close_output() {
  if (number_ >= outputs.size()) return read_soil();
  ask("SYS.WRITE_PIN", {{"pin", outputs[number_]}, {"value", 0}, {"mode", 0}});
}

void Gardener::read_soil() {
  ask("SYS.READ_PIN", {{"pin", 59}, {"mode", 1}});
}

void Gardener::go_home() {
  ask("SYS.HOME", {{"axis", random_.below(all_three_axes + 1)}});
}

void Gardener::find_home() {
  ask("SYS.FIND_HOME", {{"axis", random_.below(all_three_axes)}});
}

void Gardener::find_homes() {
  ask("SYS.FIND_HOME", {{"axis", all_three_axes}});
}

void Gardener::measure() {
  ask("SYS.CALIBRATE", {{"axis", random_.below(all_three_axes)}});
}

void Gardener::read_status() {
  ask("SYS.READ_STATUS");
}

void Gardener::stop_everything() {
  ask("SYS.EMERGENCY_LOCK");
}

void Gardener::abort() {
  ask("SYS.ABORT");
}

void Gardener::jog() {
  ask("SYS.JOG", {{"x", 1}, {"y", 0}, {"z", 0}, {"speed", 50}});
}

void Gardener::restart_board() {
  ask("SYS.REBOOT", {{"package", 0}});
}

}  // namespace celeriac::soak
