#include "hal/programs/program_run.hpp"

#include <format>

#include "protocol/words.hpp"

namespace celeriac::hal::programs {

using protocol::Result;
using protocol::Status;

namespace {

/// The longest piece of a program's complaint in a sentence.
constexpr std::size_t longest_complaint = 200;

/// The last line that says something.
std::string last_line(std::string_view text) {
  const auto end = text.find_last_not_of(" \t\r\n");
  if (end == std::string_view::npos) return {};
  text = text.substr(0, end + 1);
  const auto feed = text.rfind('\n');
  return protocol::shown(feed == std::string_view::npos ? text : text.substr(feed + 1), longest_complaint);
}

}  // namespace

Result<std::unique_ptr<ProgramRun>> ProgramRun::start(boost::asio::io_context& io, Timers& timers,
                                                      std::vector<std::string> words, RunLimits limits,
                                                      Done done) {
  std::unique_ptr<ProgramRun> run(new ProgramRun(words.front(), limits, std::move(done)));
  auto child = Child::start(
      io, timers, std::move(words), limits.time,
      {.wrote = [run = run.get()](Stream stream, std::string_view piece) { run->take(stream, piece); },
       .ended =
           [run = run.get()](const ChildEnd& end) {
             auto answer = std::move(run->done_);  // it may destroy the run
             answer(run->result(end));
           }});
  if (!child) return std::unexpected(std::move(child.error()));
  run->child_ = std::move(*child);
  return run;
}

void ProgramRun::take(Stream stream, std::string_view piece) {
  if (stream == Stream::error) {
    error_ += piece;
    if (error_.size() > kept_error_bytes) error_.erase(0, error_.size() - kept_error_bytes);
  } else if (output_.size() + piece.size() <= limits_.output_bytes) {
    output_ += piece;
  } else {
    too_much_ = true;
    child_->kill();
  }
}

Result<std::string> ProgramRun::result(const ChildEnd& end) {
  if (too_much_)
    return protocol::fail(Status::out_of_resources,
                          std::format("{} wrote more than {} bytes.", name_, limits_.output_bytes));
  if (end.good) return std::move(output_);
  const auto complaint = end.timed_out ? std::string() : last_line(error_);
  return protocol::fail(end.timed_out ? Status::timeout : Status::failed,
                        std::format("{} {}{}{}.", name_, end.fate, complaint.empty() ? "" : ": ", complaint));
}

}  // namespace celeriac::hal::programs
