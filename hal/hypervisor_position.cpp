// What the hypervisor remembers over a restart, its own or the board's: where the machine stands, and that it
// is locked; and what it does by itself when a board has started.

#include <format>

#include "hal/firmware/faults.hpp"
#include "hal/hypervisor.hpp"

namespace celeriac::hal {

using firmware::Answer;
using firmware::Command;
using firmware::Family;
using firmware::Severity;
using firmware::Traces;
using protocol::Json;
using protocol::Result;

// ---- where the machine stands ----

position::Reckoning::Reports Hypervisor::reckoning_reports() {
  return {.say =
              [this](position::Reckoning::Severity severity, std::string message) {
                report(severity == position::Reckoning::Severity::warn ? Severity::warn : Severity::info,
                       std::move(message));
              },
          .changed =
              [this](bool urgent) {
                journal_.changed(urgent, reckoning_.moving());
                changed(0);
              },
          .now = [] { return protocol::now_milliseconds(); }};
}

void Hypervisor::take_up_journal() {
  const auto journal = journal_.load();
  if (!journal)
    reckoning_.distrust();
  else if (reckoning_.take_up(*journal))
    return;
  report(Severity::warn, "Where the machine stood is not known, because position.json cannot be understood" +
                             (journal ? std::string(".") : ": " + journal.error().message));
}

void Hypervisor::began(const Command& command) {
  reckoning_.began(command, link_.board());
}

void Hypervisor::ended(const Command& command, const Result<Answer>& answer, const Traces& traces) {
  reckoning_.ended(command, answer, traces, link_.board());
  moves_.ended(command, answer.has_value(), traces);
}

// The board homes by itself only from a configuration of its own, which it forgets: so it is done from here,
// once after each of its starts, in front of all requests.
void Hypervisor::home_at_boot() {
  if (!link_.board_restarted_before() || link_.lock().engaged()) return;
  std::vector<Axis> axes;
  std::string names;
  for (const auto axis : up_first) {
    if (link_.board().parameters.get(Family::home_at_boot, axis) != 1) continue;
    axes.push_back(axis);
    names += std::format("{}{}", names.empty() ? "" : ", ", name(axis));
  }
  if (axes.empty()) return;
  report(Severity::info,
         std::format("The board has started: finding home on {} (movement_home_at_boot).", names));
  queue_task(
      Owner{},
      [this, alive = alive_](const Outcome& outcome) {
        if (*alive && !outcome)
          report(Severity::error, "Finding home after the board's start failed: " + outcome.error().message);
      },
      [this, axes = std::move(axes)] { return moves_.find_home(axes); });
}

// ---- the lock ----

// A file that cannot be understood may have said "locked".
void Hypervisor::take_up_lock() {
  const auto loaded = lock_store_.load();
  const auto& stored = lock_store_.values();
  const auto locked = stored.find("locked"), since = stored.find("since");
  if (loaded && (stored.empty() || (locked != stored.end() && *locked == false))) return;
  link_.take_up_lock(since != stored.end() && since->is_number_integer() ? since->get<std::int64_t>()
                                                                         : protocol::now_milliseconds());
  report(Severity::warn,
         loaded ? "The emergency lock from before the restart is still on: it holds until somebody unlocks."
                : "Whether the emergency lock was on is not known, so it is: " + loaded.error().message);
  changed(static_cast<std::uint8_t>(firmware::Change::locked));
}

void Hypervisor::store_lock() {
  const auto& lock = link_.lock();
  Json wanted{{"locked", lock.engaged()}, {"since", lock.since()}};
  if (lock_store_.values() == wanted || (lock_store_.values().empty() && !lock.engaged())) return;
  lock_store_.replace(std::move(wanted), [this, alive = alive_](const Result<void>& stored) {
    if (*alive && !stored)
      report(Severity::error,
             "The emergency lock could not be written down and would not outlive a restart: " +
                 stored.error().message);
  });
}

}  // namespace celeriac::hal
