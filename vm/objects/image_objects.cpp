#include "vm/objects/image_objects.hpp"

#include <algorithm>
#include <format>

#include "protocol/othismo.hpp"
#include "vm/packages/digest.hpp"

namespace celeriac::vm {

using protocol::Error;
using protocol::fail;
using protocol::Json;
using protocol::Result;
using protocol::Status;

namespace {

std::unexpected<Error> coded(Status status, const char* code, std::string message) {
  return std::unexpected(Error{.status = status, .message = std::move(message), .code = code});
}

/// The fields of a request that are texts; "" where they are absent.
std::string text(const Json& arguments, const char* field) {
  return arguments.is_object() && arguments.contains(field) && arguments[field].is_string()
             ? arguments[field].get<std::string>()
             : "";
}

}  // namespace

std::string module_path(std::string_view file) {
  if (file.ends_with(".wasm")) file.remove_suffix(5);
  while (file.starts_with("./")) file.remove_prefix(2);
  while (file.starts_with("/")) file.remove_prefix(1);
  return "/othismo/modules/" + std::string(file);
}

ImageObjects::ImageObjects(GuestHost& host) : host_(host), kernel_(host.kernel()) {
  kernel_.offer(name_of_path("/othismo"), "/othismo", *this);
  kernel_.offer(name_of_path("/"), "/", *this);
}

bool ImageObjects::is_object(std::string_view path) const {
  return modules_.contains(path) || kernel_.find_path(path) != nullptr;
}

void ImageObjects::receive(NativeCall call) {
  // `/` is a prefix of everything: what is for a path that nobody has is for nobody.
  const std::string& target = call.message->target_path;
  if (!target.empty() && target != "/" && target != "/othismo" && target != "/othismo/namespace")
    return call.answer(
        coded(Status::not_found, "object_does_not_exist", std::format("There is no {}.", target)));
  auto spoken = read_spoken(*call.message);
  if (!spoken) return call.answer(std::unexpected(std::move(spoken.error())));
  asked(*call.message, *spoken,
        [message = call.message, spoken = *spoken,
         answer = std::move(call.answer)](Result<Json> result) mutable {
          if (!result) return answer(std::unexpected(std::move(result.error())));
          answer(answer_spoken(*message, spoken, *result));
        });
}

void ImageObjects::asked(const Message& message, const Spoken& spoken, Done done) {
  const KernelProcess* sender = kernel_.find(message.source.id);
  const bool is_client = sender != nullptr && sender->spec.kind == ProcessKind::client;
  // The documents have both spellings: othismo.namespace.list and othismo.list.
  const std::string what = spoken.name.substr(spoken.name.rfind('.') + 1);
  if (what == "list")
    return list(text(spoken.arguments, "prefix"), [done = std::move(done)](Result<Json> listed) mutable {
      if (!listed) return done(std::move(listed));
      Json paths = Json::array();
      for (const Json& object : (*listed)["objects"]) paths.push_back(object["path"]);
      done(std::move(paths));
    });
  if (what == "make_path") return make_path(text(spoken.arguments, "path"), std::move(done));
  if (what == "instantiate")
    return instantiate(text(spoken.arguments, "module"), text(spoken.arguments, "name"), "",
                       [done = std::move(done)](Result<Json> made) mutable {
                         done(made.transform([](const Json&) { return Json::object(); }));
                       });
  if (what == "import") {
    if (!is_client || !spoken.arguments.contains("bytes") || !spoken.arguments["bytes"].is_binary())
      return done(coded(Status::denied, "not_permitted",
                        "Modules are imported by `celeriac image import`, and by nobody else."));
    const auto& bytes = spoken.arguments["bytes"].get_binary();
    std::string path = text(spoken.arguments, "name");
    if (path.empty()) path = module_path(text(spoken.arguments, "file"));
    return import(std::move(path), {bytes.begin(), bytes.end()}, std::move(done));
  }
  done(coded(Status::unknown_operation, "unknown_message",
             std::format("The namespace knows no message {}.", spoken.name)));
}

void ImageObjects::import(std::string path, std::string bytes, Done done) {
  if (auto good = protocol::check_path(path); !good) return done(std::unexpected(std::move(good.error())));
  if (bytes.size() > max_module_import)
    return done(coded(Status::out_of_resources, "too_large",
                      std::format("A module has at most {} bytes.", max_module_import)));
  if (!bytes.starts_with(std::string_view("\0asm", 4)))
    return done(coded(Status::invalid_code, "unsupported_module_definition",
                      "This is no WebAssembly module: it does not begin as one does."));
  if (kernel_.find_path(path) != nullptr || directories_.contains(path))
    return done(coded(Status::wrong_state, "object_already_exists",
                      std::format("There is something at {} already.", path)));
  const std::string sha256 = sha256_hex(bytes);
  host_.disk().run([this, path, sha256,
                    bytes = std::move(bytes)] { return host_.store().put_object(path, sha256, bytes); },
                   [this, path, done = std::move(done)](Result<void> put) mutable {
                     if (put) modules_.insert(path);
                     done(put.transform([] { return Json::object(); }));
                   });
}

void ImageObjects::instantiate(std::string module, std::string path, std::string abi, Done done) {
  if (auto good = protocol::check_path(path); !good) return done(std::unexpected(std::move(good.error())));
  if (is_object(path) || directories_.contains(path))
    return done(coded(Status::wrong_state, "object_already_exists",
                      std::format("There is something at {} already.", path)));
  host_.disk().run([this, module] { return host_.store().object(module); },
                   [this, module, path, abi,
                    done = std::move(done)](const Result<std::optional<std::string>>& sha256) mutable {
                     if (!sha256) return done(std::unexpected(sha256.error()));
                     if (!*sha256)
                       return done(coded(Status::not_found, "object_does_not_exist",
                                         std::format("There is no module at {}.", module)));
                     auto made = kernel_.initialise({.name = name_of_path(path),
                                                     .path = path,
                                                     .module = **sha256,
                                                     .abi = abi,
                                                     .durable = true,
                                                     .configuration = {{"object", module}}});
                     if (!made) return done(std::unexpected(std::move(made.error())));
                     kernel_.run((*made)->id,
                                 [this, id = (*made)->id, done = std::move(done)](Result<void> ran) mutable {
                                   if (ran) return done(Json{{"process", number(id)}});
                                   // What cannot be instantiated leaves nothing behind.
                                   kernel_.kill(id, [](const Result<void>&) {});
                                   done(std::unexpected(std::move(ran.error())));
                                 });
                   });
}

void ImageObjects::remove(std::string path, Done done) {
  if (const KernelProcess* process = kernel_.find_path(path)) {
    if (!process->spec.durable)
      return done(fail(Status::denied, std::format("{} is no object of the image.", path)));
    const std::string name = process->spec.name.text();
    return kernel_.kill(process->id, [this, name, done = std::move(done)](const Result<void>&) mutable {
      host_.disk().run([this, name] { return host_.store().purge_process(name); },
                       [done = std::move(done)](Result<void> purged) mutable {
                         done(purged.transform([] { return Json::object(); }));
                       });
    });
  }
  std::size_t instances = 0;
  kernel_.each([&](const KernelProcess& process) {
    if (process.spec.configuration.value("object", "") == path) ++instances;
  });
  if (instances != 0)
    return done(coded(Status::wrong_state, "object_not_free",
                      std::format("{} objects are instances of {}: remove them first.", instances, path)));
  host_.disk().run(
      [this, path]() -> Result<void> {
        auto there = host_.store().object(path);
        if (!there) return std::unexpected(std::move(there.error()));
        if (!*there)
          return coded(Status::not_found, "object_does_not_exist",
                       std::format("There is nothing at {}.", path));
        return host_.store().remove_object(path);
      },
      [this, path, done = std::move(done)](Result<void> removed) mutable {
        if (removed) modules_.erase(path);
        done(removed.transform([] { return Json::object(); }));
      });
}

void ImageObjects::list(std::string prefix, Done done) {
  host_.disk().run(
      [this] { return host_.store().objects(); },
      [this, prefix, done = std::move(done)](const Result<std::vector<StoredObject>>& modules) mutable {
        if (!modules) return done(std::unexpected(modules.error()));
        std::map<std::string, Json> found;
        for (const StoredObject& module : *modules) {
          modules_.insert(module.path);
          found[module.path] = {
              {"path", module.path}, {"kind", "module"}, {"bytes", module.bytes}, {"module", module.sha256}};
        }
        kernel_.each([&](const KernelProcess& process) {
          found[process.path] = {{"path", process.path},
                                 {"kind", process.spec.durable                       ? "instance"
                                          : process.spec.kind == ProcessKind::client ? "client"
                                                                                     : "process"},
                                 {"module", process.spec.module},
                                 {"process", process.spec.name.text()}};
        });
        for (const std::string& path : kernel_.native_paths())
          found.try_emplace(path, Json{{"path", path}, {"kind", "system"}});
        for (const std::string& path : directories_)
          found.try_emplace(path, Json{{"path", path}, {"kind", "directory"}});
        Json objects = Json::array();
        for (auto& [path, object] : found)
          if (path.starts_with(prefix)) objects.push_back(std::move(object));
        done(Json{{"objects", std::move(objects)}});
      });
}

void ImageObjects::make_path(std::string path, Done done) {
  if (auto good = protocol::check_path(path); !good) return done(std::unexpected(std::move(good.error())));
  std::vector<std::string> wanted;
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    wanted.push_back(path.substr(0, end));
    if (is_object(wanted.back()))
      return done(coded(Status::wrong_state, "path_conflict",
                        std::format("{} is an object, and no directory.", wanted.back())));
    if (end == path.npos) break;
  }
  if (directories_.size() + wanted.size() > max_directories)
    return done(
        fail(Status::overloaded, std::format("There are {} directories already.", directories_.size())));
  for (auto& directory : wanted) directories_.insert(std::move(directory));
  done(Json::object());
}

}  // namespace celeriac::vm
