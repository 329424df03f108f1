#include "hal/recording/ring.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <format>

namespace celeriac::hal::recording {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view extension = ".trace";

// The number of "000017.trace"; 0 for other names.
std::uint64_t number_of(const fs::path& path) {
  std::uint64_t number = 0;
  const auto stem = path.stem().string();
  if (path.extension() != extension) return 0;
  const auto [end, error] = std::from_chars(stem.data(), stem.data() + stem.size(), number);
  return error == std::errc() && end == stem.data() + stem.size() ? number : 0;
}

}  // namespace

std::vector<fs::path> segments_of(const fs::path& directory) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error))
    if (number_of(entry->path()) != 0) found.push_back(entry->path());
  std::ranges::sort(found, {}, number_of);
  return found;
}

// ---- in the background ----

class Ring::Writer {
 public:
  explicit Writer(fs::path directory) : directory_(std::move(directory)) {}
  ~Writer() { close(); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  /// Writes to the present file, or to a new one. Returns the bytes that were lost; trouble() says why.
  std::size_t write(std::string_view bytes, bool new_file) {
    if (new_file || descriptor_ < 0)
      if (!open_next()) return bytes.size();
    std::string_view rest = bytes;
    while (!rest.empty()) {
      const auto n = ::write(descriptor_, rest.data(), rest.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) break;
      rest.remove_prefix(static_cast<std::size_t>(n));
    }
    if (rest.empty()) {
      size_ += static_cast<off_t>(bytes.size());
      return 0;
    }
    trouble_ = std::strerror(errno);
    // Half a line would become one with the next.
    if (::ftruncate(descriptor_, size_) != 0) close();
    return bytes.size();
  }
  std::string take_trouble() { return std::exchange(trouble_, {}); }

 private:
  bool open_next() {
    close();
    std::error_code error;
    fs::create_directories(directory_, error);
    auto segments = segments_of(directory_);
    const auto number = (segments.empty() ? 0 : number_of(segments.back())) + 1;
    while (segments.size() >= ring_segments) {
      fs::remove(segments.front(), error);
      segments.erase(segments.begin());
    }
    const auto path = directory_ / std::format("{:06}{}", number, extension);
    descriptor_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0640);
    size_ = 0;
    if (descriptor_ < 0) trouble_ = std::strerror(errno);
    return descriptor_ >= 0;
  }
  void close() {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  }

  fs::path directory_;
  int descriptor_ = -1;
  off_t size_ = 0;
  std::string trouble_;
};

// ---- on the event loop ----

Ring::Ring(fs::path directory, Timers& timers, settings::Background background, Report report)
    : directory_(std::move(directory)),
      timers_(timers),
      background_(std::move(background)),
      report_(std::move(report)),
      writer_(std::make_shared<Writer>(directory_)),
      timer_(timers.make()) {
  segment_begins_.push_back(0);
}

Ring::~Ring() {
  *alive_ = false;
  if (on_its_way_ == 0 && !buffer_.empty()) write();
}

void Ring::append(std::string_view line, Duration at_most) {
  const auto room = [&](std::size_t bytes) {
    return buffer_.size() + on_its_way_ + bytes <= max_buffered_bytes;
  };
  const auto due = timers_.now() + at_most;
  const bool sooner = buffer_.empty() || due < due_;
  if (dropped_lines_ > 0) {
    const auto note = recording::line(timers_.now(), Kind::dropped, std::to_string(dropped_lines_));
    if (room(note.size() + line.size())) {
      buffer_ += note;
      segment_size_ += note.size();
      dropped_lines_ = 0;
    }
  }
  if (dropped_lines_ > 0 || !room(line.size())) {
    ++dropped_lines_;
    return;
  }
  if (sooner) arm(due);
  buffer_ += line;
  segment_size_ += line.size();
  if (buffer_.size() > max_buffered_bytes / 4 && on_its_way_ == 0) write();
}

void Ring::begin_segment() {
  if (segment_begins_.empty() || segment_begins_.back() != buffer_.size())
    segment_begins_.push_back(buffer_.size());
  segment_size_ = 0;
}

void Ring::flush(std::move_only_function<void()> flushed) {
  waiting_flushes_.push_back(std::move(flushed));
  if (on_its_way_ == 0) write();
}

void Ring::arm(Instant due) {
  due_ = due;
  timer_->set(due - timers_.now(), [this] {
    if (on_its_way_ == 0) write();
  });
}

void Ring::write() {
  if (buffer_.empty()) {
    for (auto& flushed : std::exchange(waiting_flushes_, {})) flushed();
    return;
  }
  timer_->cancel();
  struct Result {
    std::size_t lost = 0;
    std::string trouble;
  };
  auto result = std::make_shared<Result>();
  on_its_way_ = buffer_.size();
  flushes_on_their_way_ = std::exchange(waiting_flushes_, {});
  // A file that begins behind the last byte begins with the next write.
  const bool next_begins = !segment_begins_.empty() && segment_begins_.back() == buffer_.size();
  if (next_begins) segment_begins_.pop_back();
  background_(
      [writer = writer_, result, text = std::exchange(buffer_, {}),
       begins = std::exchange(segment_begins_,
                              next_begins ? std::vector<std::size_t>{0} : std::vector<std::size_t>{})] {
        std::size_t from = 0;
        const auto put = [&](std::size_t to, bool new_file) {
          if (to > from)
            result->lost += writer->write(std::string_view(text).substr(from, to - from), new_file);
          from = to;
        };
        for (std::size_t i = 0; i < begins.size(); ++i) {
          put(begins[i], false);
          put(i + 1 < begins.size() ? begins[i + 1] : text.size(), true);
        }
        put(text.size(), false);
        result->trouble = writer->take_trouble();
      },
      [this, alive = alive_, result] {
        if (*alive) written(result->lost, result->trouble);
      });
}

void Ring::written(std::size_t lost_bytes, const std::string& trouble) {
  on_its_way_ = 0;
  if (lost_bytes > 0) ++dropped_lines_;  // at least one; how many more was not counted
  const bool was_in_trouble = std::exchange(in_trouble_, lost_bytes > 0);
  if (in_trouble_ != was_in_trouble)
    report_(!in_trouble_, in_trouble_
                              ? std::format("The recording in {} cannot be written ({}): the machine goes on "
                                            "without it.",
                                            directory_.string(), trouble)
                              : std::format("The recording in {} goes on.", directory_.string()));
  for (auto& flushed : std::exchange(flushes_on_their_way_, {})) flushed();
  if (!waiting_flushes_.empty())
    write();
  else if (!buffer_.empty())
    arm(std::max(due_, timers_.now() + flush_period));
}

}  // namespace celeriac::hal::recording
