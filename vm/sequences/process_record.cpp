#include "vm/sequences/process_record.hpp"

#include <utility>

namespace celeriac::vm {

using protocol::Result;

namespace {

/// "" for none, as for a note that there is not.
std::string text_of(const std::vector<Interruption>& interruptions) {
  return interruptions.empty() ? std::string() : to_json(interruptions).dump();
}

}  // namespace

std::vector<Interruption> ProcessRecord::left() const {
  return interruptions_of(nlohmann::json::parse(on_disk_, nullptr, false));
}

void ProcessRecord::began(const Process& process) {
  if (closing_ || in_progress_.size() >= max_interruptions) return;
  in_progress_.emplace(process.id, sudden_interruption_of(process));
  bring_up_to_date();
}

void ProcessRecord::ended(ProcessId id) {
  if (closing_ || in_progress_.erase(id) == 0) return;
  bring_up_to_date();
}

void ProcessRecord::leave(const std::vector<Interruption>& interruptions, Written written) {
  closing_ = true;
  auto last = text_of(interruptions);
  if (last == on_disk_ && !writing_) return written({});
  write_(std::move(last), std::move(written));
}

std::string ProcessRecord::text() const {
  std::vector<Interruption> list;
  list.reserve(in_progress_.size());
  for (const auto& [id, each] : in_progress_) list.push_back(each);
  return text_of(list);
}

void ProcessRecord::bring_up_to_date() {
  if (writing_ || closing_) return;
  auto now = text();
  if (now == on_disk_) return;
  writing_ = true;
  on_disk_ = now;
  write_(std::move(now), [this, alive = alive_](const Result<void>&) {
    if (!*alive) return;
    rest_([this, alive] {
      if (!*alive) return;
      writing_ = false;
      // What failed is not tried again before the next change: a card that is full or dying is not helped by
      // it.
      bring_up_to_date();
    });
  });
}

}  // namespace celeriac::vm
