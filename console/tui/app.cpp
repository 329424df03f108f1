#include "console/tui/app.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <format>
#include <ftxui/dom/elements.hpp>
#include <ftxui/screen/screen.hpp>
#include <utility>

#include "console/text.hpp"
#include "console/tui/command_run.hpp"
#include "protocol/payload.hpp"

namespace celeriac::console::tui {
namespace asio = boost::asio;
using namespace protocol::literals;
using protocol::Json;
using protocol::Reply;
using protocol::Result;

namespace {

constexpr std::chrono::milliseconds frame_period{40};   // changes that come close together are drawn together
constexpr std::chrono::milliseconds clock_period{500};  // the clock, and the time that an output is on
constexpr std::chrono::seconds end_grace{1};            // for what still runs when the person leaves
constexpr int most_renewals = 3;                        // unanswered: a host that is slower has let go anyway

std::string terminal_name(const World& world) {
  return world.variable("TERM").value_or("");
}

bool is_vt(std::string_view name) {
  return name.starts_with("vt");
}

}  // namespace

Look look_of(const World& world) {
  const std::string name = terminal_name(world);
  const bool plain = is_vt(name) || name == "linux";  // the console's font lacks some of what others have
  return {.colour = world.terminal.colour && !is_vt(name),
          .unicode = world.terminal.unicode,
          .line_drawing = world.terminal.unicode && !plain};
}

bool extended_terminal(const World& world) {
  const std::string name = terminal_name(world);
  return !is_vt(name) && name != "linux";
}

App::App(Context& context, TerminalDevice& terminal, Target vm, Target hypervisor,
         std::optional<std::filesystem::path> history)
    : context_(context),
      terminal_(terminal),
      history_(std::move(history)),
      interaction_(history_ ? History::load(*history_) : History()),
      painter_(look_of(context.world())),
      tasks_(context.world().io,
             [this](std::exception_ptr thrown) {
               if (!defect_) defect_ = std::move(thrown);
               quit();
             }),
      feed_(context.world().io, tasks_, model_, std::move(vm), std::move(hypervisor), context.remote(),
            {.changed = [this] { redraw_soon(); },
             .names =
                 [this](Names names) {
                   interaction_.names_changed(std::move(names));
                   redraw_soon();
                 },
             .hypervisor_lost = [this] { interaction_.jog_failed(); },
             .stopped = [this](const char* who, const Result<Reply>& answer) { stop_answered(who, answer); },
             .paused = [this] { return interaction_.ui().paused; }}),
      ended_(context.world().io),
      frame_timer_(context.world().io),
      clock_timer_(context.world().io),
      jog_timer_(context.world().io),
      escape_timer_(context.world().io),
      signals_(context.world().io, SIGWINCH, SIGHUP, SIGCONT),
      size_(terminal.size()) {
  signals_.add(SIGTSTP);  // would leave the terminal raw
  signals_.add(SIGQUIT);
}

App::~App() {
  files_.join();
}

asio::awaitable<Exit> App::run() {
  terminal_.read([this](std::string_view bytes) { typed(bytes); });
  await_signal();
  feed_.start();
  tick_clock();
  redraw_soon();
  ended_.expires_after(patient_answer);
  // A signal that ends the program cancels this wait; quit() ends it as well.
  if (!ending_) co_await ended_.async_wait(asio::as_tuple(asio::use_awaitable));
  ending_ = true;
  // What moves by hand, and outputs that are on, end with their connection: the hypervisor sees to that.
  signals_.cancel();
  for (auto* timer : {&frame_timer_, &clock_timer_, &jog_timer_, &escape_timer_}) timer->cancel();
  co_await tasks_.end(end_grace);
  co_await asio::post(asio::use_awaitable);  // handlers that were due already see that it has ended
  if (defect_) std::rethrow_exception(defect_);
  co_return Exit::done;
}

void App::quit() {
  ending_ = true;
  ended_.cancel();
}

void App::await_signal() {
  signals_.async_wait([this](boost::system::error_code error, int number) {
    if (error || ending_) return;
    if (number == SIGHUP || number == SIGQUIT) return quit();
    if (number == SIGCONT) terminal_.retake();
    if (number == SIGCONT || number == SIGWINCH) {
      size_ = terminal_.size();
      painter_.forget();
      redraw_soon();
    }
    await_signal();
  });
}

// ---- keys ----------------------------------------------------------------------------------------

void App::typed(std::string_view bytes) {
  if (ending_) return;
  if (bytes.empty()) return quit();
  escape_timer_.cancel();
  keys(reader_.feed(bytes));
  if (!reader_.pending()) return;
  escape_timer_.expires_after(KeyReader::escape_patience);
  escape_timer_.async_wait([this](boost::system::error_code error) {
    if (!error && !ending_) keys(reader_.flush());
  });
}

void App::keys(const std::vector<Key>& keys) {
  for (const auto& key : keys) {
    const bool was_typing = interaction_.ui().prompt == Prompt::command;
    take(interaction_.press(key, model_, context_.world().now()));
    if (ending_) return;
    if (!was_typing && interaction_.ui().prompt == Prompt::command) feed_.refresh_names();
  }
  after_input();
}

void App::after_input() {
  const auto& ui = interaction_.ui();
  feed_.raw(ui.view == View::raw);
  if (!ui.paused) model_.raw_missed = 0;
  arm_jog_timer();
  redraw_soon();
}

void App::arm_jog_timer() {
  const auto next = interaction_.next();
  if (!next) {
    jog_timer_.cancel();
    return;
  }
  jog_timer_.expires_at(*next);
  jog_timer_.async_wait([this](boost::system::error_code error) {
    if (error || ending_) return;
    take(interaction_.tick(context_.world().now()));
    after_input();
  });
}

// ---- effects -------------------------------------------------------------------------------------

void App::take(const Interaction::Effects& effects) {
  for (const auto& effect : effects) take(effect);
}

void App::take(const Effect& effect) {
  switch (effect.kind) {
    case Effect::Kind::emergency_stop:
      say(Level::error, "EMERGENCY STOP: sent, not yet confirmed");
      stopped_by_.clear();
      stops_unanswered_ += 2;
      feed_.stop();
      break;
    case Effect::Kind::unlock:
      tasks_.start(unlock());
      break;
    case Effect::Kind::abort:
      tasks_.start(simple("SYS.ABORT"_op, "Aborted: no move is in progress any more."));
      break;
    case Effect::Kind::jog:
      order(effect.order);
      break;
    case Effect::Kind::run:
      commands_.push_back(tasks_.start(run_command(effect.line)));
      break;
    case Effect::Kind::remember:
      remember(effect.line);
      break;
    case Effect::Kind::clear_raw:
      feed_.clear_raw();
      break;
    case Effect::Kind::interrupt:
      for (const auto id : commands_) tasks_.cancel(id);
      break;
    case Effect::Kind::quit:
      quit();
      break;
  }
}

void App::order(const JogOrder& order) {
  switch (order.kind) {
    case JogOrder::Kind::step:
      tasks_.start(step(order.direction));
      break;
    case JogOrder::Kind::renew:
    case JogOrder::Kind::stop:
      tasks_.start(jog(order.direction));
      break;
    case JogOrder::Kind::abort_steps:
      for (const auto& [number, channel] : steps_)
        if (channel != protocol::emergency_channel) tasks_.start(abort_step(channel));
      break;
  }
}

asio::awaitable<void> App::step(Direction direction) {
  const auto client = feed_.hypervisor();
  const double mm = interaction_.ui().step_mm;
  const int speed = interaction_.ui().speed;
  Result<Reply> reply = std::unexpected(nobody_answers(context_.hypervisor()));
  if (client) {
    const auto payload = protocol::encode("SYS.MOVE_RELATIVE"_op, {{"x", direction.x * mm},
                                                                   {"y", direction.y * mm},
                                                                   {"z", direction.z * mm},
                                                                   {"x_speed", speed},
                                                                   {"y_speed", speed},
                                                                   {"z_speed", speed}});
    const auto number = ++last_step_;
    // The map keeps the place: the channel is known once the request is out.
    auto& channel = steps_[number];
    reply = co_await client->send_on(channel, "SYS.MOVE_RELATIVE"_op, *payload, patient_answer);
    steps_.erase(number);
  }
  if (!reply && reply.error().status != protocol::Status::cancelled) say(Level::error, reply.error().message);
  take(interaction_.step_ended(reply.has_value(), context_.world().now()));
  after_input();
}

asio::awaitable<void> App::jog(Direction direction) {
  const bool stop = direction == Direction{};
  if (!stop && renewals_ >= most_renewals) co_return;
  const auto client = feed_.hypervisor();
  Result<Reply> reply = std::unexpected(nobody_answers(context_.hypervisor()));
  if (client) {
    ++renewals_;
    reply = co_await client->call(
        "SYS.JOG"_op,
        {{"x", direction.x}, {"y", direction.y}, {"z", direction.z}, {"speed", interaction_.ui().speed}});
    --renewals_;
  }
  if (reply || reply.error().code == interrupted_code) co_return;
  say(Level::error, reply.error().message);
  interaction_.jog_failed();
  after_input();
}

asio::awaitable<void> App::abort_step(protocol::Channel channel) {
  const auto client = feed_.hypervisor();
  if (client) co_await client->call("SYS.ABORT"_op, {{"channel", static_cast<int>(channel)}});
}

/// A stop that is still on its way, through the VM, would lock again what is unlocked before it.
asio::awaitable<void> App::stops_answered() {
  feed_.cancel_stop();
  const auto begun = context_.world().now();
  while (stops_unanswered_ > 0 && context_.world().now() - begun < stop_patience)
    if (!co_await pass(context_.world().io, frame_period)) co_return;
}

asio::awaitable<void> App::unlock() {
  co_await stops_answered();
  co_await simple("SYS.EMERGENCY_UNLOCK"_op, "Unlocked.");
}

asio::awaitable<void> App::simple(const protocol::Operation& operation, std::string done) {
  const auto client = feed_.hypervisor() ? feed_.hypervisor() : feed_.vm();
  const Result<Reply> reply =
      client ? co_await client->call(operation) : std::unexpected(nobody_answers(context_.hypervisor()));
  if (reply)
    say(Level::info, done);
  else
    say(Level::error, reply.error().message);
}

asio::awaitable<void> App::run_command(std::string line) {
  const auto now = [] { return protocol::now_milliseconds(); };
  model_.say(now(), Level::info, line);
  interaction_.running(++running_);
  feed_.keep_alive();
  redraw_soon();
  if (line == "unlock") co_await stops_answered();
  co_await run_line(context_.world(), context_.options(),
                    {.vm = feed_.vm(), .hypervisor = feed_.hypervisor()}, feed_.names(), line,
                    [&](Level level, std::string_view text) {
                      model_.say(now(), level, text);
                      interaction_.say(level, text);
                      redraw_soon();
                    });
  interaction_.running(--running_);
  if (running_ == 0) commands_.clear();
  redraw_soon();
}

void App::stop_answered(const char* who, const Result<Reply>& answer) {
  stops_unanswered_ = std::max(0, stops_unanswered_ - 1);  // one that waited for a connection answers twice
  if (answer) {
    feed_.cancel_stop();  // one is enough: the other must not lock again when it comes back
    stopped_by_ += (stopped_by_.empty() ? "" : " and the ") + std::string(who);
    say(Level::warn, std::format("Stopped and locked, says the {}. u, then y, unlocks.", stopped_by_));
  } else if (stopped_by_.empty()) {
    say(Level::error, "NOT CONFIRMED, cut the power if you have to. " + answer.error().message);
  }
}

void App::remember(const std::string& line) {
  if (history_) asio::post(files_, [file = *history_, line] { History::append(file, line); });
}

void App::say(Level level, const std::string& text) {
  interaction_.say(level, text);
  redraw_soon();
}

// ---- screen --------------------------------------------------------------------------------------

void App::redraw_soon() {
  dirty_ = true;
  if (ending_ || std::exchange(frame_armed_, true)) return;
  frame_timer_.expires_after(frame_period);
  frame_timer_.async_wait([this](boost::system::error_code error) {
    if (error || ending_) return;
    frame_armed_ = false;
    draw_now();
  });
}

void App::draw_now() {
  if (terminal_.writing()) return;  // a slow line: what is to be seen then is drawn when it is free
  dirty_ = false;
  interaction_.page_is(page_of(interaction_.ui(), size_));
  auto screen =
      ftxui::Screen::Create(ftxui::Dimension::Fixed(size_.columns), ftxui::Dimension::Fixed(size_.rows));
  auto element = draw(model_, interaction_.ui(), interaction_.jogging(), size_, protocol::now_milliseconds());
  ftxui::Render(screen, element);
  std::string bytes = painter_.paint(screen);
  if (bytes.empty()) return;
  terminal_.write(std::move(bytes), [this] {
    if (dirty_) redraw_soon();
  });
}

void App::tick_clock() {
  clock_timer_.expires_after(clock_period);
  clock_timer_.async_wait([this](boost::system::error_code error) {
    if (error || ending_) return;
    redraw_soon();
    tick_clock();
  });
}

}  // namespace celeriac::console::tui
