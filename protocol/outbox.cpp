#include "protocol/outbox.hpp"

#include "protocol/frame.hpp"

namespace celeriac::protocol {
namespace {

// One system call takes about this much; a longer frame has a chunk of its own.
constexpr std::size_t chunk_size = 64 * 1024;

/// Where the frame that holds byte `at` begins or ended last: the first border of frames not before `at`.
std::size_t border_from(std::string_view frames, std::size_t at) {
  std::size_t border = 0;
  while (border < at) {
    const char* frame = frames.data() + border;
    border += is_response(frame) ? response_size : request_header_size + load_u16(frame + 11);
  }
  return border;
}

}  // namespace

char* Outbox::append(std::size_t bytes, Urgency urgency) {
  std::string* chunk = &urgent_;
  if (urgency == Urgency::normal) {
    if (chunks_.empty() || (!chunks_.back().empty() && chunks_.back().size() + bytes > chunk_size))
      chunks_.emplace_back();
    chunk = &chunks_.back();
  }
  const std::size_t at = chunk->size();
  chunk->resize(at + bytes);
  size_ += bytes;
  return chunk->data() + at;
}

std::string_view Outbox::front() {
  if (!urgent_.empty() && !current_is_urgent_) make_way();
  if (sent_ == current_.size()) next_chunk();
  return std::string_view(current_).substr(sent_);
}

void Outbox::sent(std::size_t bytes) noexcept {
  sent_ += bytes;
  size_ -= bytes;
}

void Outbox::clear() noexcept {
  current_.clear();
  urgent_.clear();
  chunks_.clear();
  sent_ = size_ = 0;
}

/// Puts the frames of the current chunk that have not begun back into the queue.
void Outbox::make_way() {
  const std::size_t border = border_from(current_, sent_);
  if (border == current_.size()) return;
  chunks_.push_front(current_.substr(border));
  current_.resize(border);
}

void Outbox::next_chunk() {
  current_.clear();
  sent_ = 0;
  current_is_urgent_ = !urgent_.empty();
  if (current_is_urgent_) {
    current_.swap(urgent_);
  } else if (!chunks_.empty()) {
    current_.swap(chunks_.front());
    // The emptied buffer is kept for the next frames where it is the only one.
    if (chunks_.size() > 1) chunks_.pop_front();
  }
}

}  // namespace celeriac::protocol
