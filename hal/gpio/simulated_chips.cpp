#include "hal/gpio/simulated_chips.hpp"

#include <algorithm>
#include <format>
#include <ranges>

namespace celeriac::hal::gpio {

using protocol::Json;
using protocol::Result;
using protocol::Status;

class SimulatedChips::Input final : public WatchedLine {
 public:
  Input(Line& line, LineEvents told) : events(std::move(told)), line_(line) { line_.watching = this; }
  ~Input() override { line_.watching = nullptr; }
  Result<bool> active() override {
    if (!line_.there) return protocol::fail(Status::offline, "The line cannot be read (it is gone).");
    return line_.active;
  }
  LineEvents events;

 private:
  Line& line_;
};

class SimulatedChips::Output final : public DrivenLine {
 public:
  explicit Output(Line& line) : line_(line) { line_.driving = this; }
  ~Output() override { line_.driving = nullptr; }
  Result<void> set(bool active) override {
    if (!line_.there) return protocol::fail(Status::offline, "The line cannot be written (it is gone).");
    line_.active = active;
    return {};
  }

 private:
  Line& line_;
};

SimulatedChips::SimulatedChips(const std::vector<LineSpec>& lines) {
  for (const auto& spec : lines) lines_.emplace(spec.name, Line{.spec = spec});
}

SimulatedChips::~SimulatedChips() = default;

Result<SimulatedChips::Line*> SimulatedChips::free_line(const LineSpec& spec) {
  ++asked_for_;
  const auto found = lines_.find(spec.name);
  if (found == lines_.end() || !found->second.there)
    return protocol::fail(Status::not_found, std::format("There is no line {}.", spec.place()));
  auto& line = found->second;
  const bool ours = line.watching != nullptr || line.driving != nullptr;
  if (ours || !line.owner.empty())
    return protocol::fail(Status::wrong_state, std::format("{} is taken by \"{}\".", spec.place(),
                                                           ours ? spec.consumer() : line.owner));
  return &line;
}

Result<std::unique_ptr<WatchedLine>> SimulatedChips::watch(const LineSpec& spec, LineEvents events) {
  return free_line(spec).transform([&](Line* line) -> std::unique_ptr<WatchedLine> {
    return std::make_unique<Input>(*line, std::move(events));
  });
}

Result<std::unique_ptr<DrivenLine>> SimulatedChips::drive(const LineSpec& spec, bool active) {
  return free_line(spec).transform([&](Line* line) -> std::unique_ptr<DrivenLine> {
    line->active = active;
    return std::make_unique<Output>(*line);
  });
}

Result<LineFacts> SimulatedChips::look(const LineSpec& spec) {
  const auto found = lines_.find(spec.name);
  if (found == lines_.end() || !found->second.there)
    return protocol::fail(Status::not_found, std::format("There is no line {}.", spec.place()));
  const auto& line = found->second;
  const bool ours = line.watching != nullptr || line.driving != nullptr;
  return LineFacts{.chip = spec.chip.empty() ? "simulated" : spec.chip,
                   .offset = static_cast<unsigned>(spec.pin().value_or(0)),
                   .owner = ours ? spec.consumer() : line.owner};
}

// ---- hands ----

Result<SimulatedChips::Line*> SimulatedChips::any(std::string_view name) {
  const auto found = lines_.find(name);
  if (found == lines_.end())
    return protocol::fail(Status::not_found, std::format("There is no line {}.", name));
  return &found->second;
}

Result<SimulatedChips::Line*> SimulatedChips::input(std::string_view name) {
  const auto line = any(name);
  if (line && (*line)->spec.direction != Direction::input)
    return protocol::fail(Status::wrong_state, std::format("{} is an output: nothing presses it.", name));
  return line;
}

void SimulatedChips::set(Line& line, bool active) {
  if (std::exchange(line.active, active) == active || !line.there || line.watching == nullptr) return;
  line.watching->events.edge(active);
}

Result<void> SimulatedChips::press(std::string_view name, bool pressed) {
  return input(name).transform([&](Line* line) { set(*line, pressed); });
}

Result<void> SimulatedChips::cut(std::string_view name) {
  return input(name).transform([&](Line* line) {
    if (line->spec.bias != Bias::none) set(*line, line->spec.broken_wire_is_active());
  });
}

Result<void> SimulatedChips::change_silently(std::string_view name, bool active) {
  return input(name).transform([&](Line* line) { line->active = active; });
}

Result<void> SimulatedChips::take(std::string_view name, std::string owner) {
  const auto line = any(name);
  if (!line) return std::unexpected(line.error());
  if ((*line)->watching != nullptr || (*line)->driving != nullptr)
    return protocol::fail(Status::wrong_state, std::format("{} is taken already.", name));
  (*line)->owner = std::move(owner);
  return {};
}

Result<void> SimulatedChips::remove(std::string_view name) {
  return any(name).transform([](Line* line) {
    line->there = false;
    if (line->watching != nullptr) line->watching->events.lost("no such device");
  });
}

Result<void> SimulatedChips::put_back(std::string_view name) {
  return any(name).transform([](Line* line) { line->there = true; });
}

bool SimulatedChips::value(std::string_view name) const {
  const auto found = lines_.find(name);
  return found != lines_.end() && found->second.active;
}

Json SimulatedChips::document() const {
  auto document = Json::object();
  for (const auto& [name, line] : lines_) {
    const bool ours = line.watching != nullptr || line.driving != nullptr;
    document[name] = {{"direction", word_of(direction_words, line.spec.direction)},
                      {"value", line.active ? 1 : 0},
                      {"owner", ours ? line.spec.consumer() : line.owner},
                      {"there", line.there}};
  }
  return document;
}

// ---- as text ----

namespace {

struct Command {
  std::string_view name;
  std::size_t words;  ///< with the name
  Result<void> (*does)(SimulatedChips& chips, const std::vector<std::string_view>& words);
};
using Words = const std::vector<std::string_view>&;
constexpr Command commands[] = {
    {"press", 2, [](SimulatedChips& chips, Words words) { return chips.press(words[1], true); }},
    {"release", 2, [](SimulatedChips& chips, Words words) { return chips.press(words[1], false); }},
    {"cut", 2, [](SimulatedChips& chips, Words words) { return chips.cut(words[1]); }},
    {"take", 3,
     [](SimulatedChips& chips, Words words) { return chips.take(words[1], std::string(words[2])); }},
    {"give", 2, [](SimulatedChips& chips, Words words) { return chips.take(words[1], {}); }},
    {"remove", 2, [](SimulatedChips& chips, Words words) { return chips.remove(words[1]); }},
    {"put_back", 2, [](SimulatedChips& chips, Words words) { return chips.put_back(words[1]); }},
};

}  // namespace

std::string hand(SimulatedChips& chips, std::string_view line) {
  std::vector<std::string_view> words;
  for (const auto part : std::views::split(line, ' '))
    if (const std::string_view word(part); !word.empty()) words.push_back(word);
  if (words.size() == 1 && words[0] == "state") return chips.document().dump();
  const auto command =
      words.empty() ? std::end(commands) : std::ranges::find(commands, words[0], &Command::name);
  if (command == std::end(commands))
    return "error: There is press, release, cut, take, give, remove, put_back and state.";
  if (words.size() != command->words)
    return std::format("error: {} takes {} words after it.", command->name, command->words - 1);
  const auto done = command->does(chips, words);
  return done ? "ok" : "error: " + done.error().message;
}

}  // namespace celeriac::hal::gpio
