// Keys, the line editor, the history and jogging of the console: pure, on virtual time.

#include <sys/stat.h>

#include <catch2/catch_test_macros.hpp>
#include <format>
#include <fstream>

#include "console/tui/history.hpp"
#include "console/tui/jogging.hpp"
#include "console/tui/keys.hpp"
#include "console/tui/line_editor.hpp"
#include "tests/console/fake_host.hpp"

namespace celeriac::console::tui {
namespace {

using namespace std::chrono_literals;
using test::TemporaryDirectory;
using Kind = JogOrder::Kind;

std::vector<std::string> names(const std::vector<Key>& keys) {
  std::vector<std::string> all;
  for (const auto& key : keys) all.push_back(name_of(key));
  return all;
}

constexpr Direction right{1, 0, 0}, away{0, 1, 0};

/// Jogging on a clock of its own.
struct Hand {
  Jogging jogging;
  Jogging::Time now{};

  Jogging::Orders press(Direction direction, std::chrono::milliseconds after = 0ms) {
    auto orders = wait(after);
    auto more = jogging.press(direction, now);
    orders.insert(orders.end(), more.begin(), more.end());
    return orders;
  }
  /// Time goes by, as the program's timer sees it: tick() at each moment that next() names.
  Jogging::Orders wait(std::chrono::milliseconds time) {
    const auto end = now + time;
    Jogging::Orders orders;
    while (const auto next = jogging.next()) {
      if (*next > end) break;
      now = std::max(now, *next);
      auto more = jogging.tick(now);
      orders.insert(orders.end(), more.begin(), more.end());
    }
    now = end;
    return orders;
  }
  /// A key that is held: pressed, and repeated after `delay` every `gap`.
  Jogging::Orders hold(Direction direction, std::chrono::milliseconds time,
                       std::chrono::milliseconds delay = 500ms, std::chrono::milliseconds gap = 33ms) {
    auto orders = press(direction);
    jogging.step_ended(true, now);
    auto more = press(direction, delay);
    for (auto passed = delay; passed < time; passed += gap) {
      orders.insert(orders.end(), more.begin(), more.end());
      more = press(direction, gap);
    }
    orders.insert(orders.end(), more.begin(), more.end());
    return orders;
  }
};

std::ptrdiff_t count(const Jogging::Orders& orders, Kind kind) {
  return std::ranges::count(orders, kind, &JogOrder::kind);
}

}  // namespace

// ---- keys ----------------------------------------------------------------------------------------

TEST_CASE("keys are the same on a VT100, in xterm and on the Linux console") {
  KeyReader reader;
  CHECK(names(reader.feed("\x1b[A\x1bOB\x1b[C\x1bOD")) ==
        std::vector<std::string>{"Up", "Down", "Right", "Left"});
  CHECK(names(reader.feed("\x1b[5~\x1b[6~\x1b[1~\x1bOF\x1b[3~")) ==
        std::vector<std::string>{"PgUp", "PgDn", "Home", "End", "Del"});
  CHECK(names(reader.feed("\x1b[1;5C\x1b[5;2~")) == std::vector<std::string>{"Right", "PgUp"});
  CHECK(names(reader.feed("q\x18\x03\r\t\x7f ")) ==
        std::vector<std::string>{"q", "^X", "^C", "Enter", "Tab", "Backspace", "Space"});
  CHECK(names(reader.feed("\x1b[I\x1b[O")) == std::vector<std::string>{"focus", "no focus"});
}

TEST_CASE("keys that no table knows are one key each") {
  KeyReader reader;
  CHECK(names(reader.feed("\x1b[[A\x1b[15~\x1bOP\x1b[1;2;3Wx")) ==
        std::vector<std::string>{"?", "?", "?", "?", "x"});
}

TEST_CASE("a sequence that arrives in pieces is one key") {
  KeyReader reader;
  CHECK(reader.feed("\x1b").empty());
  CHECK(reader.pending());
  CHECK(reader.feed("[").empty());
  CHECK(names(reader.feed("A")) == std::vector<std::string>{"Up"});
  CHECK_FALSE(reader.pending());
  CHECK(reader.feed("\xc3").empty());
  CHECK(names(reader.feed("\xa9")) == std::vector<std::string>{"é"});
}

TEST_CASE("an Escape that nothing follows is the key itself") {
  KeyReader reader;
  CHECK(reader.feed("\x1b").empty());
  CHECK(names(reader.flush()) == std::vector<std::string>{"Esc"});
  CHECK(reader.flush().empty());
  CHECK(names(reader.feed("\x1b\x1b[A")) == std::vector<std::string>{"Esc", "Up"});
}

TEST_CASE("the emergency stop is understood behind an Escape, and behind rubbish") {
  KeyReader reader;
  CHECK(names(reader.feed("\x1b\x18")) == std::vector<std::string>{"^X"});
  CHECK(names(reader.feed("\x1b[1\x18")) == std::vector<std::string>{"?", "^X"});
  const auto keys = reader.feed(std::format("\x1b[{:1>{}}\x18", "", KeyReader::longest_sequence));
  REQUIRE_FALSE(keys.empty());
  CHECK(name_of(keys.back()) == "^X");
}

TEST_CASE("a paste is one key, and no longer than its bound") {
  KeyReader reader;
  CHECK(reader.feed("\x1b[200~jjj\x1b[2").empty());
  const auto keys = reader.feed("01~q");
  REQUIRE(keys.size() == 2);
  CHECK(keys[0] == Key{KeyCode::pasted, "jjj"});
  CHECK(name_of(keys[1]) == "q");
  const auto large = reader.feed(std::format("\x1b[200~{:x>{}}\x1b[201~", "", 3 * KeyReader::longest_paste));
  REQUIRE(large.size() == 1);
  CHECK(large[0].text.size() == KeyReader::longest_paste);
}

TEST_CASE("no paste swallows the emergency stop") {
  KeyReader reader;
  CHECK(names(reader.feed("\x1b[200~never ends\x18")) == std::vector<std::string>{"a paste", "^X"});
  CHECK(names(reader.feed("q")) == std::vector<std::string>{"q"});
}

// ---- jogging -------------------------------------------------------------------------------------

TEST_CASE("a tap makes one step at once, and nothing more") {
  Hand hand;
  CHECK(hand.press(right) == Jogging::Orders{{Kind::step, right}});
  CHECK(hand.wait(5s).empty());
  CHECK_FALSE(hand.jogging.holding());
}

TEST_CASE("taps make a step each, however close a hand makes them") {
  for (const auto gap : {160ms, 200ms, 400ms, 690ms, 800ms}) {
    Hand hand;
    Jogging::Orders orders;
    for (int i = 0; i < 4; ++i) {
      auto more = hand.press(right, gap);
      orders.insert(orders.end(), more.begin(), more.end());
      hand.jogging.step_ended(true, hand.now);
    }
    auto rest = hand.wait(5s);
    orders.insert(orders.end(), rest.begin(), rest.end());
    INFO(gap.count());
    CHECK(count(orders, Kind::step) == 4);
    CHECK(orders.size() == 4);
  }
}

TEST_CASE("a held key moves until it is let go, whatever the terminal's rate of repeats") {
  for (const auto& [delay, gap] : {std::pair(250ms, 92ms), std::pair(500ms, 33ms), std::pair(660ms, 40ms),
                                   std::pair(100ms, 100ms), std::pair(30ms, 30ms)}) {
    Hand hand;
    const auto orders = hand.hold(right, 2s, delay, gap);
    INFO(delay.count() << " ms, then " << gap.count() << " ms");
    CHECK(count(orders, Kind::step) == 1);
    CHECK(count(orders, Kind::renew) > 10);
    CHECK(hand.jogging.holding());
    // The last press may be a gap ago already.
    const auto end = hand.wait(Jogging::release);
    REQUIRE_FALSE(end.empty());
    CHECK(end.back().kind == Kind::stop);
    CHECK_FALSE(hand.jogging.holding());
    CHECK(hand.wait(5s).empty());
  }
}

TEST_CASE("a hold is renewed well within the lease of 200 ms") {
  Hand hand;
  hand.hold(right, 1s);
  auto last = hand.now;
  for (int i = 0; i < 200; ++i) {
    const auto orders = hand.press(right, 10ms);
    if (count(orders, Kind::renew) == 0) continue;
    CHECK(hand.now - last <= 100ms);
    last = hand.now;
  }
}

TEST_CASE("a hold goes on only when the step of its first press has ended") {
  Hand hand;
  CHECK(count(hand.press(right), Kind::step) == 1);
  hand.press(right, 500ms);
  CHECK(hand.press(right, 33ms).empty());
  CHECK(hand.jogging.holding());
  CHECK(hand.jogging.step_ended(true, hand.now) == Jogging::Orders{{Kind::renew, right}});
}

TEST_CASE("letting go before the first step has ended stops the step") {
  Hand hand;
  hand.press(right);
  hand.press(right, 500ms);
  hand.press(right, 33ms);
  CHECK(hand.wait(1s) == Jogging::Orders{{Kind::abort_steps}});
}

TEST_CASE("any other key stops at once") {
  Hand hand;
  hand.hold(right, 1s);
  CHECK(hand.jogging.halt() == Jogging::Orders{{Kind::stop}});
  CHECK(hand.wait(5s).empty());
  CHECK(hand.jogging.halt().empty());
}

TEST_CASE("another direction stops a hold, and moves only when it is pressed again") {
  Hand hand;
  hand.hold(right, 1s);
  CHECK(hand.press(away, 10ms) == Jogging::Orders{{Kind::stop}});
  CHECK(hand.press(away, 500ms) == Jogging::Orders{{Kind::step, away}});
}

TEST_CASE("another direction after a tap is a tap of its own") {
  Hand hand;
  hand.press(right);
  hand.jogging.step_ended(true, hand.now);
  CHECK(hand.press(away, 100ms) == Jogging::Orders{{Kind::step, away}});
}

TEST_CASE("after a hold that failed, repeats of the key do nothing until it was let go") {
  Hand hand;
  hand.hold(right, 1s);
  hand.jogging.failed();
  for (int i = 0; i < 30; ++i) CHECK(hand.press(right, 33ms).empty());
  CHECK(hand.press(right, 1s) == Jogging::Orders{{Kind::step, right}});
}

TEST_CASE("steps under way have a bound") {
  Hand hand;
  Jogging::Orders orders;
  for (int i = 0; i < 10; ++i) {
    auto more = hand.press(right, 1s);
    orders.insert(orders.end(), more.begin(), more.end());
  }
  CHECK(orders.size() == static_cast<std::size_t>(Jogging::most_steps));
}

// ---- line editor ---------------------------------------------------------------------------------

namespace {

void type(LineEditor& line, std::string_view bytes) {
  KeyReader reader;
  for (const auto& key : reader.feed(bytes)) line.press(key);
}

}  // namespace

TEST_CASE("a line is edited as in a shell") {
  LineEditor line;
  line.begin("");
  type(line, "home z\x1b[D\x1b[D\x7fX");
  CHECK(line.text() == "homX z");
  type(line, "\x01!\x05?");
  CHECK(line.text() == "!homX z?");
  type(line, "\x17");
  CHECK(line.text() == "!homX ");
  type(line, "\x15");
  CHECK(line.text().empty());
  type(line, "größe\x7f\x7f\x7f");
  CHECK(line.text() == "gr");
}

TEST_CASE("Up and Down go through the history, and back to what was being typed") {
  LineEditor line;
  line.begin("", {"home", "status"});
  type(line, "mo\x1b[A");
  CHECK(line.text() == "status");
  type(line, "\x1b[A\x1b[A");
  CHECK(line.text() == "home");
  type(line, "\x1b[B\x1b[B");
  CHECK(line.text() == "mo");
}

TEST_CASE("a line has a bound, and takes no control characters") {
  LineEditor line;
  line.begin("");
  line.press({KeyCode::pasted, "a\x1b[31mb\nc"});
  CHECK(line.text() == "a?[31mb c");
  line.begin("");
  for (std::size_t i = 0; i < 2 * LineEditor::longest; ++i) line.press({KeyCode::character, "x"});
  CHECK(line.text().size() == LineEditor::longest);
}

// ---- history -------------------------------------------------------------------------------------

TEST_CASE("the history of one run is there in the next, without repetitions") {
  TemporaryDirectory directory;
  const auto file = directory.path() / "state" / "celeriac" / "history";
  CHECK(History::load(file).lines().empty());
  for (const char* line : {"home", "home", "status", "  ", "home"}) CHECK(History::append(file, line));
  CHECK(History::load(file).lines() == std::vector<std::string>{"home", "status", "home"});
  struct stat info{};
  REQUIRE(::stat(file.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
}

TEST_CASE("the history keeps its newest lines, and none that is too long") {
  TemporaryDirectory directory;
  const auto file = directory.path() / "history";
  {
    std::ofstream out(file);
    for (std::size_t i = 0; i < History::most_lines + 10; ++i) out << "line " << i << '\n';
  }
  CHECK(History::append(file, std::string(History::longest_line + 1, 'x')));
  CHECK(History::append(file, "last"));
  const auto lines = History::load(file).lines();
  CHECK(lines.size() == History::most_lines);
  CHECK(lines.back() == "last");
  CHECK(lines.front() == "line 11");
}

TEST_CASE("two consoles share the history") {
  TemporaryDirectory directory;
  const auto file = directory.path() / "history";
  auto mine = History::load(file);
  CHECK(History::append(file, "of the other"));
  CHECK(History::append(file, "of mine"));
  CHECK(History::load(file).lines() == std::vector<std::string>{"of the other", "of mine"});
}

TEST_CASE("the history lies where the desktop wants state") {
  const auto with = [](std::map<std::string, std::string> variables) {
    return history_file([variables](const char* name) {
      const auto found = variables.find(name);
      return found != variables.end() ? std::optional(found->second) : std::nullopt;
    });
  };
  CHECK(with({{"XDG_STATE_HOME", "/s"}, {"HOME", "/h"}}) == "/s/celeriac/console-history");
  CHECK(with({{"HOME", "/h"}}) == "/h/.local/state/celeriac/console-history");
  CHECK_FALSE(with({}));
}

}  // namespace celeriac::console::tui
