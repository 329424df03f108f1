#include "vm/services/file_service.hpp"

#include <utility>

namespace celeriac::vm {

using protocol::Arguments;
using protocol::Capability;
using protocol::Json;
using protocol::Request;
using protocol::Responder;
using protocol::Result;
using namespace protocol::literals;

namespace {

const char* name_of(FileKind kind) {
  return kind == FileKind::file ? "file" : "directory";
}

std::uint16_t file_of(const Arguments& arguments) {
  return static_cast<std::uint16_t>(arguments.integer("file"));
}
std::uint64_t bytes_of(const Arguments& arguments, const char* field) {
  return static_cast<std::uint64_t>(arguments.integer(field));
}

/// Answers with ok, or with what went wrong.
auto plainly(Responder responder, std::uint16_t value = 0) {
  return [held = std::move(responder), value](Result<void> done) mutable {
    if (done)
      held.ok(value);
    else
      held.fail(done.error());
  };
}

/// Answers with the bytes as slices.
void send_bytes(Responder& responder, std::string bytes) {
  const auto slices = (bytes.size() + protocol::max_slice - 1) / protocol::max_slice;
  responder.forward({.value = static_cast<std::uint16_t>(slices), .data = std::move(bytes)});
}

struct Service {
  OpenFiles& files;

  void open(ProcessId process, const Arguments& arguments, Responder responder) const {
    const auto flags = arguments.has("flags") ? arguments.value("flags").get<std::vector<std::string>>()
                                              : std::vector<std::string>();
    files.open(process, arguments.string("path"), flags,
               [held = std::move(responder)](Result<std::uint16_t> file) mutable {
                 if (file)
                   held.ok(*file);
                 else
                   held.fail(file.error());
               });
  }
  void read(ProcessId process, const Arguments& arguments, Responder responder) const {
    const auto length = bytes_of(arguments, "length");
    files.read(process, file_of(arguments), bytes_of(arguments, "offset"),
               length == 0 ? max_file_read : length,
               [held = std::move(responder)](Result<std::string> bytes) mutable {
                 if (bytes)
                   send_bytes(held, std::move(*bytes));
                 else
                   held.fail(bytes.error());
               });
  }
  void write(ProcessId process, const Arguments& arguments, Responder responder) const {
    const auto& data = arguments.value("data").get_binary();
    files.write(process, file_of(arguments), bytes_of(arguments, "offset"), {data.begin(), data.end()},
                arguments.number("append") != 0,
                plainly(std::move(responder), static_cast<std::uint16_t>(data.size())));
  }
  void stat(ProcessId process, const Arguments& arguments, Responder responder) const {
    files.stat(process, file_of(arguments), [held = std::move(responder)](Result<FileStat> stat) mutable {
      if (stat)
        held.document({{"kind", name_of(stat->kind)}, {"size", stat->size}, {"modified", stat->modified}});
      else
        held.fail(stat.error());
    });
  }
  void list(ProcessId process, const Arguments& arguments, Responder responder) const {
    files.list(
        process, file_of(arguments),
        [held = std::move(responder)](Result<std::vector<FileEntry>> entries) mutable {
          if (!entries) return held.fail(entries.error());
          auto list = Json::array();
          for (const auto& entry : *entries)
            list.push_back({{"name", entry.name}, {"kind", name_of(entry.kind)}, {"size", entry.size}});
          held.document({{"entries", std::move(list)}});
        });
  }
  void resize(ProcessId process, const Arguments& arguments, Responder responder) const {
    files.resize(process, file_of(arguments), bytes_of(arguments, "size"), plainly(std::move(responder)));
  }
  void close(ProcessId process, const Arguments& arguments, Responder responder) const {
    plainly(std::move(responder))(files.close(process, file_of(arguments)));
  }
  void make_directory(ProcessId process, const Arguments& arguments, Responder responder) const {
    files.make_directory(process, arguments.string("path"), plainly(std::move(responder)));
  }
  void remove(ProcessId process, const Arguments& arguments, Responder responder) const {
    files.remove(process, arguments.string("path"), plainly(std::move(responder)));
  }
  void rename(ProcessId process, const Arguments& arguments, Responder responder) const {
    files.rename(process, arguments.string("path"), arguments.string("to"), plainly(std::move(responder)));
  }
};

using Serve = void (Service::*)(ProcessId, const Arguments&, Responder) const;
constexpr std::pair<const char*, Serve> served[] = {
    {"FILE.OPEN", &Service::open},     {"FILE.READ", &Service::read},
    {"FILE.WRITE", &Service::write},   {"FILE.STAT", &Service::stat},
    {"FILE.LIST", &Service::list},     {"FILE.RESIZE", &Service::resize},
    {"FILE.CLOSE", &Service::close},   {"FILE.MAKE_DIRECTORY", &Service::make_directory},
    {"FILE.REMOVE", &Service::remove}, {"FILE.RENAME", &Service::rename},
};

/// The drive that a capability of the service is about; "" if it is about none.
std::string drive_of(const std::string& params) {
  const auto right = Json::parse(params, nullptr, false);
  return right.is_object() && right.contains("drive") && right["drive"].is_string()
             ? right["drive"].get<std::string>()
             : std::string();
}

}  // namespace

FileService::FileService(Worker& worker, Kernel& kernel, Drives& drives)
    : worker_(worker),
      kernel_(kernel),
      drives_(drives),
      vfs_(drives_, [this] { return std::uint64_t{random_()} << 32 | random_(); }),
      files_(worker, drives, [this](ProcessId process, const std::string& drive, FileAccess access) {
        return may(process, drive, access);
      }) {
  kernel_.offer(system_name("vfs"), "/sys/files", *this);
}

bool FileService::may(ProcessId process, const std::string& drive, FileAccess access) const {
  const KernelProcess* asker = kernel_.find(process);
  if (asker == nullptr) return false;
  if (asker->spec.kind == ProcessKind::client) return true;
  return asker->capabilities.any_of(issuer(), [&](const Json& params) {
    return params.is_object() && params.value("drive", Json()) == drive &&
           params.value("kind", Json()) == (access == FileAccess::read ? "read" : "write");
  });
}

void FileService::install(protocol::Dispatcher& dispatcher, const ProcessOf& process_of) {
  for (const auto& [long_name, serve] : served)
    dispatcher.on(*protocol::find_operation(long_name),
                  [service = Service{files_}, serve, process_of](Request& request, Responder responder) {
                    const auto process = process_of(request);
                    if (!process) return responder.fail(process.error());
                    (service.*serve)((*process)->id, request.arguments, std::move(responder));
                  });
}

void FileService::ended(const KernelProcess& process) {
  files_.ended(process.id);
  worker_.run(
      [this, name = process.spec.name.text()] {
        vfs_.ended(name);
        return 0;
      },
      [](int) {});
}

void FileService::revoked(const ProcessName& process, const Capability& capability) {
  const auto drive = drive_of(capability.params);
  if (capability.issuer != issuer() || drive.empty()) return;
  worker_.run(
      [this, name = process.text(), drive] {
        vfs_.revoked(name, drive);
        return 0;
      },
      [](int) {});
}

void FileService::receive(NativeCall call) {
  if (call.sender == nullptr)
    return call.answer(protocol::fail(protocol::Status::denied, "Files are for processes of this node."));
  VfsCall asked{.source = call.sender->spec.name.text(), .body = call.message->content.body};
  const auto of_ours = [&](const std::vector<Capability>& capabilities) {
    for (const auto& capability : capabilities)
      if (capability.issuer == issuer()) asked.rights.push_back(capability.params);
  };
  of_ours(call.message->content.capabilities);
  of_ours(call.sender->capabilities.list());
  if (call.message->blob) asked.blob = call.message->blob->blob;
  worker_.run([this, asked = std::move(asked)] { return vfs_.serve(asked); },
              [this, asker = call.sender->spec.name, respond = std::move(call.answer)](
                  VfsReply reply) mutable { answer(std::move(reply), asker, std::move(respond)); });
}

void FileService::answer(VfsReply reply, const ProcessName& asker,
                         std::move_only_function<void(Result<NativeReply>)> respond) {
  if (KernelProcess* process = kernel_.find(asker))
    for (const auto& params : reply.granted) kernel_.grant(*process, {issuer(), params});
  NativeReply made;
  made.content.body = std::move(reply.body);
  for (auto& params : reply.attached) made.content.capabilities.push_back({issuer(), std::move(params)});
  if (reply.blob)
    made.blob = BlobRef{.blob = std::make_shared<const Blob>(std::move(*reply.blob)), .mime = std::nullopt};
  respond(std::move(made));
}

}  // namespace celeriac::vm
