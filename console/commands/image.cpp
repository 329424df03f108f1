// image: the namespace of objects, and the file that everything of the VM is in.

#include <CLI/App.hpp>
#include <filesystem>
#include <format>
#include <fstream>
#include <iterator>
#include <memory>

#include "console/blob_upload.hpp"
#include "console/commands/declarations.hpp"
#include "console/process_status.hpp"
#include "console/text.hpp"

namespace celeriac::console {
namespace asio = boost::asio;
using namespace protocol::literals;
using protocol::Json;
using protocol::Result;
using protocol::Status;

namespace {

/// Bytes of a module that is sent.
constexpr std::size_t max_module_bytes = std::size_t{64} << 20;
/// Where modules from files go, as the objects' own world has it.
constexpr std::string_view module_directory = "/othismo/modules/";

struct Import {
  std::string file, path;
};
struct Instance {
  std::string module, path, abi;
};

asio::awaitable<Exit> list(Context& context, const std::string& prefix) {
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  const Json fields = prefix.empty() ? Json::object() : Json{{"prefix", prefix}};
  const auto answer = co_await (*client)->ask("IMAGE.LIST"_op, fields);
  if (!answer) co_return context.failed(answer.error());
  std::vector<std::vector<std::string>> rows{{"PATH", "KIND", "SIZE", "OF"}};
  for (const Json& object : answer->value("objects", Json::array())) {
    const Json size = object.value("bytes", Json());
    rows.push_back({printable(text_of(object, "path")), printable(text_of(object, "kind")),
                    size.is_number() ? bytes(size.get<double>()) : "-",
                    printable(text_of(object, "module"))});
  }
  co_return context.done(*answer, rows.size() > 1 ? table(rows) : "there is nothing in the namespace");
}

Result<std::string> read_module(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  std::ifstream file(path, std::ios::binary);
  if (error || !file)
    return protocol::fail(Status::malformed, std::format("Cannot read {}{}{}.", path, error ? ": " : "",
                                                         error ? error.message() : ""));
  if (size > max_module_bytes)
    return protocol::fail(Status::malformed,
                          std::format("{} is larger than {} MiB.", path, max_module_bytes >> 20));
  return std::string(std::istreambuf_iterator<char>(file), {});
}

/// /othismo/modules/ and the relative path without its extension.
std::string module_path(const std::string& file) {
  std::filesystem::path path = std::filesystem::path(file).lexically_normal();
  if (path.is_absolute() || path.begin()->string() == "..") path = path.filename();
  return std::string(module_directory) + path.replace_extension().generic_string();
}

asio::awaitable<Exit> import(Context& context, const Import& job) {
  const auto module = read_module(job.file);
  if (!module) co_return context.failed(module.error());
  const std::string path = job.path.empty() ? module_path(job.file) : job.path;
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  const auto upload = co_await upload_blob(**client, *module);
  if (!upload) co_return context.failed(upload.error());
  const Json fields{{"id", upload->process}, {"blob", upload->blob}, {"path", path}};
  const auto done = co_await (*client)->call("IMAGE.IMPORT"_op, fields);
  if (!done) co_return context.failed(done.error());
  co_return context.done({{"path", path}, {"bytes", module->size()}},
                         std::format("{} is in the image", printable(path)));
}

asio::awaitable<Exit> instantiate(Context& context, const Instance& job) {
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  Json fields{{"module", job.module}, {"path", job.path}};
  if (!job.abi.empty()) fields["abi"] = job.abi;
  const auto done = co_await (*client)->call("IMAGE.INSTANTIATE"_op, fields);
  if (!done) co_return context.failed(done.error());
  co_return context.done({{"path", job.path}, {"process", done->value}},
                         std::format("{} runs, as process {}", printable(job.path), done->value));
}

asio::awaitable<Exit> remove_objects(Context& context, const std::vector<std::string>& paths) {
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  std::string text;
  for (const auto& path : paths) {
    const Json fields{{"path", path}};
    const auto done = co_await (*client)->call("IMAGE.REMOVE"_op, fields);
    if (!done) {
      if (!text.empty()) context.line(text);
      co_return context.failed(done.error());
    }
    text += std::format("{} is removed\n", printable(path));
  }
  co_return context.done({{"removed", paths}}, text);
}

asio::awaitable<Exit> export_image(Context& context, const std::string& file) {
  // The host writes it: a relative path would be one of its own.
  const std::string path = context.remote() ? file : std::filesystem::absolute(file).string();
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  const Json fields{{"file", path}};
  const auto done = co_await (*client)->call("IMAGE.EXPORT"_op, fields);
  if (!done) co_return context.failed(done.error());
  co_return context.done({{"file", path}}, std::format("the whole image is in {}", printable(path)));
}

asio::awaitable<Exit> check(Context& context) {
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  const auto answer = co_await (*client)->ask("IMAGE.CHECK"_op);
  if (!answer) co_return context.failed(answer.error());
  const bool whole = answer->value("whole", Json()) == true;
  const auto number = [&](const char* field) {
    const Json value = answer->value(field, Json());
    return bytes(value.is_number() ? value.get<double>() : 0);
  };
  std::string text = whole ? std::format("the image is whole: {}, of which {} are free", number("bytes"),
                                         number("free_bytes"))
                           : "the image is damaged";
  for (const Json& finding : answer->value("findings", Json::array()))
    if (finding.is_string()) text += "\n  " + printable(finding.get<std::string>());
  context.done(*answer, text);
  co_return whole ? Exit::done : Exit::failed;
}

asio::awaitable<Exit> compact(Context& context) {
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  const auto answer = co_await (*client)->ask("IMAGE.COMPACT"_op);
  if (!answer) co_return context.failed(answer.error());
  const auto number = [&](const char* field) {
    const Json value = answer->value(field, Json());
    return value.is_number() ? value.get<double>() : 0;
  };
  co_return context.done(*answer,
                         std::format("{} before, {} now", bytes(number("before")), bytes(number("after"))));
}

}  // namespace

Action declare_image_ls(CLI::App& app) {
  auto prefix = std::make_shared<std::string>();
  app.add_option("prefix", *prefix, "Only paths that begin with this")->type_name("PREFIX");
  return [prefix](Context& context) { return list(context, *prefix); };
}

Action declare_image_import(CLI::App& app) {
  auto job = std::make_shared<Import>();
  app.add_option("file", job->file, "A Wasm module or component")->type_name("FILE")->required();
  app.add_option("path", job->path, "Where it goes; /othismo/modules/NAME if absent")->type_name("PATH");
  return [job](Context& context) { return import(context, *job); };
}

Action declare_image_instantiate(CLI::App& app) {
  auto job = std::make_shared<Instance>();
  app.add_option("module", job->module, "Path of the module")->type_name("MODULE")->required();
  app.add_option("path", job->path, "Path of the new object")->type_name("PATH")->required();
  app.add_option("--abi", job->abi, "othismo/1 or othismo/3, where the module does not tell")
      ->type_name("ABI");
  return [job](Context& context) { return instantiate(context, *job); };
}

Action declare_image_rm(CLI::App& app) {
  auto paths = std::make_shared<std::vector<std::string>>();
  app.add_option("path", *paths, "Paths of objects, or of modules that have none")
      ->type_name("PATH")
      ->required();
  return [paths](Context& context) { return remove_objects(context, *paths); };
}

Action declare_image_export(CLI::App& app) {
  auto file = std::make_shared<std::string>();
  app.add_option("file", *file, "The new file, on the host")->type_name("FILE")->required();
  return [file](Context& context) { return export_image(context, *file); };
}

Action declare_image_check(CLI::App&) {
  return [](Context& context) { return check(context); };
}

Action declare_image_compact(CLI::App&) {
  return [](Context& context) { return compact(context); };
}

}  // namespace celeriac::console
