#include "console/run_display.hpp"

#include <algorithm>
#include <format>
#include <ostream>

#include "console/log_line.hpp"
#include "console/text.hpp"

namespace celeriac::console {
using protocol::Json;

namespace {

constexpr std::size_t narrowest = 20;  // below this lines are cut off rather than squeezed
constexpr std::size_t widest_bar = 40;
constexpr std::size_t default_columns = 80;

constexpr std::string_view bold = "\x1b[1m", dim = "\x1b[2m", green = "\x1b[32m", red = "\x1b[31m",
                           yellow = "\x1b[33m", plain = "\x1b[0m";

/// Columns of a line, its SGR escapes not counted.
std::size_t visible_width(std::string_view line) {
  std::string bare;
  while (!line.empty()) {
    if (line.starts_with("\x1b[")) {
      line.remove_prefix(std::min(line.find('m'), line.size() - 1) + 1);
      continue;
    }
    bare += line.front();
    line.remove_prefix(1);
  }
  return width(bare);
}

std::string_view colour_of(std::string_view state) {
  if (state == "failed" || state == "killed") return red;
  if (state == "paused" || state == "ready") return yellow;
  return green;
}

/// Waiting for an answer is what a running step does; waiting for a turn is worth a word.
bool waits_for_turn(const ProcessStatus& process) {
  return process.waiting_for.starts_with("motion");
}

std::string state_of(const ProcessStatus& process) {
  if (waits_for_turn(process)) return std::format("waits for {}", process.waiting_for);
  return process.state == "waiting" ? "running" : process.state;
}

/// Steps of the top level that lie behind: all once it is done.
std::int64_t passed(const ProcessStatus& process) {
  if (process.state == "done") return process.steps;
  return std::clamp<std::int64_t>(process.step - 1, 0, std::max<std::int64_t>(process.steps, 0));
}

}  // namespace

std::string bar(std::int64_t done, std::int64_t all, std::size_t columns, bool unicode) {
  if (columns < 3) return {};
  const std::size_t inside = columns - 2;
  const double share =
      all > 0 ? std::clamp(static_cast<double>(done) / static_cast<double>(all), 0.0, 1.0) : 0.0;
  std::string text = "[";
  if (!unicode) {
    const auto full = static_cast<std::size_t>(share * static_cast<double>(inside));
    return text + std::string(full, '#') + std::string(inside - full, '-') + ']';
  }
  constexpr std::string_view eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const auto parts = static_cast<std::size_t>(share * static_cast<double>(inside) * 8);
  for (std::size_t i = 0; i < parts / 8; ++i) text += "█";
  text += eighths[parts % 8];
  const std::size_t used = parts / 8 + (parts % 8 != 0 ? 1U : 0U);
  return text + std::string(inside - used, ' ') + ']';
}

std::vector<std::string> draw(const RunView& view, std::size_t columns, bool unicode, bool colour) {
  columns = std::max<std::size_t>(columns, 1);
  const auto paint = [&](std::string_view escape, std::string text) {
    return colour && !text.empty() ? std::string(escape) + text + std::string(plain) : text;
  };
  const auto& process = view.process;
  const std::string time = elapsed(view.elapsed);

  // Title and state to the left, the time to the right; the title gives way first.
  const std::string state =
      fitted(state_of(process), columns > narrowest ? columns - narrowest : columns, unicode);
  const std::string number = std::format("process {}", process.id);
  const std::size_t fixed = width(number) + width(state) + width(time) + 6;
  const std::string title = fixed < columns ? fitted(view.title, columns - fixed, unicode) : "";
  std::string left = title + (title.empty() ? "" : "  ") + number + "  ";
  std::string first;
  if (fixed <= columns) {
    const std::size_t used = width(left) + width(state);
    first = paint(bold, title) + left.substr(title.size()) + paint(colour_of(process.state), state) +
            std::string(columns - used - width(time), ' ') + time;
  } else {
    first = paint(colour_of(process.state), fitted(state + "  " + time, columns, unicode));
  }

  const std::int64_t behind = passed(process);
  const std::string count = process.steps > 0
                                ? std::format(" {}/{}", std::min(process.step, process.steps), process.steps)
                                : std::string();
  const std::size_t room = columns > width(count) ? columns - width(count) : 0;
  std::string second = bar(behind, process.steps, std::min(room, widest_bar), unicode) + count;

  std::string third = process.path;
  if (!view.step.empty()) third += (third.empty() ? "" : "  ") + view.step;
  return {first, fitted(second, columns, unicode), fitted(third, columns, unicode),
          paint(dim, fitted(position(view.position), columns, unicode))};
}

// ---- LiveBlock -----------------------------------------------------------------------------------

LiveBlock::LiveBlock(std::ostream& out, std::function<std::size_t()> columns)
    : out_(out), columns_(std::move(columns)) {}

LiveBlock::~LiveBlock() {
  clear();
}

std::size_t LiveBlock::columns() const {
  return columns_ ? std::max<std::size_t>(columns_(), 1) : default_columns;
}

void LiveBlock::erase() {
  if (!standing_) return;
  // The cursor stands behind the last line; each line takes as many rows as it now wraps to.
  const std::size_t columns_now = columns();
  std::size_t rows = 0;
  for (const auto& line : lines_)
    rows += std::max<std::size_t>(1, (visible_width(line) + columns_now - 1) / columns_now);
  out_ << '\r';
  if (rows > 1) out_ << std::format("\x1b[{}A", rows - 1);
  out_ << "\x1b[J";
}

void LiveBlock::write() {
  for (std::size_t i = 0; i < lines_.size(); ++i) out_ << (i == 0 ? "" : "\r\n") << lines_[i];
  out_.flush();
}

void LiveBlock::show(std::vector<std::string> lines) {
  if (standing_ && lines == lines_) return;
  erase();
  if (!std::exchange(standing_, true)) out_ << "\x1b[?25l";
  lines_ = std::move(lines);
  write();
}

void LiveBlock::print_above(std::string_view line) {
  erase();
  out_ << line << "\r\n";
  if (standing_)
    write();
  else
    out_.flush();
}

void LiveBlock::clear() {
  if (!standing_) return;
  erase();
  out_ << "\x1b[?25h";
  out_.flush();
  standing_ = false;
  lines_.clear();
}

// ---- the three ways ------------------------------------------------------------------------------

namespace {

class LiveDisplay final : public RunDisplay {
 public:
  explicit LiveDisplay(World& world) : world_(world), block_(world.out, world.terminal.columns) {}
  void update(const RunView& view) override {
    // The last column stays free: some terminals wrap when it is written.
    block_.show(draw(view, block_.columns() > 1 ? block_.columns() - 1 : 1, world_.terminal.unicode,
                     world_.terminal.colour));
  }
  void log(const Json& entry) override { block_.print_above(log_line(entry, world_.terminal.colour)); }
  void finish() override { block_.clear(); }
  [[nodiscard]] std::chrono::milliseconds interval() const override { return std::chrono::milliseconds(100); }

 private:
  World& world_;
  LiveBlock block_;
};

/// One line for each step that is seen to begin.
class PlainDisplay final : public RunDisplay {
 public:
  explicit PlainDisplay(World& world) : world_(world) {}
  void update(const RunView& view) override {
    const auto& process = view.process;
    const std::string waiting = waits_for_turn(process) ? process.waiting_for : "";
    const bool same = process.path == path_ && process.steps_done == steps_done_ && waiting == waiting_for_;
    if (process.ended() || process.path.empty() || same) return;
    path_ = process.path;
    steps_done_ = process.steps_done;
    waiting_for_ = waiting;
    world_.out << std::format("{:>9}  {:>7}  {}  {}{}  at {}\n", elapsed(view.elapsed),
                              process.steps > 0 ? std::format("{}/{}", process.step, process.steps) : "",
                              process.path, view.step, waiting.empty() ? "" : "  waits for " + waiting,
                              position(view.position))
               << std::flush;
  }
  void log(const Json& entry) override { world_.out << log_line(entry, false) << std::endl; }
  void finish() override {}

 private:
  World& world_;
  std::string path_, waiting_for_;
  std::int64_t steps_done_ = -1;
};

class JsonDisplay final : public RunDisplay {
 public:
  explicit JsonDisplay(World& world) : world_(world) {}
  void update(const RunView& view) override {
    const auto& process = view.process;
    Json event{{"event", "step"},
               {"process", process.id},
               {"state", process.state},
               {"path", process.path},
               {"step", process.step},
               {"steps", process.steps},
               {"steps_done", process.steps_done}};
    if (process.path.empty() || event == last_) return;
    last_ = event;
    event["seconds"] = std::chrono::duration<double>(view.elapsed).count();
    event["position"] = view.position;
    world_.out << json_line(event) << std::endl;
  }
  void log(const Json& entry) override {
    world_.out << json_line({{"event", "log"}, {"entry", entry}}) << std::endl;
  }
  void finish() override {}

 private:
  World& world_;
  Json last_;
};

}  // namespace

std::unique_ptr<RunDisplay> make_run_display(World& world, bool json) {
  if (json) return std::make_unique<JsonDisplay>(world);
  if (world.terminal.interactive) return std::make_unique<LiveDisplay>(world);
  return std::make_unique<PlainDisplay>(world);
}

}  // namespace celeriac::console
