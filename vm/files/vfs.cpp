// Who asks, for what, and whether it may; what is then done is in vfs_actions.cpp.

#include "vm/files/vfs.hpp"

#include <algorithm>
#include <format>

#include "protocol/document.hpp"

namespace celeriac::vm {

using nlohmann::json;
using protocol::Error;
using protocol::fail;
using protocol::Result;
using protocol::Status;

namespace {

constexpr const char* no_capability = "no_capability";

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// The JSON of an error, in Kinode's words.
json error_json(const Error& error, std::string_view action, std::string_view path) {
  if (error.code == no_capability) return {{"Err", {{"NoCap", {{"action", action}, {"path", path}}}}}};
  switch (error.status) {
    case Status::not_found:
      return {{"Err", {{"NotFound", {{"path", path}}}}}};
    case Status::malformed:
      return {{"Err", {{"BadRequest", {{"error", error.message}}}}}};
    default:
      return {{"Err", {{"IOError", {{"error", error.message}, {"path", path}}}}}};
  }
}

}  // namespace

bool Vfs::holds(const VfsCall& call, std::string_view kind, std::string_view what, std::string_view value) {
  return std::ranges::any_of(call.rights, [&](const std::string& params) {
    const auto right = json::parse(params, nullptr, false);
    return right.is_object() && right.value("kind", json()) == kind &&
           right.value(std::string(what), json()) == value;
  });
}

Result<void> Vfs::need(const Request& request, std::string_view kind, const DrivePath& path) {
  if (holds(request.call, kind, "drive", path.drive_text())) return {};
  return std::unexpected(Error{
      .status = Status::denied,
      .message = std::format("{} may not {} the drive {}: it holds no capability for it.",
                             request.call.source, kind == "read" ? "read" : "change", path.drive_text()),
      .code = no_capability});
}

/// An open file that is named by its id is good for whoever holds the half of it that is needed.
Result<void> Vfs::need_file(const Request& request, std::string_view kind) const {
  if (request.file.empty()) return need(request, kind, request.path);
  if (holds(request.call, kind, "file", request.file)) return {};
  const auto file = files_.find(request.file);
  if (file != files_.end() && file->second.owner == request.call.source)
    return need(request, kind, request.path);
  return std::unexpected(
      Error{.status = Status::denied,
            .message = std::format("{} holds no capability to {} this file.", request.call.source, kind),
            .code = no_capability});
}

Result<Vfs::Request> Vfs::read(const VfsCall& call) {
  if (call.body.size() > max_vfs_request) return fail(Status::malformed, "The request is too long.");
  const auto body = json::parse(call.body, nullptr, false);
  if (!body.is_object() || !body.contains("action"))
    return fail(Status::malformed, R"(A request is {"path": …, "action": …}.)");
  Request made{.call = call, .action = {}, .parameters = nullptr, .path = {}, .file = {}, .reply = {}};
  const json& action = body["action"];
  if (action.is_string()) {
    made.action = action.get<std::string>();
  } else if (action.is_object() && action.size() == 1) {
    made.action = action.begin().key();
    made.parameters = action.begin().value();
  }
  if (const auto file = body.find("file"); file != body.end() && file->is_string()) {
    made.file = file->get<std::string>();
    const auto found = files_.find(made.file);
    if (found == files_.end()) return fail(Status::not_found, "This file is not open, or not any more.");
    made.path = found->second.path;
    return made;
  }
  const auto path = body.find("path");
  if (path == body.end() || !path->is_string()) return fail(Status::malformed, "The request has no path.");
  auto text = path->get<std::string>();
  if (!text.starts_with('/')) text.insert(0, "/");  // Kinode takes both
  auto parsed = DrivePath::parse(text);
  if (!parsed) return std::unexpected(std::move(parsed.error()));
  made.path = std::move(*parsed);
  return made;
}

VfsReply Vfs::serve(const VfsCall& call) {
  auto request = read(call);
  if (!request) return {.body = dump(error_json(request.error(), "", ""))};
  const auto row = std::ranges::find(rows(), request->action, &Row::action);
  const auto served = row != rows().end() ? (this->*row->serve)(*request)
                                          : fail(Status::malformed,
                                                 std::format("There is no action \"{}\".", request->action));
  if (served) return std::move(request->reply);
  return {.body = dump(error_json(served.error(), request->action, request->path.text()))};
}

void Vfs::answer(Request& request, const json& body) {
  request.reply.body = dump(body);
}

Result<std::string_view> Vfs::bytes_of(const Request& request) {
  if (request.call.blob == nullptr)
    return fail(Status::malformed,
                std::format("{} takes the bytes from the blob, and there is none.", request.action));
  return std::string_view(request.call.blob->bytes);
}

// ---- open files ----------------------------------------------------------------------------------

Vfs::File* Vfs::find_open(const Request& request) {
  for (auto& [id, file] : files_)
    if (request.file.empty() ? file.owner == request.call.source && file.path.text() == request.path.text()
                             : id == request.file)
      return &file;
  return nullptr;
}

/// Keeps a file open for the source, and gives out the halves of it.
Result<void> Vfs::keep(Request& request, FileId id, OpenFlags flags) {
  std::string name;
  do {
    name = std::format("{:016x}", random_());
  } while (files_.contains(name));
  files_.emplace(name, File{.id = id, .owner = request.call.source, .path = request.path, .flags = flags});
  for (const auto& [kind, given] : {std::pair("read", flags.read), {"write", flags.write}})
    if (given) request.reply.attached.push_back(dump({{"kind", kind}, {"file", name}}));
  answer(request, "Ok");
  return {};
}

void Vfs::forget(const std::string& id) {
  const auto found = files_.find(id);
  if (found == files_.end()) return;
  drives_.close(found->second.id);
  files_.erase(found);
}

void Vfs::ended(std::string_view source) {
  revoked(source, {});
}

void Vfs::revoked(std::string_view source, std::string_view drive) {
  std::vector<std::string> closed;
  for (const auto& [id, file] : files_)
    if (file.owner == source && (drive.empty() || file.path.drive_text() == drive)) closed.push_back(id);
  for (const auto& id : closed) forget(id);
}

/// Does something to the file: as it is open, or opened for this alone.
Result<void> Vfs::with_file(Request& request, OpenFlags flags, const Use& use) {
  for (const auto& [kind, wanted] : {std::pair("read", flags.read), {"write", flags.changes()}})
    if (wanted)
      if (auto good = need_file(request, kind); !good) return good;
  File* present = find_open(request);
  if (present != nullptr && !flags.truncate && (!flags.read || present->flags.read) &&
      (!flags.write || present->flags.write))
    return use(*present);
  if (!request.file.empty())
    return fail(Status::denied, std::format("{} was not opened for it.", request.path.text()));
  const auto opened = drives_.open(request.path, flags);
  if (!opened) return std::unexpected(opened.error());
  File file{.id = *opened, .owner = request.call.source, .path = request.path, .flags = flags};
  auto done = use(file);
  drives_.close(*opened);
  return done;
}

Result<std::string> Vfs::read_range(FileId file, std::uint64_t from, std::uint64_t length) {
  const auto stat = drives_.stat(file);
  if (!stat) return std::unexpected(stat.error());
  length = from >= stat->size ? 0 : std::min(length, stat->size - from);
  std::string bytes;
  while (bytes.size() < length) {
    const auto part = drives_.read(file, from + bytes.size(), length - bytes.size());
    if (!part) return std::unexpected(part.error());
    if (part->empty()) break;
    bytes += *part;
  }
  return bytes;
}

}  // namespace celeriac::vm
