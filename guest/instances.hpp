#pragma once
// The processes of a worker, and the operations GUEST.START, KILL, PAUSE and RESUME that the VM asks of it.
//
// Of each instance that ran the VM hears GUEST.ENDED once, before anybody who killed it has his answer.

#include <boost/unordered/unordered_flat_map.hpp>
#include <deque>
#include <memory>

#include "guest/instance.hpp"
#include "guest/memory_watch.hpp"
#include "guest/modules.hpp"
#include "protocol/dispatcher.hpp"

namespace celeriac::guest {

/// Instances when the command line says nothing. Each memory reserves some 12 GiB of address space.
inline constexpr std::size_t default_instances = 64;

struct InstancesOptions {
  std::size_t most = default_instances;
  PersonalityFor personality_for = &guest::personality_for;
  std::size_t stack_bytes = Fiber::default_stack_bytes;
};

class Instances final : private Owner {
 public:
  Instances(boost::asio::io_context& io, Modules& modules, const MemoryWatch& watch,
            InstancesOptions options);
  ~Instances() override;

  /// Puts the operations into a dispatcher, which must not serve any more when this is gone.
  void serve(protocol::Dispatcher& dispatcher);
  /// Whom the instances ask; before the first START.
  void use(std::shared_ptr<protocol::Session> session) { surroundings_.session = std::move(session); }
  [[nodiscard]] std::size_t size() const noexcept { return table_.size(); }
  /// The instance that has the most memory, for what is said when there is none left; "" if there is none.
  [[nodiscard]] std::string largest() const;

 private:
  struct Row {
    std::shared_ptr<Instance> instance;
    std::optional<protocol::Responder> starter;
    std::vector<protocol::Responder> killers;
  };

  void start(protocol::Request& request, protocol::Responder responder);
  void kill(protocol::Request& request, protocol::Responder responder);
  void pause(protocol::Request& request, protocol::Responder responder);
  void resume(protocol::Request& request, protocol::Responder responder);
  Row* find(const protocol::Request& request, protocol::Responder& responder);

  void started(Instance& instance) override;
  void ended(Instance& instance) override;
  void wants_turn(Instance& instance) override;
  void next_turn();
  void end_largest();

  MemoryWatch const& watch_;
  InstancesOptions options_;
  Surroundings surroundings_;
  boost::unordered_flat_map<std::uint16_t, Row> table_;
  // Those whose slice is used up: the loop looks at the socket after each of them, so that however many
  // spin, a kill waits for one slice.
  std::deque<std::weak_ptr<Instance>> turns_;
};

}  // namespace celeriac::guest
