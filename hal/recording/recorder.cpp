#include "hal/recording/recorder.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <charconv>
#include <format>
#include <fstream>

namespace celeriac::hal::recording {
namespace {

using protocol::Error;
using protocol::Json;
using protocol::Status;

/// Statuses of outcomes that a person should look into, whoever asked.
bool is_fault(const Error& error) {
  return error.status == Status::hardware_fault || error.status == Status::internal ||
         (error.status == Status::timeout && !error.code.empty());
}

constexpr std::string_view questions[] = {"SYS.READ_STATUS", "SYS.CONFIG_READ"};

/// What goes on by itself in a machine of which nobody asks anything.
constexpr Kind idle_kinds[] = {Kind::received, Kind::ring, Kind::turn};

/// What a hypervisor keeps in its folder; a longer file is not what it wrote.
constexpr std::string_view own_files[] = {"parameters.json", "settings.json", "position.json", "outputs.json",
                                          "lock.json"};
constexpr std::size_t max_file = 64 * 1024;

std::string wall_text(std::int64_t milliseconds) {
  const std::chrono::sys_time<std::chrono::milliseconds> wall{std::chrono::milliseconds(milliseconds)};
  return std::format("{:%FT%T}Z", wall);
}

}  // namespace

bool is_question(const protocol::Operation& operation) noexcept {
  return std::ranges::find(questions, operation.long_name) != std::end(questions);
}

std::string text_of(Owner owner) {
  return std::format("{}.{}.{}", owner.session, owner.holder, static_cast<unsigned>(owner.channel));
}

Owner owner_of(std::string_view text) {
  std::uint64_t numbers[3] = {};
  for (auto& number : numbers) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) return {};
    text.remove_prefix(std::min(text.size(), static_cast<std::size_t>(end - text.data()) + 1));
  }
  return {.session = numbers[0],
          .channel = protocol::Channel{static_cast<std::uint16_t>(numbers[2])},
          .holder = numbers[1]};
}

Json files_of(const std::filesystem::path& directory) {
  Json files = Json::object();
  for (const auto name : own_files) {
    std::ifstream file(directory / name, std::ios::binary);
    std::string text(max_file + 1, '\0');
    if (!file.read(text.data(), static_cast<std::streamsize>(text.size())) && file.gcount() == 0) continue;
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (text.size() <= max_file) files[std::string(name)] = std::move(text);
  }
  return files;
}

Json outcome_document(const Outcome& outcome) {
  if (outcome) return {{"status", "ok"}, {"value", outcome->value}};
  const auto& error = outcome.error();
  return {{"status", protocol::name(error.status)},
          {"code", error.code},
          {"message", error.message.substr(0, max_text)}};
}

Recorder::Recorder(boost::asio::io_context& io, Timers& timers, Lines& lines)
    : io_(io), timers_(timers), lines_(lines) {
  begin_segment();
}

void Recorder::put(Kind kind, std::string_view text) {
  if (lines_.segment_size() >= longest_segment_bytes) begin_segment();
  if (row_of(kind).role == Role::input) input();
  append(kind, text);
}

// Inputs that come in one go, such as the requests of one reading, come before what the first of them has
// posted. A replay has to know: it feeds them one by one.
void Recorder::input() {
  if (turn_under_way_) append(Kind::turn, std::to_string(turns_));
  turns_ = 0;
  if (!turn_under_way_) wait_for_turn();
}

void Recorder::wait_for_turn() {
  turn_under_way_ = true;
  boost::asio::post(io_, [this] {
    turn_under_way_ = false;
    if (++turns_ < turns_to_rest) wait_for_turn();
  });
}

void Recorder::begin_segment() {
  const auto wall = protocol::now_milliseconds();
  lines_.begin_segment();
  append(Kind::segment,
         one_line({{"version", CELERIAC_VERSION}, {"wall", wall_text(wall)}, {"wall_ms", wall}}));
}

void Recorder::append(Kind kind, std::string_view text) {
  const bool idle = requests_under_way_ == 0 && std::ranges::contains(idle_kinds, kind);
  lines_.append(line(timers_.now(), kind, text), idle ? Duration(idle_flush_period) : Duration(flush_period));
}

void Recorder::start(const Json& options) {
  put(Kind::start, one_line(options));
}

void Recorder::rest(const Error& refusal, bool apart) {
  put(Kind::rest, one_line({{"refusal", error_document(refusal)}, {"apart", apart}}));
}

std::uint64_t Recorder::request(const protocol::Operation& operation, const Json& fields, Owner owner) {
  const auto number = ++last_request_;
  ++requests_under_way_;
  put(Kind::request,
      std::format("{} {} {} {}", number, text_of(owner), operation.long_name, one_line(fields)));
  return number;
}

void Recorder::outcome(std::uint64_t number, const Outcome& outcome) {
  if (requests_under_way_ > 0) --requests_under_way_;
  put(Kind::outcome, std::format("{} {}", number, one_line(outcome_document(outcome))));
  if (!outcome && is_fault(outcome.error())) {
    const auto& error = outcome.error();
    fault(error.code.empty() ? std::string(protocol::name(error.status)) : error.code, error.message);
  }
}

void Recorder::state(std::string_view name) {
  if (state_ == name) return;
  state_ = name;
  put(Kind::state, name);
}

void Recorder::lock(bool engaged) {
  if (std::exchange(locked_, engaged) != engaged) put(Kind::lock, engaged ? "on" : "off");
}

void Recorder::lost(const Error& error) {
  if (error.status == Status::cancelled) return;  // as asked
  fault(error.code.empty() ? "board_lost" : error.code, error.message);
}

void Recorder::log(std::string_view level, std::string_view message) {
  message = message.substr(0, max_text);
  put(Kind::log, std::format("{} {}", level, message));
  kept_log_.push_back({{"time", protocol::now_milliseconds()},
                       {"level", std::string(level)},
                       {"message", std::string(message)}});
  if (kept_log_.size() > max_kept_log) kept_log_.pop_front();
  if (level == "error") fault(std::string(any_error), std::string(message));
}

void Recorder::bytes_taken() {
  const bool full = lines_.segment_size() >= segment_bytes;
  const auto now = timers_.now();
  if (!snapshot_ || (!full && last_snapshot_ != Instant{} && now - last_snapshot_ < snapshot_period)) return;
  if (jobs_under_way() > 0) return;
  const auto snapshot = snapshot_();
  if (!snapshot) return;
  if (full) begin_segment();
  put(Kind::snapshot, one_line(*snapshot));
  last_snapshot_ = now;
}

settings::Background Recorder::recorded(settings::Background inner) {
  return [this, inner = std::move(inner)](std::move_only_function<void()> job,
                                          std::move_only_function<void()> done) {
    ++jobs_under_way_;
    inner(std::move(job), [this, begun = timers_.now(), done = std::move(done)]() mutable {
      --jobs_under_way_;
      const auto took = std::chrono::duration_cast<std::chrono::microseconds>(timers_.now() - begun);
      put(Kind::stored, std::to_string(took.count()));
      done();
    });
  };
}

// ---- the clock ----

namespace {

class RecordedTimer final : public Timer {
 public:
  RecordedTimer(std::unique_ptr<Timer> inner, Timers& timers, Recorder& recorder)
      : inner_(std::move(inner)), timers_(timers), recorder_(recorder) {}

  void set(Duration after, std::move_only_function<void()> alarm) override {
    // The alarm may destroy this timer: nothing of it is used.
    inner_->set(after, [&recorder = recorder_, &timers = timers_, due = timers_.now() + after,
                        alarm = std::move(alarm)]() mutable {
      const auto late = std::chrono::duration_cast<std::chrono::microseconds>(timers.now() - due);
      recorder.put(Kind::ring, std::to_string(late.count()));
      alarm();
    });
  }
  void cancel() override { inner_->cancel(); }

 private:
  std::unique_ptr<Timer> inner_;
  Timers& timers_;
  Recorder& recorder_;
};

// ---- the port ----

class RecordedPort final : public firmware::SerialPort {
 public:
  RecordedPort(std::unique_ptr<SerialPort> inner, Recorder& recorder)
      : inner_(std::move(inner)), recorder_(recorder) {}

  void start(std::move_only_function<void(std::string_view)> received,
             std::move_only_function<void(std::string)> lost) override {
    inner_->start(
        [&recorder = recorder_, received = std::move(received)](std::string_view bytes) mutable {
          recorder.put(Kind::received, bytes);
          auto& after = recorder;  // the receiver may close the port, and with it this function object
          received(bytes);
          after.bytes_taken();
        },
        [&recorder = recorder_, lost = std::move(lost)](std::string why) mutable {
          recorder.put(Kind::lost, why);
          lost(std::move(why));
        });
  }
  void write(std::string_view bytes) override {
    recorder_.put(Kind::sent, bytes);
    inner_->write(bytes);
  }
  void write_urgent(std::string_view bytes) override {
    inner_->write_urgent(bytes);  // the stop first
    recorder_.put(Kind::urgent, bytes);
  }
  [[nodiscard]] std::size_t unsent() const override {
    const auto bytes = inner_->unsent();
    if (bytes > 0) recorder_.put(Kind::unsent, std::to_string(bytes));
    return bytes;
  }
  void hang_up() override {
    recorder_.put(Kind::hang_up);
    inner_->hang_up();
  }

 private:
  std::unique_ptr<SerialPort> inner_;
  Recorder& recorder_;
};

}  // namespace

std::unique_ptr<Timer> RecordedTimers::make() {
  return std::make_unique<RecordedTimer>(inner_.make(), inner_, recorder_);
}

protocol::Result<std::unique_ptr<firmware::SerialPort>> RecordedOpener::open() {
  auto opened = inner_.open();
  Json document{{"name", inner_.port_name()}};
  if (!opened) document["error"] = error_document(opened.error());
  recorder_.put(Kind::port, one_line(document));
  if (!opened) return opened;
  return std::make_unique<RecordedPort>(std::move(*opened), recorder_);
}

}  // namespace celeriac::hal::recording
