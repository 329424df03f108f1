#include "vm/sequences/process_table.hpp"

namespace celeriac::vm {

Process*& ProcessTable::slot(ProcessId id) {
  auto& page = pages_[number(id) / page_size];
  if (!page) page = std::make_unique<Page>();
  return (*page)[number(id) % page_size];
}

Process* ProcessTable::make() {
  if (live_ >= max_processes) return nullptr;
  // Ids go round, so that one is not given again soon; there is always a free one (see max_processes).
  do last_id_ = last_id_ >= last_sequence_process ? 1 : static_cast<std::uint16_t>(last_id_ + 1);
  while (find(ProcessId{last_id_}) != nullptr);
  if (free_.empty()) free_.push_back(&records_.emplace_back());
  Process* process = free_.back();
  free_.pop_back();
  process->id = ProcessId{last_id_};
  slot(process->id) = process;
  ++live_;
  return process;
}

void ProcessTable::ended(Process& process) {
  --live_;
  ended_.push_back(process.id);
  if (ended_.size() <= max_ended) return;
  Process& oldest = *find(ended_.front());
  ended_.pop_front();
  forget(oldest);
}

void ProcessTable::forget(Process& process) {
  if (forgetting_) forgetting_(process);
  slot(process.id) = nullptr;
  // The serial goes on, so that a late answer to an earlier life of the record finds nobody.
  const auto serial = process.serial;
  process = Process();
  process.serial = serial;
  free_.push_back(&process);
}

void ProcessTable::each(const std::function<void(Process&)>& visit) {
  for (const auto& page : pages_) {
    if (!page) continue;
    for (Process* process : *page)
      if (process != nullptr) visit(*process);
  }
}

}  // namespace celeriac::vm
