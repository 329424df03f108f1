#include "console/whole_file.hpp"

#include <cerrno>
#include <cstring>
#include <format>
#include <fstream>

namespace celeriac::console {

protocol::Result<void> write_whole(const std::filesystem::path& path, std::string_view text) {
  const auto failed = [&path](const std::string& why) {
    return protocol::fail(protocol::Status::failed,
                          std::format("{} cannot be written: {}.", path.string(), why));
  };
  const auto temporary = path.string() + ".new";
  std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) return failed(std::strerror(errno));
  std::error_code error;
  std::filesystem::rename(temporary, path, error);
  if (error) return failed(error.message());
  return {};
}

}  // namespace celeriac::console
