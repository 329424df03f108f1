#include "vm/services/stored_sequence.hpp"

#include <memory>
#include <utility>

namespace celeriac::vm {

using protocol::Result;

void run_stored_sequence(CodeStore& store, StepLoop& loop, std::int64_t sequence_id, StartOptions options,
                         std::move_only_function<void(ProcessId)> started,
                         std::move_only_function<void(Result<void>)> ended) {
  struct Run {
    StartOptions options;
    std::move_only_function<void(ProcessId)> started;
    std::move_only_function<void(Result<void>)> ended;
  };
  auto run = std::make_shared<Run>(std::move(options), std::move(started), std::move(ended));
  auto go = [&loop, run](Result<Sequence> sequence) {
    if (!sequence) return run->ended(std::unexpected(std::move(sequence.error())));
    const auto id = loop.start(std::move(*sequence), run->options);
    if (!id) return run->ended(std::unexpected(id.error()));
    if (auto runs = loop.run(*id); !runs) return run->ended(std::move(runs));
    run->started(*id);
    loop.wait(*id, {.give = [run](Result<void> outcome) { run->ended(std::move(outcome)); },
                    .abandoned = [] { return false; }});
  };
  if (auto sequence = store.find_sequence(sequence_id, go)) go(std::move(*sequence));
}

}  // namespace celeriac::vm
