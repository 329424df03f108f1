// The bundle as a tar, by libarchive.

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <format>
#include <memory>

#include "console/doctor/bundle.hpp"

namespace celeriac::console::doctor {
namespace fs = std::filesystem;
using protocol::Result;
using protocol::Status;

namespace {

constexpr const char* folder = "celeriac-doctor/";

struct Release {
  void operator()(archive* tar) const noexcept { archive_write_free(tar); }
  void operator()(archive_entry* entry) const noexcept { archive_entry_free(entry); }
};

std::unexpected<protocol::Error> cannot(const fs::path& path, std::string_view why) {
  return protocol::fail(Status::failed, std::format("{} cannot be written: {}.", path.string(), why));
}

bool put(archive* tar, const BundleFile& file) {
  const std::unique_ptr<archive_entry, Release> entry(archive_entry_new());
  archive_entry_set_pathname(entry.get(), (folder + file.name).c_str());
  archive_entry_set_size(entry.get(), static_cast<la_int64_t>(file.bytes.size()));
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), 0600);
  archive_entry_set_mtime(entry.get(), std::time(nullptr), 0);
  if (archive_write_header(tar, entry.get()) != ARCHIVE_OK) return false;
  return archive_write_data(tar, file.bytes.data(), file.bytes.size()) ==
         static_cast<la_ssize_t>(file.bytes.size());
}

}  // namespace

Result<void> write_tar(const fs::path& path, const std::vector<BundleFile>& files) {
  const fs::path unfinished = path.string() + ".unfinished";
  const int descriptor =
      ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) return cannot(path, std::strerror(errno));
  bool good = false;
  std::string why = "libarchive does not want to";
  {
    const std::unique_ptr<archive, Release> tar(archive_write_new());
    archive_write_set_format_pax_restricted(tar.get());
    const auto extension = path.extension();
    if (extension == ".gz" || extension == ".tgz") archive_write_add_filter_gzip(tar.get());
    good = archive_write_open_fd(tar.get(), descriptor) == ARCHIVE_OK;
    for (const auto& file : files) good = good && put(tar.get(), file);
    good = good && archive_write_close(tar.get()) == ARCHIVE_OK;
    if (const char* said = archive_error_string(tar.get()); !good && said != nullptr) why = said;
  }
  good = ::close(descriptor) == 0 && good;
  std::error_code error;
  if (good) fs::rename(unfinished, path, error);
  if (good && !error) return {};
  std::error_code ignored;
  fs::remove(unfinished, ignored);
  return cannot(path, good ? error.message() : why);
}

}  // namespace celeriac::console::doctor
