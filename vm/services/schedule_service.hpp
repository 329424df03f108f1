#pragma once
// SCHEDULE.LIST and SCHEDULE.SKIP, and the real world around the scheduler: the wall clock, the image, the
// step loop.

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "protocol/dispatcher.hpp"
#include "protocol/registers.hpp"
#include "vm/assets/assets.hpp"
#include "vm/image/image.hpp"
#include "vm/remote_registers.hpp"
#include "vm/schedule/schedule_world.hpp"
#include "vm/schedule/scheduler.hpp"
#include "vm/schedule/wall_alarm.hpp"
#include "vm/sequences/code_store.hpp"
#include "vm/sequences/step_loop.hpp"
#include "vm/worker.hpp"

namespace celeriac::vm {

class ScheduleService final : public ScheduleWorld {
 public:
  /// Begins to run what is due; the boot sequence when the board is ready.
  ScheduleService(boost::asio::io_context& io, Worker& worker, Image& image, Assets& assets, CodeStore& store,
                  StepLoop& loop, RemoteRegisters& remote, protocol::Registers& registers);
  ScheduleService(const ScheduleService&) = delete;
  ScheduleService& operator=(const ScheduleService&) = delete;

  void install(protocol::Dispatcher& dispatcher);
  /// The VM ends: what is due from now on is the next one's.
  void close();

  void start(std::int64_t sequence_id, nlohmann::json applications, std::string name, Started started,
             Ended ended) override;
  [[nodiscard]] std::string sequence_name(std::int64_t sequence_id) const override;
  [[nodiscard]] WallTime now() const override;
  void wake_at(std::optional<WallTime> time) override {
    if (!closed_) alarm_.set(time);
  }
  void save(std::string state, Saved saved) override;
  void log(std::string_view type, int verbosity, std::string message) override;

 private:
  void list(const protocol::Arguments& arguments, protocol::Responder responder) const;
  void skip(const protocol::Arguments& arguments, protocol::Responder responder);
  [[nodiscard]] nlohmann::json times_of(WallTime time) const;

  Worker& worker_;
  Image& image_;
  CodeStore& store_;
  StepLoop& loop_;
  protocol::Registers& registers_;
  WallAlarm alarm_;
  std::unique_ptr<Scheduler> scheduler_;
  bool closed_ = false;
};

}  // namespace celeriac::vm
