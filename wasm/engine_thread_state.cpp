#include "wasm/engine_thread_state.hpp"

#include <link.h>

#include <cstring>
#include <string_view>

namespace celeriac::wasm {
namespace {

int look_at(dl_phdr_info* library, std::size_t, void* found) {
  if (!std::string_view(library->dlpi_name).contains("libwasmedge")) return 0;
  for (const auto& segment : std::span(library->dlpi_phdr, library->dlpi_phnum)) {
    if (segment.p_type != PT_TLS || library->dlpi_tls_data == nullptr) continue;
    *static_cast<std::span<std::byte>*>(found) = {static_cast<std::byte*>(library->dlpi_tls_data),
                                                  segment.p_memsz};
  }
  return 1;
}

/// The library is loaded with the program, so its storage does not move for the life of a thread.
std::span<std::byte> storage() noexcept {
  thread_local const std::span<std::byte> here = [] {
    std::span<std::byte> found;
    dl_iterate_phdr(look_at, &found);
    return found.size() <= EngineThreadState::max_bytes ? found : std::span<std::byte>();
  }();
  return here;
}

}  // namespace

bool EngineThreadState::is_known() noexcept {
  return !storage().empty();
}

EngineThreadState::EngineThreadState() noexcept : bytes_(storage().size()) {
  std::memcpy(saved_.data(), storage().data(), bytes_);
}

void EngineThreadState::put_back() const noexcept {
  std::memcpy(storage().data(), saved_.data(), bytes_);
}

}  // namespace celeriac::wasm
