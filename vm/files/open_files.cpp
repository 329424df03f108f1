#include "vm/files/open_files.hpp"

#include <format>

#include "protocol/words.hpp"

namespace celeriac::vm {

using protocol::fail;
using protocol::Result;
using protocol::shown;
using protocol::Status;

Result<void> OpenFiles::allowed(ProcessId process, const std::string& drive, FileAccess access) const {
  if (may_(process, drive, access)) return {};
  return fail(Status::denied,
              std::format("The process may not {} the drive {}: it holds no capability for it.",
                          access == FileAccess::read ? "read" : "change", shown(drive, 200)));
}

Result<DrivePath> OpenFiles::place(ProcessId process, std::string_view path, FileAccess access) const {
  auto parsed = DrivePath::parse(path);
  if (!parsed) return parsed;
  if (auto good = allowed(process, parsed->drive_text(), access); !good)
    return std::unexpected(std::move(good.error()));
  return parsed;
}

Result<FileId> OpenFiles::file_of(ProcessId process, std::uint16_t file, FileAccess access) const {
  const auto table = tables_.find(number(process));
  if (table != tables_.end()) {
    const auto found = table->second->files.find(file);
    if (found != table->second->files.end()) {
      if (auto good = allowed(process, found->second.drive, access); !good)
        return std::unexpected(std::move(good.error()));
      return found->second.id;
    }
  }
  return fail(Status::not_found, std::format("The process has no open file {}.", file));
}

void OpenFiles::close_on_worker(FileId file) {
  worker_.run(
      [&drives = drives_, file] {
        drives.close(file);
        return 0;
      },
      [](int) {});
}

void OpenFiles::open(ProcessId process, std::string_view path, const std::vector<std::string>& flags,
                     Done<std::uint16_t> done) {
  const auto how = parse_open_flags(flags);
  if (!how) return done(std::unexpected(how.error()));
  const auto where = place(process, path, how->changes() ? FileAccess::write : FileAccess::read);
  if (!where) return done(std::unexpected(where.error()));
  if (how->read)
    if (auto good = allowed(process, where->drive_text(), FileAccess::read); !good)
      return done(std::unexpected(std::move(good.error())));
  auto& table = tables_[number(process)];
  if (!table) table = std::make_shared<Table>();
  if (table->files.size() + table->on_their_way >= max_open_files)
    return done(fail(Status::out_of_resources,
                     std::format("The process has {} files open, which is the limit.", max_open_files)));
  ++table->on_their_way;
  // The table is gone when the process has ended meanwhile.
  worker_.run([&drives = drives_, where = *where, how = *how] { return drives.open(where, how); },
              [this, held = std::weak_ptr(table), drive = where->drive_text(),
               done = std::move(done)](Result<FileId> opened) mutable {
                const auto open_table = held.lock();
                if (open_table) --open_table->on_their_way;
                if (!opened) return done(std::unexpected(std::move(opened.error())));
                if (!open_table) {
                  close_on_worker(*opened);
                  return done(fail(Status::cancelled, "The process has ended."));
                }
                do {
                  ++open_table->last;
                } while (open_table->last == 0 || open_table->files.contains(open_table->last));
                open_table->files.emplace(open_table->last, Handle{.id = *opened, .drive = std::move(drive)});
                done(open_table->last);
              });
}

void OpenFiles::read(ProcessId process, std::uint16_t file, std::uint64_t offset, std::uint64_t length,
                     Done<std::string> done) {
  const auto id = file_of(process, file, FileAccess::read);
  if (!id) return done(std::unexpected(id.error()));
  worker_.run([&drives = drives_, id = *id, offset, length] { return drives.read(id, offset, length); },
              std::move(done));
}

void OpenFiles::write(ProcessId process, std::uint16_t file, std::uint64_t offset, std::string bytes,
                      bool append, Done<void> done) {
  const auto id = file_of(process, file, FileAccess::write);
  if (!id) return done(std::unexpected(id.error()));
  worker_.run(
      [&drives = drives_, id = *id, offset, append, bytes = std::move(bytes)] {
        return append ? drives.append(id, bytes) : drives.write(id, offset, bytes);
      },
      std::move(done));
}

void OpenFiles::resize(ProcessId process, std::uint16_t file, std::uint64_t size, Done<void> done) {
  const auto id = file_of(process, file, FileAccess::write);
  if (!id) return done(std::unexpected(id.error()));
  worker_.run([&drives = drives_, id = *id, size] { return drives.resize(id, size); }, std::move(done));
}

void OpenFiles::stat(ProcessId process, std::uint16_t file, Done<FileStat> done) {
  const auto id = file_of(process, file, FileAccess::read);
  // Who may only write may know how long it is.
  const auto known = id ? id : file_of(process, file, FileAccess::write);
  if (!known) return done(std::unexpected(id.error()));
  worker_.run([&drives = drives_, id = *known] { return drives.stat(id); }, std::move(done));
}

void OpenFiles::list(ProcessId process, std::uint16_t directory, Done<std::vector<FileEntry>> done) {
  const auto id = file_of(process, directory, FileAccess::read);
  if (!id) return done(std::unexpected(id.error()));
  worker_.run([&drives = drives_, id = *id] { return drives.list(id); }, std::move(done));
}

Result<void> OpenFiles::close(ProcessId process, std::uint16_t file) {
  const auto table = tables_.find(number(process));
  if (table != tables_.end()) {
    if (const auto found = table->second->files.find(file); found != table->second->files.end()) {
      close_on_worker(found->second.id);
      table->second->files.erase(found);
      return {};
    }
  }
  return fail(Status::not_found, std::format("The process has no open file {}.", file));
}

void OpenFiles::make_directory(ProcessId process, std::string_view path, Done<void> done) {
  const auto where = place(process, path, FileAccess::write);
  if (!where) return done(std::unexpected(where.error()));
  worker_.run([&drives = drives_, where = *where] { return drives.make_directory(where); }, std::move(done));
}

void OpenFiles::remove(ProcessId process, std::string_view path, Done<void> done) {
  const auto where = place(process, path, FileAccess::write);
  if (!where) return done(std::unexpected(where.error()));
  worker_.run([&drives = drives_, where = *where] { return drives.remove(where); }, std::move(done));
}

void OpenFiles::rename(ProcessId process, std::string_view from, std::string_view to, Done<void> done) {
  const auto old_place = place(process, from, FileAccess::write);
  if (!old_place) return done(std::unexpected(old_place.error()));
  const auto new_place = place(process, to, FileAccess::write);
  if (!new_place) return done(std::unexpected(new_place.error()));
  worker_.run([&drives = drives_, old_place = *old_place,
               new_place = *new_place] { return drives.rename(old_place, new_place); },
              std::move(done));
}

void OpenFiles::ended(ProcessId process) {
  const auto table = tables_.find(number(process));
  if (table == tables_.end()) return;
  for (const auto& [file, handle] : table->second->files) close_on_worker(handle.id);
  tables_.erase(table);
}

std::size_t OpenFiles::count(ProcessId process) const {
  const auto table = tables_.find(number(process));
  return table == tables_.end() ? 0 : table->second->files.size();
}

}  // namespace celeriac::vm
