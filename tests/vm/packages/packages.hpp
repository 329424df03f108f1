#pragma once
// Packages for tests: archives made entry by entry, good ones and those that nobody should make, and signed
// with the real minisign.

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <filesystem>
#include <format>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace celeriac::vm::testing {

/// A directory that ends with the test.
class Directory {
 public:
  Directory() {
    std::string name = (std::filesystem::temp_directory_path() / "celeriac-packages-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
inline void write_file(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

enum class Compression { none, gzip, zstd, twice };

/// Makes a tar, entry by entry.
class Tar {
 public:
  explicit Tar(Compression compression = Compression::none) : writer_(archive_write_new()) {
    archive_write_set_format_pax_restricted(writer_);
    if (compression == Compression::twice) archive_write_add_filter_zstd(writer_);
    if (compression == Compression::gzip || compression == Compression::twice)
      archive_write_add_filter_gzip(writer_);
    if (compression == Compression::zstd) archive_write_add_filter_zstd(writer_);
    archive_write_set_bytes_per_block(writer_, 0);
    const auto append = [](archive*, void* self, const void* data, std::size_t size) -> la_ssize_t {
      static_cast<Tar*>(self)->bytes_.append(static_cast<const char*>(data), size);
      return static_cast<la_ssize_t>(size);
    };
    REQUIRE(archive_write_open(writer_, this, nullptr, append, nullptr) == ARCHIVE_OK);
  }
  ~Tar() { archive_write_free(writer_); }
  Tar(const Tar&) = delete;
  Tar& operator=(const Tar&) = delete;

  Tar& file(std::string_view path, std::string_view bytes) { return entry(path, AE_IFREG, bytes); }
  Tar& directory(std::string_view path) { return entry(path, AE_IFDIR, ""); }
  Tar& device(std::string_view path) { return entry(path, AE_IFCHR, ""); }
  Tar& link(std::string_view path, std::string_view to, bool hard) {
    archive_entry* made = archive_entry_new();
    archive_entry_set_pathname(made, std::string(path).c_str());
    archive_entry_set_filetype(made, hard ? AE_IFREG : AE_IFLNK);
    (hard ? archive_entry_set_hardlink : archive_entry_set_symlink)(made, std::string(to).c_str());
    REQUIRE(archive_write_header(writer_, made) == ARCHIVE_OK);
    archive_entry_free(made);
    return *this;
  }
  std::string bytes() {
    archive_write_close(writer_);
    return bytes_;
  }

 private:
  Tar& entry(std::string_view path, unsigned type, std::string_view bytes) {
    archive_entry* made = archive_entry_new();
    archive_entry_set_pathname(made, std::string(path).c_str());
    archive_entry_set_filetype(made, type);
    archive_entry_set_perm(made, 0644);
    archive_entry_set_size(made, static_cast<la_int64_t>(bytes.size()));
    REQUIRE(archive_write_header(writer_, made) == ARCHIVE_OK);
    if (!bytes.empty()) REQUIRE(archive_write_data(writer_, bytes.data(), bytes.size()) >= 0);
    archive_entry_free(made);
    return *this;
  }

  archive* writer_;
  std::string bytes_;
};

inline const std::string empty_module("\0asm\1\0\0\0", 8);

inline nlohmann::json metadata_of(std::string_view package = "soil", std::string_view publisher = "acme",
                                  std::string_view version = "1.0.0") {
  return {
      {"name", "Soil"},
      {"properties", {{"package_name", package}, {"publisher", publisher}, {"current_version", version}}}};
}

inline nlohmann::json process_of(std::string_view name = "logger") {
  return {{"process_name", name},
          {"process_wasm_path", "/logger.wasm"},
          {"on_exit", "None"},
          {"request_networking", false},
          {"request_capabilities", nlohmann::json::array()},
          {"grant_capabilities", nlohmann::json::array()},
          {"public", false}};
}

/// An archive with a process or several.
inline std::string archive_of(const nlohmann::json& manifest = nlohmann::json::array({process_of()}),
                              const nlohmann::json& metadata = metadata_of(),
                              Compression compression = Compression::none,
                              std::string_view module = empty_module) {
  return Tar(compression)
      .file("manifest.json", manifest.dump())
      .file("metadata.json", metadata.dump())
      .directory("pkg/")
      .file("pkg/logger.wasm", module)
      .file("pkg/data/names.txt", "fern\n")
      .bytes();
}

/// A key of minisign's own making.
class Signer {
 public:
  explicit Signer(const Directory& directory, std::string_view name = "key")
      : secret_(directory / std::format("{}.sec", name)), public_(directory / std::format("{}.pub", name)) {
    run(std::format("minisign -G -W -f -p '{}' -s '{}'", public_.string(), secret_.string()));
  }
  /// The text of minisign.pub.
  [[nodiscard]] std::string public_key() const { return read_file(public_); }
  /// The text of a .minisig of these bytes.
  [[nodiscard]] std::string sign(std::string_view bytes, std::string_view options = "") const {
    const auto file = secret_.parent_path() / "signed";
    write_file(file, bytes);
    run(std::format("minisign -S {} -s '{}' -m '{}' -x '{}.minisig'", options, secret_.string(),
                    file.string(), file.string()));
    return read_file(file.string() + ".minisig");
  }

 private:
  static void run(const std::string& command) {
    INFO(command);
    REQUIRE(std::system((command + " >/dev/null 2>&1 </dev/null").c_str()) == 0);
  }
  std::filesystem::path secret_, public_;
};

}  // namespace celeriac::vm::testing
