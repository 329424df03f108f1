// check, compile: work on files, without a host. code list|show|rm: the store of the VM.

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <format>
#include <fstream>
#include <memory>
#include <ostream>
#include <vector>

#include "celeryscript/checker.hpp"
#include "celeryscript/compiler.hpp"
#include "celeryscript/diagnostic.hpp"
#include "console/commands/declarations.hpp"
#include "console/commands/finished.hpp"
#include "console/commands/perform.hpp"
#include "console/process_status.hpp"
#include "console/source_file.hpp"
#include "console/text.hpp"
#include "console/upload.hpp"
#include "wasm/wat.hpp"

namespace celeriac::console {
namespace asio = boost::asio;
using namespace protocol::literals;
using protocol::Error;
using protocol::Json;
using protocol::Result;
using protocol::Status;

namespace {

// ---- check ---------------------------------------------------------------------------------------

/// Checks one file: says what is wrong with it, and returns how bad that is.
Exit check_file(Context& context, const std::string& path) {
  auto source = read_source(path);
  if (!source) return context.failed(source.error());
  const auto parsed = celeryscript::read(std::move(*source));
  const auto& diagnostics = parsed.diagnostics;
  if (context.json()) {
    Json list = Json::array();
    for (const auto& diagnostic : diagnostics.list()) list.push_back(to_json(diagnostic));
    context.document({{"file", path},
                      {"ok", diagnostics.clean()},
                      {"errors", diagnostics.errors()},
                      {"diagnostics", std::move(list)}});
  } else {
    if (!diagnostics.list().empty())
      context.line(render(diagnostics, {.file = path, .colour = context.world().terminal.colour}));
    if (diagnostics.clean())
      context.line(std::format("{}: good", path));
    else
      context.note(
          std::format("{} has {} error{}", path, diagnostics.errors(), diagnostics.errors() == 1 ? "" : "s"));
  }
  return diagnostics.clean() ? Exit::done : Exit::refused;
}

Exit check(Context& context, const std::vector<std::string>& files) {
  Exit worst = Exit::done;
  for (const auto& file : files)
    if (const Exit one = check_file(context, file); one != Exit::done) worst = one;
  return worst;
}

// ---- compile -------------------------------------------------------------------------------------

struct Compile {
  std::string file;
  std::string output;
  bool wat = false;
};

Exit compile(Context& context, const Compile& job) {
  auto source = read_source(job.file);
  if (!source) return context.failed(source.error());
  const auto parsed = celeryscript::read(std::move(*source));
  if (!parsed.diagnostics.clean()) {
    if (context.json()) return context.failed(to_error(parsed.diagnostics));
    context.world().err << render(parsed.diagnostics,
                                  {.file = job.file, .colour = context.world().terminal.colour});
    return Exit::refused;
  }
  const auto program = celeryscript::compile(parsed.document);
  if (!program) return context.failed(program.error());

  std::string output(program->module.begin(), program->module.end());
  if (job.wat) {
    auto text = wasm::to_wat(program->module);
    if (!text) return context.failed(text.error());
    output = std::move(*text);
  }
  std::string place = job.output;
  if (place.empty() && !job.wat) place = std::filesystem::path(job.file).stem().string() + ".wasm";
  if (place.empty() || place == "-") {
    context.world().out << output << std::flush;
    return Exit::done;
  }
  std::ofstream file(place, std::ios::binary | std::ios::trunc);
  file << output << std::flush;
  if (!file)
    return context.failed(
        {.status = Status::failed,
         .message = std::format("Cannot write {}: is the directory there, and may you write "
                                "to it?",
                                place)});
  return context.done(
      {{"file", place},
       {"bytes", output.size()},
       {"steps", program->steps.size()},
       {"nodes", program->nodes.size()}},
      std::format("{}: {}, {} micro-steps of {} steps", place, bytes(static_cast<double>(output.size())),
                  program->steps.size(), program->body_nodes));
}

// ---- code list|show|rm ---------------------------------------------------------------------------

std::string code_table(const Json& codes) {
  std::vector<std::vector<std::string>> rows{{"ID", "NAME", "KIND", "SIZE", "SHA256", "CREATED"}};
  for (const auto& code : codes) {
    const std::string name = text_of(code, "name");
    rows.push_back({std::to_string(integer_of(code, "id")), name.empty() ? "-" : name, text_of(code, "kind"),
                    bytes(static_cast<double>(integer_of(code, "bytes"))),
                    text_of(code, "sha256").substr(0, 12),
                    time_of_day(code.is_object() ? code.value("created", Json()) : Json())});
  }
  return table(rows);
}

asio::awaitable<Exit> list_codes(Context& context) {
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  const auto answer = co_await (*client)->ask("CODE.LIST"_op);
  if (!answer) co_return context.failed(answer.error());
  const Json codes = answer->value("codes", Json::array());
  co_return context.done({{"codes", codes}}, codes.empty() ? "the store is empty" : code_table(codes));
}

struct Show {
  std::uint16_t id = 0;
  bool source = false;
};

asio::awaitable<Exit> show_code(Context& context, Show show) {
  const auto id = show.id;
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  if (show.source) {
    const auto source = co_await read_code(**client, id);
    if (!source) co_return context.failed(source.error());
    context.world().out << *source << (source->ends_with('\n') ? "" : "\n") << std::flush;
    co_return Exit::done;
  }
  const auto answer = co_await (*client)->ask("CODE.LIST"_op);
  if (!answer) co_return context.failed(answer.error());
  for (const auto& code : answer->value("codes", Json::array())) {
    if (integer_of(code, "id") != id) continue;
    std::string text;
    for (const auto& [name, value] : code.items())
      text += std::format("{:<10} {}\n", printable(name), brief(value));
    co_return context.done(code, text);
  }
  co_return context.failed(
      {.status = Status::not_found,
       .message = std::format("There is no code {}: `celeriac code list` shows which there are.", id)});
}

asio::awaitable<Exit> remove_codes(Context& context, const std::vector<std::uint16_t>& ids) {
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  std::string text;
  for (const auto id : ids) {
    const Json fields{{"id", id}};
    const auto reply = co_await (*client)->call("CODE.RM"_op, fields);
    if (!reply) co_return context.failed(reply.error());
    text += std::format("code {} is removed\n", id);
  }
  co_return context.done({{"removed", ids}}, text);
}

auto id_range() {
  return CLI::Range(1, 65535, "1 to 65535");
}

}  // namespace

Action declare_check(CLI::App& app) {
  auto files = std::make_shared<std::vector<std::string>>();
  app.add_option("file", *files, "CeleryScript JSON; - is standard input")->type_name("FILE")->required();
  return [files](Context& context) { return finished(check(context, *files)); };
}

Action declare_compile(CLI::App& app) {
  auto job = std::make_shared<Compile>();
  app.add_option("file", job->file, "CeleryScript JSON; - is standard input")->type_name("FILE")->required();
  app.add_option("-o,--output", job->output,
                 "Where to write; - is standard output (FILE's name with .wasm if absent)")
      ->type_name("OUT");
  app.add_flag("--wat", job->wat, "WebAssembly text, on standard output if there is no -o");
  return [job](Context& context) { return finished(compile(context, *job)); };
}

Action declare_code_list(CLI::App&) {
  return [](Context& context) { return list_codes(context); };
}

Action declare_code_show(CLI::App& app) {
  auto show = std::make_shared<Show>();
  app.add_option("id", show->id, "Number of the code")->type_name("ID")->required()->check(id_range());
  app.add_flag("--source", show->source, "Print its CeleryScript, as it was sent");
  return [show](Context& context) { return show_code(context, *show); };
}

Action declare_code_rm(CLI::App& app) {
  auto ids = std::make_shared<std::vector<std::uint16_t>>();
  app.add_option("id", *ids, "Numbers of the codes")->type_name("ID")->required()->check(id_range());
  return [ids](Context& context) { return remove_codes(context, *ids); };
}

}  // namespace celeriac::console
