#include "hal/recording/replay.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <charconv>
#include <filesystem>
#include <format>
#include <fstream>
#include <map>

#include "hal/hypervisor.hpp"
#include "hal/recording/remembered_board.hpp"
#include "hal/recording/replay_timers.hpp"

namespace celeriac::hal::recording {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using namespace std::chrono_literals;
using protocol::Error;
using protocol::Json;
using protocol::Result;
using protocol::Status;

/// A hypervisor needs so long to get to know a board that runs: two seconds of listening, and its questions.
constexpr auto introduction = 6s;
/// More often than any board, so that none is taken for dead.
constexpr auto idle_report_every = 400ms;
/// Lines of the recording that are shown in front of a difference.
constexpr std::size_t context_lines = 12;

struct Lined {
  Record record;
  std::string_view line;
  std::size_t number;
};

Role role_of(const Record& record) {
  return row_of(record.kind).role;
}

Json parsed(std::string_view text) {
  auto document = Json::parse(text, nullptr, false);
  return document.is_object() ? document : Json::object();
}

/// A folder for one run.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "celeriac-replay-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  void fill(const Json& files) const {
    if (!files.is_object()) return;
    for (const auto& [name, text] : files.items())
      if (text.is_string() && fs::path(name).filename() == name)
        std::ofstream(path_ / name, std::ios::binary) << text.get_ref<const std::string&>();
  }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// What the replayed hypervisor did.
struct Produced {
  Kind kind;
  std::string text;
  Instant at;
  std::size_t during;  // the input that it followed
};

/// One life of a hypervisor: from a start or a snapshot to the next start, a gap, or the end.
class Run final : private firmware::PortOpener, private Lines {
 public:
  explicit Run(std::span<const Lined> lines) : lines_(lines) {}
  ~Run() override {
    muted_ = true;
    if (hypervisor_) hypervisor_->stop();
    io_.restart();
    io_.poll();
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  /// Returns the number of requests. All of it runs inside the event loop, as it did when it was recorded:
  /// what is dispatched there happens at once.
  Result<std::size_t> play() {
    Result<std::size_t> played;
    asio::post(io_, [&] { played = play_inside(); });
    io_.run_one();
    return played;
  }
  [[nodiscard]] std::optional<Difference> compare() const;

 private:
  class Port;

  // PortOpener
  Result<std::unique_ptr<firmware::SerialPort>> open() override;
  [[nodiscard]] std::string port_name() const override { return port_name_; }
  // Lines
  void append(std::string_view line, Duration at_most) override;
  void begin_segment() override {}
  [[nodiscard]] std::size_t segment_size() const override { return 0; }

  Result<std::size_t> play_inside();
  Result<void> begin(const Record& first);
  Result<void> introduce(const Json& memory, Instant at);
  void feed(const Record& record);
  void request(std::string_view text);
  /// Lets happen what has been posted.
  void settle() { io_.poll(); }
  void finish_job() {
    auto job = std::move(waiting_jobs_.front());
    waiting_jobs_.pop_front();
    job.done();
  }
  void finish_jobs(Instant begun);
  /// Lets happen what the present input has posted, as far as it had happened before the next.
  void settle_before_next();
  /// The record of this kind that stands behind the present input and in front of the next.
  [[nodiscard]] const Record* answer(Kind kind);
  [[nodiscard]] Difference difference(std::size_t at, std::string recorded, std::string replayed) const;

  std::span<const Lined> lines_;
  std::size_t cursor_ = 0;
  std::vector<bool> used_;  // answers that were given
  std::vector<Produced> produced_;
  std::size_t requests_ = 0;
  std::size_t outputs_ = 0;  // of the recording up to here
  bool muted_ = true;

  // Polled from inside one of its own handlers: with a concurrency hint of 1 it would lose count of its work.
  asio::io_context io_;
  ReplayTimers timers_;
  Recorder recorder_{io_, timers_, *this};
  RecordedOpener opener_{*this, recorder_};
  protocol::Registers registers_;
  Folder folder_;
  std::string port_name_;
  Port* port_ = nullptr;
  std::optional<RememberedBoard> board_;
  std::string said_;  // by the remembered board, not yet received
  struct Job {
    Instant begun;
    std::move_only_function<void()> done;
  };
  std::deque<Job> waiting_jobs_;  // done, but nobody knows it yet
  std::unique_ptr<Hypervisor> hypervisor_;
};

class Run::Port final : public firmware::SerialPort {
 public:
  explicit Port(Run& run) : run_(run) { run_.port_ = this; }
  ~Port() override {
    if (run_.port_ == this) run_.port_ = nullptr;
  }
  void start(std::move_only_function<void(std::string_view)> received,
             std::move_only_function<void(std::string)> lost) override {
    received_ = std::make_shared<std::move_only_function<void(std::string_view)>>(std::move(received));
    lost_ = std::make_shared<std::move_only_function<void(std::string)>>(std::move(lost));
  }
  void write(std::string_view bytes) override {
    if (run_.board_) run_.said_ += run_.board_->take(bytes);
  }
  void write_urgent(std::string_view bytes) override { write(bytes); }
  [[nodiscard]] std::size_t unsent() const override {
    std::size_t bytes = 0;
    if (const auto* record = run_.answer(Kind::unsent))
      std::from_chars(record->text.data(), record->text.data() + record->text.size(), bytes);
    return bytes;
  }
  // Both may end in the port's own end.
  void deliver(std::string_view bytes) {
    if (const auto receiver = received_) (*receiver)(bytes);
  }
  void lose(std::string why) {
    if (const auto teller = lost_) (*teller)(std::move(why));
  }

 private:
  Run& run_;
  std::shared_ptr<std::move_only_function<void(std::string_view)>> received_;
  std::shared_ptr<std::move_only_function<void(std::string)>> lost_;
};

void Run::append(std::string_view line, Duration) {
  if (muted_) return;
  if (const auto record = parse_line(line); record && role_of(*record) == Role::output)
    produced_.push_back({record->kind, std::string(record->text), timers_.now(), cursor_});
}

const Record* Run::answer(Kind kind) {
  for (auto i = cursor_ + 1; i < lines_.size() && role_of(lines_[i].record) != Role::input; ++i)
    if (lines_[i].record.kind == kind && !used_[i]) {
      used_[i] = true;
      return &lines_[i].record;
    }
  return nullptr;
}

Result<std::unique_ptr<firmware::SerialPort>> Run::open() {
  if (board_) return std::make_unique<Port>(*this);
  const auto* record = answer(Kind::port);
  if (record == nullptr)
    return protocol::fail(Status::offline, "The port was not opened at this time in the recording.");
  const auto document = parsed(record->text);
  port_name_ = document.value("name", port_name_);
  if (document.contains("error")) return std::unexpected(error_of(document["error"]));
  return std::make_unique<Port>(*this);
}

Result<void> Run::begin(const Record& first) {
  const auto memory = parsed(first.text);
  folder_.fill(memory.value("files", Json::object()));
  const settings::Background background = [this](std::move_only_function<void()> job,
                                                 std::move_only_function<void()> done) {
    job();
    waiting_jobs_.push_back({timers_.now(), std::move(done)});
  };
  hypervisor_ = std::make_unique<Hypervisor>(
      io_, timers_, opener_, registers_, background,
      Hypervisor::Options{.dir = folder_.path(),
                          .initial_parameters = memory.value("initial_parameters", Json::object()),
                          .recorder = &recorder_});
  if (first.kind == Kind::snapshot) return introduce(memory, first.at());
  timers_.set_now(first.at());
  hypervisor_->stop_button(gpio::button_of(memory.value("button", Json())));
  muted_ = false;
  return hypervisor_->start();
}

Result<void> Run::introduce(const Json& memory, Instant at) {
  board_.emplace(memory);
  port_name_ = memory.value("port", std::string());
  timers_.set_now(at - introduction);
  hypervisor_->stop_button(gpio::button_of(memory.value("button", Json())));
  if (auto started = hypervisor_->start(); !started) return started;
  // Jobs are done and the board is heard until nobody has anything to say.
  const auto rest = [this] {
    for (settle(); !waiting_jobs_.empty() || (!said_.empty() && port_ != nullptr); settle()) {
      if (!waiting_jobs_.empty()) {
        finish_job();
      } else {
        port_->deliver(std::exchange(said_, {}));
      }
    }
  };
  said_ = board_->idle_report();
  for (rest(); timers_.now() + idle_report_every < at; rest()) {
    timers_.advance(timers_.now() + idle_report_every, rest);
    said_ += board_->idle_report();
  }
  timers_.advance(at, rest);
  said_ = board_->idle_report();
  rest();
  if (!hypervisor_->link().quiet())
    return protocol::fail(Status::failed,
                          "The hypervisor does not come to rest with the board of the snapshot.");
  hypervisor_->remember(memory);
  board_.reset();
  muted_ = false;
  return {};
}

// The job that began then is done, and those before it. Of several that one input began, each has a record.
void Run::finish_jobs(Instant begun) {
  const auto later = std::ranges::find_if(waiting_jobs_, [&](const Job& job) { return job.begun > begun; });
  if (later == waiting_jobs_.begin()) return;
  const auto newest = std::prev(later)->begun;
  while (waiting_jobs_.front().begun < newest) finish_job();
  finish_job();
}

void Run::settle_before_next() {
  const auto* record = answer(Kind::turn);
  if (record == nullptr) return settle();
  int turns = 0;
  std::from_chars(record->text.data(), record->text.data() + record->text.size(), turns);
  while (recorder_.turns() < turns && io_.poll_one() > 0) {
  }
  // Within a turn the next input may have come before or after what is waiting: what was done by then tells.
  while (produced_.size() < outputs_ && recorder_.turns() == turns && io_.poll_one() > 0) {
  }
}

void Run::request(std::string_view text) {
  const auto word = [&] {
    const auto end = text.find(' ');
    const auto first = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    return first;
  };
  const auto number_text = word(), owner = word(), name = word();
  std::uint64_t number = 0;
  std::from_chars(number_text.data(), number_text.data() + number_text.size(), number);
  const auto* operation = protocol::find_operation(name);
  if (operation == nullptr) return;  // of another version: its outcome will be missing
  const auto payload = protocol::encode(*operation, parsed(text));
  if (!payload) return;
  const auto arguments = protocol::Arguments::decode(*operation, *payload);
  if (!arguments) return;
  ++requests_;
  recorder_.number_request(number);
  hypervisor_->serve(*operation, *arguments, owner_of(owner), [](const Outcome&) {});
}

void Run::feed(const Record& record) {
  std::uint64_t number = 0;
  std::from_chars(record.text.data(), record.text.data() + record.text.size(), number);
  switch (record.kind) {
    case Kind::received:
      if (port_ != nullptr) port_->deliver(unescaped(record.text));
      break;
    case Kind::lost:
      if (port_ != nullptr) port_->lose(unescaped(record.text));
      break;
    case Kind::ring:
      recorder_.put(Kind::ring);
      timers_.ring();
      break;
    case Kind::stored:
      recorder_.put(Kind::stored);
      finish_jobs(record.at() - std::chrono::microseconds(number));
      break;
    case Kind::request:
      request(record.text);
      break;
    case Kind::closed:
      hypervisor_->stream_closed(number);
      break;
    case Kind::button:
      hypervisor_->stop_button(gpio::button_of(parsed(record.text)));
      break;
    case Kind::ending:
      hypervisor_->come_to_rest([] {});
      break;
    case Kind::rest: {
      const auto document = parsed(record.text);
      static_cast<void>(hypervisor_->rest({.refusal = error_of(document.value("refusal", Json::object())),
                                           .apart = document.value("apart", false)},
                                          [] {}));
      break;
    }
    case Kind::wake:
      hypervisor_->wake([](const Outcome&) {});
      break;
    case Kind::stop:
      hypervisor_->stop();
      break;
    default:
      break;
  }
}

Result<std::size_t> Run::play_inside() {
  used_.assign(lines_.size(), false);
  std::vector<ReplayTimers::Ring> rings;
  for (const auto& [record, line, number] : lines_)
    if (record.kind == Kind::ring) {
      std::int64_t late = 0;
      std::from_chars(record.text.data(), record.text.data() + record.text.size(), late);
      rings.push_back({record.at() - std::chrono::microseconds(late), record.at()});
    }
  if (auto begun = begin(lines_.front().record); !begun) return std::unexpected(std::move(begun.error()));
  timers_.expect(std::move(rings));
  for (std::size_t i = 1; i < lines_.size(); ++i) {
    const auto& record = lines_[i].record;
    if (role_of(record) == Role::output) ++outputs_;
    if (role_of(record) != Role::input) continue;
    settle_before_next();
    timers_.advance(record.at(), [this] { settle(); });
    cursor_ = i;
    feed(record);
  }
  settle();
  return requests_;
}

// ---- comparing ----

/// Times of day and dates stand in sentences, and a replay has others.
std::string without_times(std::string_view text) {
  std::string kept;
  for (std::size_t i = 0; i < text.size();) {
    const auto digit = [&](std::size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '9'; };
    const auto pair = [&](std::size_t at) { return digit(at) && digit(at + 1); };
    if (pair(i) && i + 2 < text.size() && text[i + 2] == ':' && pair(i + 3)) {
      kept += "##:##";
      i += 5;
    } else if (pair(i) && pair(i + 2) && i + 4 < text.size() && text[i + 4] == '-' && pair(i + 5)) {
      kept += "####-##";
      i += 7;
    } else {
      kept += text[i++];
    }
  }
  return kept;
}

/// What is compared in its order: everything that is written, every decision about the link, each request
/// alone.
std::string stream_of(Kind kind, std::string_view text) {
  if (kind == Kind::outcome) return "outcome " + std::string(text.substr(0, text.find(' ')));
  return kind == Kind::state || kind == Kind::lock ? "link" : "wire";
}

Difference Run::difference(std::size_t at, std::string recorded, std::string replayed) const {
  Difference found{.line = lines_[at].number,
                   .recorded = std::move(recorded),
                   .replayed = std::move(replayed),
                   .context = {}};
  const auto from = at >= context_lines ? at - context_lines : 0;
  for (auto i = from; i <= at; ++i) found.context += std::string(lines_[i].line.substr(0, 300)) + "\n";
  return found;
}

std::optional<Difference> Run::compare() const {
  std::map<std::string, std::deque<std::size_t>> recorded;  // lines that are still to be met
  for (std::size_t i = 1; i < lines_.size(); ++i)
    if (const auto& record = lines_[i].record; role_of(record) == Role::output)
      recorded[stream_of(record.kind, record.text)].push_back(i);
  std::optional<std::size_t> first;
  std::optional<Difference> found;
  const auto keep = [&](std::size_t at, std::string was, std::string is) {
    if (first && *first <= at) return;
    first = at;
    found = difference(at, std::move(was), std::move(is));
  };
  const auto shown = [](Kind kind, std::string_view text) {
    return std::string(row_of(kind).word) + (text.empty() ? "" : " ") + std::string(text);
  };
  std::map<std::string, bool> broken;  // of a stream only the first difference counts
  for (const auto& made : produced_) {
    const auto stream = stream_of(made.kind, made.text);
    if (broken[stream]) continue;
    auto& expected = recorded[stream];
    if (expected.empty()) {
      // At its end the recording may just have ended before it could tell of this.
      if (made.at + timing_tolerance < lines_.back().record.at())
        keep(made.during, "", shown(made.kind, made.text)), broken[stream] = true;
      continue;
    }
    const auto at = expected.front();
    const auto& record = lines_[at].record;
    const bool same = record.kind == made.kind && without_times(record.text) == without_times(made.text);
    const auto apart = made.at < record.at() ? record.at() - made.at : made.at - record.at();
    if (!same || (stream == "wire" && apart > timing_tolerance)) {
      const auto when =
          same ? std::format(" ({} ms {})",
                             std::chrono::duration_cast<std::chrono::milliseconds>(apart).count(),
                             made.at < record.at() ? "earlier" : "later")
               : std::string();
      keep(at, shown(record.kind, record.text), shown(made.kind, made.text) + when);
      broken[stream] = true;
      continue;
    }
    expected.pop_front();
  }
  for (const auto& [stream, expected] : recorded)
    if (!expected.empty() && !broken[stream])
      keep(expected.front(),
           shown(lines_[expected.front()].record.kind, lines_[expected.front()].record.text), "");
  return found;
}

}  // namespace

Result<Replayed> replay(std::string_view recording) {
  std::vector<Lined> lines;
  std::size_t number = 0, unreadable = 0;
  for (std::size_t at = 0; at < recording.size();) {
    const auto end = std::min(recording.find('\n', at), recording.size());
    const auto line = recording.substr(at, end - at);
    at = end + 1;
    ++number;
    if (const auto record = parse_line(line))
      lines.push_back({*record, line, number});
    else
      ++unreadable;
  }
  if (lines.empty() || unreadable > lines.size())
    return protocol::fail(Status::malformed, "This is no recording: make one with `celeriac trace export`.");
  Replayed replayed;
  const auto begins = [](const Lined& line) { return line.record.kind == Kind::start; };
  const std::span all(lines);
  std::size_t at = 0;
  bool any = false;
  while (at < all.size()) {
    if (!begins(all[at]) && all[at].record.kind != Kind::snapshot) {
      if (!any) ++replayed.skipped;
      ++at;
      continue;
    }
    any = true;
    auto end = at + 1;
    while (end < all.size() && !begins(all[end]) && all[end].record.kind != Kind::dropped) ++end;
    Run run(all.subspan(at, end - at));
    const auto requests = run.play();
    if (!requests) return std::unexpected(requests.error());
    replayed.lines += end - at;
    replayed.requests += *requests;
    if (end < all.size() && all[end].record.kind == Kind::dropped) ++replayed.gaps;
    replayed.difference = run.compare();
    if (replayed.difference) return replayed;
    at = end;
  }
  if (!any)
    return protocol::fail(
        Status::malformed,
        "This recording has neither the hypervisor's start nor a snapshot: there is nothing to "
        "begin a replay from. Export a longer time.");
  return replayed;
}

std::string report(const Replayed& replayed) {
  if (!replayed.difference) {
    auto text = std::format("the same: {} lines, {} requests", replayed.lines, replayed.requests);
    if (replayed.skipped > 1)
      text += std::format(" ({} lines before the first snapshot skipped)", replayed.skipped);
    if (replayed.gaps > 0) text += std::format(" ({} gaps skipped)", replayed.gaps);
    return text + "\n";
  }
  const auto& difference = *replayed.difference;
  const auto or_nothing = [](const std::string& text) { return text.empty() ? "(nothing)" : text; };
  return std::format("{}a difference at line {}:\n  recorded: {}\n  replayed: {}\n", difference.context,
                     difference.line, or_nothing(difference.recorded), or_nothing(difference.replayed));
}

}  // namespace celeriac::hal::recording
