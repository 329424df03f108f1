#include "hal/settings/backups.hpp"

#include <algorithm>
#include <chrono>
#include <format>
#include <memory>
#include <vector>

namespace celeriac::hal::settings {
namespace {

namespace fs = std::filesystem;
using protocol::Result;
using protocol::Status;

constexpr std::string_view extension = ".json";

// Names end with the time, so that the first of a kind is the oldest.
void remove_oldest(const fs::path& folder, const std::string& prefix) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error))
    if (const auto name = entry->path().filename().string();
        name.starts_with(prefix) && name.ends_with(extension))
      files.push_back(entry->path());
  std::ranges::sort(files);
  for (std::size_t i = 0; i + max_backups < files.size(); ++i) fs::remove(files[i], error);
}

Result<fs::path> write_backup(const fs::path& folder, const std::string& prefix, const std::string& time,
                              const std::string& text) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error)
    return protocol::fail(Status::failed,
                          std::format("{} cannot be made: {}.", folder.string(), error.message()));
  auto path = folder / std::format("{}{}{}", prefix, time, extension);
  for (int number = 2; fs::exists(path, error); ++number)  // of the same second
    path = folder / std::format("{}{}-{}{}", prefix, time, number, extension);
  if (auto written = write_file(path, text); !written) return std::unexpected(std::move(written.error()));
  remove_oldest(folder, prefix);
  return path;
}

}  // namespace

void Backups::write(std::string kind, std::int64_t time_ms, const protocol::Json& content,
                    Written written) const {
  const auto time =
      std::format("{:%FT%H-%M-%S}Z",
                  std::chrono::floor<std::chrono::seconds>(
                      std::chrono::sys_time<std::chrono::milliseconds>(std::chrono::milliseconds(time_ms))));
  const auto result = std::make_shared<Result<fs::path>>();
  background_([folder = folder_, prefix = kind + "-", time, text = content.dump(2) + "\n",
               result] { *result = write_backup(folder, prefix, time, text); },
              [result, written = std::move(written)]() mutable { written(std::move(*result)); });
}

}  // namespace celeriac::hal::settings
