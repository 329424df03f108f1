#pragma once
// A program that hears of every photo: `PROGRAM ARGUMENTS… /path/of/the/photo.jpg`, one at a time.
//
//   photo ──► waiting (at most max_hook_queue; a further one is not told, and the log says so) ──► running
//                                                    ended, failed (the log says so), or killed after a
//                                                    minute

#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "hal/programs/program_run.hpp"

namespace celeriac::hal::camera {

inline constexpr std::size_t max_hook_queue = 16;
/// Enough for an upload over a slow line.
inline constexpr std::chrono::seconds hook_patience{60};
/// What it writes is not looked at, but a program that writes without end is stopped.
inline constexpr std::size_t max_hook_output = 1024 * 1024;

class PhotoHook {
 public:
  /// `words`: program and first arguments; `complain` gets sentences for the log. Both references must
  /// outlive it.
  PhotoHook(boost::asio::io_context& io, Timers& timers, std::vector<std::string> words,
            std::function<void(std::string)> complain)
      : io_(io), timers_(timers), words_(std::move(words)), complain_(std::move(complain)) {}

  void photo(std::filesystem::path path);

 private:
  void next();

  boost::asio::io_context& io_;
  Timers& timers_;
  std::vector<std::string> words_;
  std::function<void(std::string)> complain_;
  std::deque<std::filesystem::path> waiting_;
  std::unique_ptr<programs::ProgramRun> run_;
};

}  // namespace celeriac::hal::camera
