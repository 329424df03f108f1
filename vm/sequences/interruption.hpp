#pragma once
// A process that the end of the VM cut short: what the image keeps of it, so that the next VM can say so. It
// does not go on: where the bot is and what has happened to the plants meanwhile, nobody knows. An orderly
// end knows how far each had come; of a power failure or a crash it is known only which ones had begun.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "protocol/error.hpp"
#include "vm/sequences/process.hpp"

namespace celeriac::vm {

/// What is kept of one VM's processes at most; of more, those with the lowest numbers.
inline constexpr std::size_t max_interruptions = 256;

struct Interruption {
  ProcessId id = no_process;
  CodeId code{};
  std::string name;
  std::string path;  ///< JSON pointer of the node that was next, or that was cut off
  std::string kind;  ///< of that node
  std::uint32_t step = 0, steps = 0, nodes_done = 0;
  std::int64_t started_ms = 0;
  bool between_steps = true;  ///< false: the node had begun
  bool sudden = false;        ///< without an orderly end: `path`, `kind`, `step`, `nodes_done` are not known

  friend bool operator==(const Interruption&, const Interruption&) = default;
};

/// Of a process in progress.
Interruption interruption_of(const Process& process);
/// Of the same one, if nobody is there to say more at its end.
Interruption sudden_interruption_of(const Process& process);
/// "Process 3, "Water the bed", stopped before step 5 of 16 (/body/4, write_pin)."
std::string sentence(const Interruption& interruption);
/// As the error of the process, and of those who wait for it: `cancelled`, with the code "interrupted".
protocol::Error interrupted(const Interruption& interruption);

nlohmann::json to_json(const std::vector<Interruption>& interruptions);
/// What cannot be understood is left out: it is only told to people.
std::vector<Interruption> interruptions_of(const nlohmann::json& document);

}  // namespace celeriac::vm
