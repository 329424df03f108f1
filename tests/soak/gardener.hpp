#pragma once
// One client and its work: asks for something, waits for the answer, thinks, asks again. Now and then it
// vanishes in the middle, falls silent, or presses the emergency stop.

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "firmware-sim/faults/random_source.hpp"
#include "house.hpp"
#include "watch.hpp"

namespace celeriac::soak {

struct Work {
  std::map<std::string, std::uint64_t> asked;     ///< by operation
  std::map<std::string, std::uint64_t> answered;  ///< by status
  std::uint64_t vanished = 0;
  double worst_answer_s = 0;
  std::string worst_answer;
};

class Gardener {
 public:
  Gardener(House& house, Watch& watch, Work& work, std::size_t number, std::uint64_t seed);
  ~Gardener();

  /// When it acts next by itself.
  [[nodiscard]] Instant next() const;
  void act();
  /// Whether its request has waited too long.
  void look();
  /// The hypervisor has been restarted: nothing is asked any more, nothing held.
  void begin_anew();

 private:
  struct Question;
  struct TaskRow;
  static const std::array<TaskRow, 14>& tasks();

  void ask(std::string_view operation, protocol::Json fields = protocol::Json::object());
  void answered(const std::string& operation, Instant since, const hal::Outcome& outcome);
  void vanish();
  void think();

  void move();
  void move_a_little();
  void open_output();
  void close_output();
  void read_soil();
  void go_home();
  void find_home();
  void find_homes();
  void measure();
  void read_status();
  void stop_everything();
  void abort();
  void jog();
  void restart_board();

  House& house_;
  Watch& watch_;
  Work& work_;
  std::size_t number_;
  firmware_sim::RandomSource random_;
  std::uint64_t session_;
  std::uint16_t channel_ = 0;
  bool keeps_alive_;
  Instant next_task_;
  Instant next_keep_alive_;
  std::optional<Instant> asked_at_;
  std::string asked_;
  bool overdue_told_ = false;
  bool lost_ = false;  ///< the last answer was that the position is unknown
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace celeriac::soak
