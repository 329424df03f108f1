#pragma once
// What is on the disk about the processes in progress, so that a VM that comes up after a power failure or a
// crash can say which ones were cut off.
//
//   quiet ──(one begins, or ends)──► writing ──(written)──► resting ──(nothing new)──► quiet
//                                     ▲                        │
//                                     └─────(something new)────┘
//     │ close()                         │ close()
//     └──────────► closing ◄────────────┘ nothing changes; leave() writes what is to be said, as the last
//     thing
//
// One write is under way at a time and has the whole list, so that a process costs two writes at most, and
// one that is over before its first costs none: memory cards wear out by being written, and where hundreds
// begin and end the loop has better things to do than to write lists. Nobody waits for a write: a process
// that begins within the last moment before the power fails is not in the list.

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "vm/sequences/interruption.hpp"

namespace celeriac::vm {

class ProcessRecord {
 public:
  using Written = std::move_only_function<void(const protocol::Result<void>&)>;
  /// Writes the text in the place of the one before it, in the order of the calls, calls `written` later, and
  /// tells people of failures.
  using Write = std::function<void(std::string text, Written written)>;

  /// Calls back when the next write may begin.
  using Rest = std::function<void(std::move_only_function<void()> over)>;

  /// `text` is what is on the disk; the first write replaces it.
  ProcessRecord(
      std::string text, Write write, Rest rest = [](auto over) { over(); })
      : on_disk_(std::move(text)), write_(std::move(write)), rest_(std::move(rest)) {}
  ~ProcessRecord() { *alive_ = false; }
  ProcessRecord(const ProcessRecord&) = delete;
  ProcessRecord& operator=(const ProcessRecord&) = delete;

  /// What the VM before this one left behind.
  [[nodiscard]] std::vector<Interruption> left() const;
  /// It has been told: from now on the list is this VM's.
  void told() { bring_up_to_date(); }

  /// Beyond max_interruptions processes in progress, further ones are not recorded.
  void began(const Process& process);
  void ended(ProcessId id);

  /// An orderly end begins: until leave(), what is on the disk stays as it is.
  void close() noexcept { closing_ = true; }
  /// The last write: what the next VM is to say.
  void leave(const std::vector<Interruption>& interruptions, Written written);

 private:
  [[nodiscard]] std::string text() const;
  void bring_up_to_date();

  std::map<ProcessId, Interruption> in_progress_;
  std::string on_disk_;  // once the write under way is done
  Write write_;
  Rest rest_;
  bool writing_ = false;  // or resting after it
  bool closing_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace celeriac::vm
