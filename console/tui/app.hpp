#pragma once
// The console: the terminal's keys to the interaction, its effects to the host, the model to the screen.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <exception>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "console/context.hpp"
#include "console/tui/feed.hpp"
#include "console/tui/interaction.hpp"
#include "console/tui/painter.hpp"
#include "console/tui/tasks.hpp"
#include "console/tui/terminal_device.hpp"

namespace celeriac::console::tui {

/// What the terminal of this environment can do.
Look look_of(const World& world);
/// True if it knows xterm's modes beyond VT100's.
bool extended_terminal(const World& world);

class App {
 public:
  App(Context& context, TerminalDevice& terminal, Target vm, Target hypervisor,
      std::optional<std::filesystem::path> history);
  ~App();
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  /// Runs until the person leaves, a signal ends it, or the terminal is gone.
  boost::asio::awaitable<Exit> run();

 private:
  void typed(std::string_view bytes);
  void keys(const std::vector<Key>& keys);
  void take(const Interaction::Effects& effects);
  void take(const Effect& effect);
  void order(const JogOrder& order);
  void after_input();

  boost::asio::awaitable<void> step(Direction direction);
  boost::asio::awaitable<void> jog(Direction direction);
  boost::asio::awaitable<void> abort_step(protocol::Channel channel);
  boost::asio::awaitable<void> stops_answered();
  boost::asio::awaitable<void> unlock();
  boost::asio::awaitable<void> simple(const protocol::Operation& operation, std::string done);
  boost::asio::awaitable<void> run_command(std::string line);
  void stop_answered(const char* who, const protocol::Result<protocol::Reply>& answer);
  void remember(const std::string& line);
  void say(Level level, const std::string& text);

  void await_signal();
  void quit();
  void redraw_soon();
  void draw_now();
  void tick_clock();
  void arm_jog_timer();

  Context& context_;
  TerminalDevice& terminal_;
  std::optional<std::filesystem::path> history_;
  Model model_;
  Interaction interaction_;
  Painter painter_;
  KeyReader reader_;
  Tasks tasks_;
  Feed feed_;
  std::map<std::uint64_t, protocol::Channel> steps_;  // under way, with the channel that each went out on
  std::uint64_t last_step_ = 0;
  std::vector<Tasks::Id> commands_;  // those that run, and some that have ended
  int running_ = 0;                  // commands
  int renewals_ = 0;                 // unanswered
  int stops_unanswered_ = 0;         // on both connections
  std::string stopped_by_ = {};      // who has confirmed the last emergency stop
  boost::asio::steady_timer ended_, frame_timer_, clock_timer_, jog_timer_, escape_timer_;
  boost::asio::signal_set signals_;
  boost::asio::thread_pool files_{1};  // the history's file: a slow disk must not hold up a key
  std::exception_ptr defect_;
  bool ending_ = false, frame_armed_ = false, dirty_ = false;
  Size size_;
};

}  // namespace celeriac::console::tui
