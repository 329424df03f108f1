#pragma once
// The KernelWorld of the real VM: guests run in workers, one for each package, and what is to last goes into
// the image.
//
//   kernel ── start ──► the package's worker, started when it is first needed ── GUEST.START ──► runs
//                              │ dies: all its processes have ended                  GUEST.ENDED ──► kernel
//                              └ its last process ends: it goes
//
// A process of a package that wants ahead-of-time code has a worker of its own, which starts when its code
// has been compiled.

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "protocol/dispatcher.hpp"
#include "protocol/registers.hpp"
#include "vm/guests/compiler.hpp"
#include "vm/guests/control_group.hpp"
#include "vm/guests/worker_process.hpp"
#include "vm/image/image.hpp"
#include "vm/image/kernel_store.hpp"
#include "vm/kernel/kernel.hpp"
#include "vm/worker.hpp"

namespace celeriac::vm {

/// How long an instance may take to go before its whole worker is ended. Going takes a slice of fuel, a few
/// milliseconds; a machine that is overloaded is no reason to end the siblings.
inline constexpr std::chrono::milliseconds guest_kill_grace{250};
/// How long a worker may take to start an instance: reading, checking, making it.
inline constexpr std::chrono::seconds guest_start_patience{60};
/// An idle worker stays for this long: the next process of its package starts at once.
inline constexpr std::chrono::seconds worker_idle{30};

struct GuestHostOptions {
  std::filesystem::path program;    ///< celeriac-guest
  std::filesystem::path directory;  ///< ahead-of-time code is kept below it
  KernelOptions kernel = {};
  /// Lines of guests up to this verbosity go into the log.
  int verbosity = 0;
};

class GuestHost final : public KernelWorld {
 public:
  GuestHost(boost::asio::io_context& io, Worker& disk, Image& image, protocol::Registers& registers,
            GuestHostOptions options);
  ~GuestHost() override;

  [[nodiscard]] Kernel& kernel() noexcept { return kernel_; }
  [[nodiscard]] KernelStore& store() noexcept { return store_; }
  [[nodiscard]] Worker& disk() noexcept { return disk_; }
  /// Goes with this object: for handlers that may outlive it.
  [[nodiscard]] std::shared_ptr<bool> alive() const noexcept { return alive_; }
  /// What streams of workers are served with.
  [[nodiscard]] protocol::Dispatcher& dispatcher() noexcept { return dispatcher_; }
  /// Brings back what was there when the VM ended, and runs it.
  protocol::Result<void> open();
  /// Who carries messages to other nodes, and topics to brokers.
  void on_forward(std::function<void(MessageRef, Done)> hook) { forward_ = std::move(hook); }
  void on_topic(std::function<void(std::string_view, bool)> hook) { topic_ = std::move(hook); }
  void on_changed(std::function<void(const KernelProcess&)> hook) { changed_.push_back(std::move(hook)); }
  /// An instance has ended by itself, as its worker says.
  void instance_ended(const KernelProcess& process) { leave(room_of(process)); }
  /// A line of a guest's own.
  void print_line(const KernelProcess& process, int verbosity, std::string_view text);
  /// The worker that a process runs in: for PROC.STAT.
  [[nodiscard]] pid_t worker_of(const KernelProcess& process) const;
  [[nodiscard]] const guests::GuestCompiler& compiler() const noexcept { return compiler_; }
  /// Lets a process rest, or go on.
  void pause(const KernelProcess& process, Done done) { tell(process, "GUEST.PAUSE", std::move(done)); }
  void resume(const KernelProcess& process, Done done) { tell(process, "GUEST.RESUME", std::move(done)); }

  // ---- KernelWorld ----
  void start(const KernelProcess& process, Done done) override;
  void stop(const KernelProcess& process, Done done) override;
  void keep(const KernelProcess& process, Done done) override;
  void forget(const KernelProcess& process) override;
  void keep_message(MessageRef message, Done done) override;
  void forget_message(std::uint64_t row) override;
  void commit(const KernelProcess& process, Commit commit, Done done) override;
  void forward(MessageRef message, Done done) override;
  void print(const KernelProcess* process, int verbosity, std::string_view text) override;
  void changed(const KernelProcess& process) override;
  void topic(std::string_view topic, bool wanted) override;
  [[nodiscard]] Time now() const override { return std::chrono::steady_clock::now(); }
  void set_alarm(Time deadline) override;
  std::uint64_t random() override;

 private:
  /// A running worker and what it runs.
  struct Room {
    std::unique_ptr<guests::GuestWorker> worker;
    std::string code;  ///< of ahead-of-time code: what alone it can run
    std::size_t processes = 0;
    std::unique_ptr<boost::asio::steady_timer> idle;
  };
  [[nodiscard]] static std::string room_of(const KernelProcess& process);
  [[nodiscard]] static std::string code_of(const KernelProcess& process);
  protocol::Result<Room*> enter(const KernelProcess& process);
  void move_in(const KernelProcess& process, Done done);
  [[nodiscard]] const KernelProcess* still_starting(ProcessId id, std::uint32_t incarnation);
  void leave(const std::string& room);
  void tell(const KernelProcess& process, const char* operation, Done done);
  void worker_died(const std::string& room, const guests::GuestWorker::End& end);
  [[nodiscard]] protocol::Json start_fields(const KernelProcess& process, bool restore) const;
  void log(const KernelProcess* process, int verbosity, std::string_view text);

  boost::asio::io_context& io_;
  Worker& disk_;
  KernelStore store_;
  protocol::Registers& registers_;
  GuestHostOptions options_;
  protocol::Dispatcher dispatcher_{protocol::Server::vm};
  boost::asio::steady_timer alarm_;
  Time alarm_at_ = Time::max();
  const guests::ControlGroups groups_ = guests::ControlGroups::delegated();
  guests::GuestCompiler compiler_;
  std::map<std::string, Room> rooms_;
  std::function<void(MessageRef, Done)> forward_;
  std::function<void(std::string_view, bool)> topic_;
  std::vector<std::function<void(const KernelProcess&)>> changed_;
  std::array<std::uint64_t, 64> entropy_{};
  std::size_t entropy_left_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // completions may outlive us
  Kernel kernel_;
};

}  // namespace celeriac::vm
