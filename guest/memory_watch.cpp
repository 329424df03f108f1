#include "guest/memory_watch.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <string_view>

namespace celeriac::guest {

MemoryWatch::MemoryWatch(std::uint64_t limit)
    : limit_(limit), statm_(::open("/proc/self/statm", O_RDONLY | O_CLOEXEC)) {}

MemoryWatch::~MemoryWatch() {
  if (statm_ >= 0) ::close(statm_);
}

std::uint64_t MemoryWatch::used() const noexcept {
  constexpr int field = 5;  // proc(5): "data", data and stack, in pages
  char buffer[160];
  const auto got = statm_ < 0 ? -1 : ::pread(statm_, buffer, sizeof buffer, 0);
  if (got <= 0) return 0;
  std::string_view rest(buffer, static_cast<std::size_t>(got));
  for (int i = 0; i < field; ++i) {
    const auto space = rest.find(' ');
    if (space == std::string_view::npos) return 0;
    rest.remove_prefix(space + 1);
  }
  std::uint64_t pages = 0;
  std::from_chars(rest.data(), rest.data() + rest.size(), pages);
  static const auto page_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return pages * page_bytes;
}

}  // namespace celeriac::guest
