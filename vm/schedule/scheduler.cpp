#include "vm/schedule/scheduler.hpp"

#include <algorithm>
#include <array>
#include <format>
#include <queue>

namespace celeriac::vm {

using nlohmann::json;
using protocol::fail;
using protocol::Result;
using protocol::Status;
using std::chrono::milliseconds;

std::string_view name(Prospect prospect) noexcept {
  constexpr std::array<std::string_view, 4> names = {"due", "waiting", "running", "skipped"};
  return names[static_cast<std::size_t>(prospect)];
}

Scheduler::Scheduler(ScheduleWorld& world, Assets& assets, const std::string& state)
    : world_(world), assets_(assets) {
  if (auto journal = Journal::read(state))
    journal_ = std::move(*journal);
  else
    warn("What the scheduler had noted cannot be read, so farm events begin anew from now on: " +
         journal.error().message);
  assets_.on_changed([this, alive = std::weak_ptr(alive_)](AssetKind kind, std::int64_t id, const json* now) {
    if (!alive.expired()) asset_changed(kind, id, now);
  });
  plan_all();
  // Farm events that went while we were away.
  const auto& events = assets_.all(AssetKind::farm_event);
  std::erase_if(journal_.marks, [&](const auto& each) { return !events.contains(each.first); });
  std::erase_if(journal_.skips, [&](const Due& due) { return !events.contains(due.event_id); });
  if (const auto interrupted = std::exchange(journal_.running, std::nullopt)) {
    warn(std::format("{}, scheduled at {}, was interrupted by a restart of the host. It is not begun anew.",
                     journal_.running_name, shown(interrupted->moment.at, *zone_)));
    save([](const Result<void>&) {});
  }
}

Scheduler::~Scheduler() = default;

// ---- plans ----------------------------------------------------------------------------------------

void Scheduler::asset_changed(AssetKind kind, std::int64_t id, const json* now) {
  if (kind == AssetKind::farm_event) {
    if (now != nullptr)
      plan(id);
    else
      forget(id);
  } else if (kind == AssetKind::regimen) {
    std::vector<std::int64_t> users;
    for (const auto& [event_id, item] : assets_.all(AssetKind::farm_event))
      if (item.value("executable_type", json()) == "Regimen" && item.value("executable_id", json()) == id)
        users.push_back(event_id);
    for (const auto event_id : users) plan(event_id);
  } else if (kind == AssetKind::device) {
    const json zone = assets_.field(AssetKind::device, "timezone");
    if (zone_name_ == (zone.is_string() ? zone.get<std::string>() : std::string())) return;
    plan_all();
  } else {
    return;
  }
  wake();
}

void Scheduler::plan_all() {
  const json zone_name = assets_.field(AssetKind::device, "timezone");
  zone_name_ = zone_name.is_string() ? zone_name.get<std::string>() : std::string();
  const Zone zone = zone_of(zone_name_);
  zone_ = zone.zone;
  if (!zone.known)
    warn(
        std::format("There is no time zone \"{}\": the schedule runs in UTC. Set the device's time zone, "
                    "for example Europe/Berlin.",
                    zone_name_));
  for (const auto& [id, item] : assets_.all(AssetKind::farm_event)) plan(id);
}

void Scheduler::plan(std::int64_t event_id) {
  if (const auto old = plans_.find(event_id); old != plans_.end()) {
    if (old->second.next) queue_.erase({*old->second.next, event_id});
    plans_.erase(old);
  }
  const json* item = assets_.find(AssetKind::farm_event, event_id);
  if (item == nullptr) return;
  auto event = read_farm_event(*item);
  if (!event) return warn(std::format("{} It is not scheduled.", event.error().message));
  if (event->is_regimen) {
    const json* regimen_item = assets_.find(AssetKind::regimen, event->executable_id);
    if (regimen_item == nullptr) return;  // it may come yet, and we hear of it
    auto regimen = read_regimen(*regimen_item);
    if (!regimen) return warn(std::format("{} It is not scheduled.", regimen.error().message));
    plans_.emplace(event_id, Plan{Timetable(std::move(*event), std::move(*regimen), *zone_), std::nullopt});
  } else {
    plans_.emplace(event_id, Plan{Timetable(std::move(*event), *zone_), std::nullopt});
  }
  if (journal_.marks.contains(event_id))
    queue_next(event_id);
  else
    new_.insert(event_id);
}

void Scheduler::forget(std::int64_t event_id) {
  plan(event_id);  // it is not there any more, so this only takes the old plan away
  new_.erase(event_id);
  journal_.marks.erase(event_id);
  std::erase_if(journal_.skips, [&](const Due& due) { return due.event_id == event_id; });
}

void Scheduler::queue_next(std::int64_t event_id) {
  const auto found = plans_.find(event_id);
  if (found == plans_.end()) return;
  Plan& plan = found->second;
  if (plan.next) queue_.erase({*plan.next, event_id});
  plan.next = plan.timetable.next(journal_.marks.at(event_id));
  if (plan.next) queue_.insert({*plan.next, event_id});
}

void Scheduler::mark(std::int64_t event_id, Moment moment) {
  journal_.marks[event_id] = moment;
  std::erase_if(journal_.skips,
                [&](const Due& skip) { return skip.event_id == event_id && skip.moment <= moment; });
  queue_next(event_id);
}

void Scheduler::mark_new_events(WallTime now) {
  if (new_.empty()) return;
  for (const auto event_id : std::exchange(new_, {})) mark(event_id, end_of(now - late_start_grace));
  save([](const Result<void>&) {});
}

void Scheduler::correct_marks(WallTime now) {
  if (last_look_ && now >= *last_look_) return;
  std::size_t corrected = 0;
  std::vector<std::int64_t> wrong;
  for (const auto& [event_id, moment] : journal_.marks)
    if (moment.at > now + max_step_back) wrong.push_back(event_id);
  for (const auto event_id : wrong) {
    mark(event_id, end_of(now));
    ++corrected;
  }
  if (corrected == 0) return;
  warn(std::format("The clock was ahead by more than a day. {} farm events are scheduled anew from {} on.",
                   corrected, shown(now, *zone_)));
  save([](const Result<void>&) {});
}

void Scheduler::wake() {
  if (!new_.empty() || boot_sequence_) return world_.wake_at(world_.now());
  world_.wake_at(queue_.empty() ? std::nullopt : std::optional(queue_.begin()->moment.at));
}

// ---- running --------------------------------------------------------------------------------------

void Scheduler::look() {
  if (running_) return;  // its end looks again
  if (boot_sequence_) return begin_boot();
  const auto now = world_.now();
  if (now < first_believable_time) {
    if (!std::exchange(told_of_clock_, true))
      warn(std::format("The clock says {} and has not been set: farm events wait until it is.",
                       shown(now, *zone_)));
    return world_.wake_at(first_believable_time);
  }
  told_of_clock_ = false;
  correct_marks(now);
  last_look_ = now;
  mark_new_events(now);
  if (!begin_due(now)) wake();
}

bool Scheduler::begin_due(WallTime now) {
  while (!queue_.empty() && queue_.begin()->moment.at <= now) {
    const Due due = *queue_.begin();
    if (pass_over(due, now)) continue;
    if (!journal_.skips.contains(due)) {
      begin(due);
      return true;
    }
    world_.log(
        "info", 1,
        std::format("{}, scheduled at {}, is skipped.",
                    name_of(plans_.at(due.event_id).timetable, due.moment), shown(due.moment.at, *zone_)));
    mark(due.event_id, due.moment);
    save([](const Result<void>&) {});
  }
  return false;
}

bool Scheduler::pass_over(const Due& due, WallTime now) {
  const Timetable& timetable = plans_.at(due.event_id).timetable;
  constexpr milliseconds instant{1};
  // What is too late does not run. Of a sequence that is overdue several times, only the last one does; the
  // items of a regimen are different things.
  auto until = now - max_lateness - instant;
  if (!timetable.event().is_regimen)
    until = std::max(until, timetable.last(now).value_or(due.moment).at - instant);
  if (due.moment.at > until) return false;

  const auto is_passed = [&](const Due& skip) {
    return skip.event_id == due.event_id && skip.moment <= end_of(until);
  };
  const auto missed = timetable.count(journal_.marks.at(due.event_id), until) -
                      std::ranges::count_if(journal_.skips, is_passed);
  if (missed > 0)
    warn(std::format("{} scheduled at {} was missed{}: the host was off, busy or without a clock.",
                     timetable.event().is_regimen ? "Regimen" : "Event", shown(due.moment.at, *zone_),
                     missed > 1 ? std::format(", and {} more times since", missed - 1) : ""));
  mark(due.event_id, end_of(until));
  save([](const Result<void>&) {});
  return true;
}

void Scheduler::begin(const Due& due) {
  const Timetable& timetable = plans_.at(due.event_id).timetable;
  running_ = Running{.due = due,
                     .is_regimen = timetable.event().is_regimen,
                     .sequence_id = timetable.sequence_at(due.moment),
                     .name = name_of(timetable, due.moment)};
  journal_.running = due;
  journal_.running_name = running_->name;
  mark(due.event_id, due.moment);
  save([this, applications = timetable.applications()](const Result<void>& saved) mutable {
    if (!saved)
      warn(std::format("The schedule cannot be noted in the image, so a restart may repeat \"{}\": {}",
                       running_->name, saved.error().message));
    run(std::move(applications));
  });
}

void Scheduler::run(json applications) {
  auto alive = std::weak_ptr(alive_);
  world_.start(
      running_->sequence_id, std::move(applications), running_->name,
      [this, alive](std::uint16_t process) {
        if (!alive.expired() && running_) running_->process = process;
      },
      [this, alive](Result<void> result) {
        if (!alive.expired()) ended(std::move(result));
      });
}

void Scheduler::ended(Result<void> result) {
  const Running ran = *std::exchange(running_, std::nullopt);
  if (!result)
    world_.log("error", 1,
               ran.due ? std::format("{} scheduled at {} failed to execute: {}",
                                     ran.is_regimen ? "Regimen" : "Event", shown(ran.due->moment.at, *zone_),
                                     result.error().message)
                       : std::format("Boot sequence failed to execute: {}", result.error().message));
  if (ran.due) {
    journal_.running.reset();
    save([](const Result<void>&) {});
  }
  // Not from inside the end of a process: others may have to hear of it first.
  world_.wake_at(world_.now());
}

void Scheduler::machine_ready() {
  if (std::exchange(booted_, true)) return;
  const json id = assets_.field(AssetKind::fbos_config, "boot_sequence_id");
  if (!id.is_number_integer()) return world_.log("success", 1, "FarmBot is booted.");
  world_.log("success", 1, "FarmBot is booted. Executing boot sequence...");
  boot_sequence_ = id.get<std::int64_t>();
  world_.wake_at(world_.now());
}

void Scheduler::begin_boot() {
  const auto sequence_id = *std::exchange(boot_sequence_, std::nullopt);
  running_ = Running{.sequence_id = sequence_id, .name = "boot sequence"};
  run(json::array());
}

void Scheduler::save(ScheduleWorld::Saved saved) {
  world_.save(journal_.text(),
              [alive = std::weak_ptr(alive_), saved = std::move(saved)](Result<void> result) mutable {
                if (!alive.expired()) saved(std::move(result));
              });
}

// ---- for people -----------------------------------------------------------------------------------

std::string Scheduler::name_of(const Timetable& timetable, Moment moment) const {
  const auto sequence_id = timetable.sequence_at(moment);
  std::string sequence = world_.sequence_name(sequence_id);
  if (sequence.empty()) sequence = std::format("sequence {}", sequence_id);
  if (!timetable.event().is_regimen) return sequence;
  const std::string& regimen = timetable.regimen().name;
  return std::format("{}: {}",
                     regimen.empty() ? std::format("regimen {}", timetable.event().executable_id) : regimen,
                     sequence);
}

std::vector<Entry> Scheduler::upcoming(std::size_t count, std::optional<std::int64_t> event_id) const {
  std::vector<Entry> made;
  const auto now = world_.now();
  const auto is_asked_for = [&](const Due& due) { return !event_id || *event_id == due.event_id; };
  if (running_ && running_->due && is_asked_for(*running_->due))
    made.push_back({.due = *running_->due,
                    .is_regimen = running_->is_regimen,
                    .sequence_id = running_->sequence_id,
                    .name = running_->name,
                    .prospect = Prospect::running,
                    .process = running_->process});
  std::priority_queue<Due, std::vector<Due>, std::greater<>> ahead;
  for (const Due& due : queue_)
    if (is_asked_for(due)) ahead.push(due);
  while (!ahead.empty() && made.size() < std::min(count, max_listed)) {
    const Due due = ahead.top();
    ahead.pop();
    const Timetable& timetable = plans_.at(due.event_id).timetable;
    if (const auto next = timetable.next(due.moment)) ahead.push({*next, due.event_id});
    made.push_back({.due = due,
                    .is_regimen = timetable.event().is_regimen,
                    .sequence_id = timetable.sequence_at(due.moment),
                    .name = name_of(timetable, due.moment),
                    .prospect = journal_.skips.contains(due) ? Prospect::skipped
                                : due.moment.at <= now       ? Prospect::waiting
                                                             : Prospect::due});
  }
  return made;
}

void Scheduler::skip(std::int64_t event_id, std::optional<WallTime> at, Skipped skipped) {
  const auto plan = plans_.find(event_id);
  if (plan == plans_.end())
    return skipped(
        fail(Status::not_found, std::format("There is no farm event {} on the schedule.", event_id)));
  if (journal_.skips.size() >= max_skips)
    return skipped(
        fail(Status::out_of_resources, std::format("{} moments are to be skipped already.", max_skips)));
  auto moment = plan->second.next;
  const auto is_free = [&](Moment each) {
    return !journal_.skips.contains({each, event_id}) && (!at || each.at == *at);
  };
  if (moment && at && *at > moment->at) moment = plan->second.timetable.next(end_of(*at - milliseconds(1)));
  while (moment && !is_free(*moment) && (!at || moment->at <= *at))
    moment = plan->second.timetable.next(*moment);
  if (!moment || !is_free(*moment))
    return skipped(fail(Status::not_found,
                        at ? std::format("Farm event {} is not due at {}, or that is skipped already.",
                                         event_id, shown(*at, *zone_))
                           : std::format("Farm event {} is not due again.", event_id)));
  const Due due{*moment, event_id};
  journal_.skips.insert(due);
  save([due, skipped = std::move(skipped)](Result<void> saved) mutable {
    if (saved)
      skipped(due);
    else
      skipped(std::unexpected(std::move(saved.error())));
  });
}

}  // namespace celeriac::vm
