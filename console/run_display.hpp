#pragma once
// How a running sequence looks: a block of lines redrawn in place on a terminal, one line a step elsewhere,
// one document a line for programs. Nothing here reads a clock: elapsed times are handed in.

#include <chrono>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "console/process_status.hpp"
#include "console/world.hpp"
#include "protocol/document.hpp"

namespace celeriac::console {

/// What is known of a run at one moment.
struct RunView {
  std::string title = {};      ///< name of the sequence
  ProcessStatus process = {};  ///< as the VM told it last
  std::string step = {};       ///< the step in progress in words, "wait milliseconds 500"; "" if unknown
  protocol::Json position = {};
  std::chrono::nanoseconds elapsed{0};
};

/// Lines for a terminal, each at most `columns` wide, without line feeds; SGR escapes where there is colour.
std::vector<std::string> draw(const RunView& view, std::size_t columns, bool unicode, bool colour);

/// A bar of `columns` characters: done of all, "[####----]"; with Unicode in eighths of a character.
std::string bar(std::int64_t done, std::int64_t all, std::size_t columns, bool unicode);

/// Lines at the lower end of a terminal that are redrawn in place. The cursor is hidden while they stand, and
/// comes back with clear() or the end of the block. A terminal that became narrower meanwhile has wrapped the
/// lines: that is reckoned with.
class LiveBlock {
 public:
  LiveBlock(std::ostream& out, std::function<std::size_t()> columns);
  ~LiveBlock();
  LiveBlock(const LiveBlock&) = delete;
  LiveBlock& operator=(const LiveBlock&) = delete;

  void show(std::vector<std::string> lines);
  /// Prints a line that stays, above the block.
  void print_above(std::string_view line);
  /// Removes the block.
  void clear();
  [[nodiscard]] std::size_t columns() const;

 private:
  void erase();
  void write();

  std::ostream& out_;
  std::function<std::size_t()> columns_;
  std::vector<std::string> lines_;  // as they stand on the terminal
  bool standing_ = false;
};

/// Shows a run in one of the three ways.
class RunDisplay {
 public:
  virtual ~RunDisplay() = default;
  /// Something changed, or time went by.
  virtual void update(const RunView& view) = 0;
  /// An entry of the host's log.
  virtual void log(const protocol::Json& entry) = 0;
  /// Nothing more is coming: the terminal is as it was.
  virtual void finish() = 0;
  /// How often time alone is worth an update; zero: never.
  [[nodiscard]] virtual std::chrono::milliseconds interval() const { return std::chrono::milliseconds(0); }
};

/// The way that fits: documents with `json`, in place on an interactive terminal, else plain lines.
std::unique_ptr<RunDisplay> make_run_display(World& world, bool json);

}  // namespace celeriac::console
