// install, update: a package from a file or an address, after its person has seen what it wants.

#include <CLI/App.hpp>
#include <format>
#include <memory>
#include <optional>
#include <vector>

#include "console/blob_upload.hpp"
#include "console/commands/declarations.hpp"
#include "console/package_source.hpp"
#include "console/process_status.hpp"
#include "console/question.hpp"
#include "console/text.hpp"

namespace celeriac::console {
namespace asio = boost::asio;
using namespace protocol::literals;
using protocol::Error;
using protocol::Json;
using protocol::Result;
using protocol::Status;

namespace {

struct Install {
  std::string place, key;
  bool yes = false, unsigned_too = false;
  bool update = false;  ///< it must be there, and the same manifest needs no approval
};

Error refusal(std::string message, const char* code) {
  return {.status = Status::denied, .message = std::move(message), .code = code};
}

std::string title_of(const Json& package) {
  const std::string version = text_of(package, "version");
  return printable(text_of(package, "package") + (version.empty() ? "" : " " + version));
}

std::string signer_of(const Json& package) {
  const std::string signer = text_of(package, "signed_by");
  return signer.empty() ? "not signed: nobody says who made it" : "signed by the key " + printable(signer);
}

/// What the person is to know before anything happens.
std::string description(const Json& package) {
  std::string text = std::format("{}, {}\n", title_of(package), signer_of(package));
  if (const Json installed = package.value("installed", Json()); installed.is_object())
    text += std::format("in place of version {}, {}\n", printable(text_of(installed, "version")),
                        signer_of(installed));
  for (const Json& warning : package.value("warnings", Json::array()))
    if (warning.is_string()) text += std::format("warning: {}\n", printable(warning.get<std::string>()));
  const Json wants = package.value("wants", Json::array());
  text += wants.empty() ? "It wants nothing.\n" : "What it wants:\n";
  for (const Json& want : wants)
    if (want.is_string()) text += std::format("  {}\n", printable(want.get<std::string>()));
  return text;
}

/// Whether the package may come in at all: who has signed it.
std::optional<Error> untrusted(const Json& package, const Install& job) {
  if (package.value("trusted", Json()) == true) return std::nullopt;
  const std::string signer = text_of(package, "signed_by");
  if (!signer.empty())
    return refusal(
        std::format("{} is signed by the key {}, which the host does not trust. If you do, give it with "
                    "--key, or put it into the directory trusted-keys of the host.",
                    title_of(package), printable(signer)),
        "unknown_key");
  if (job.unsigned_too) return std::nullopt;
  return refusal(
      std::format("{} is not signed: nobody says who made it. If you know where it comes from, --unsigned "
                  "installs it all the same.",
                  title_of(package)),
      "unsigned");
}

/// An update that wants what its predecessor wanted, from the same hand, is no question.
bool goes_without_saying(const Json& package, const Install& job) {
  const Json installed = package.value("installed", Json());
  return job.update && installed.is_object() && text_of(installed, "hash") == text_of(package, "hash") &&
         text_of(installed, "signed_by") == text_of(package, "signed_by");
}

/// nullopt: approved.
asio::awaitable<std::optional<Error>> approval(Context& context, const Json& package, const Install& job) {
  if (goes_without_saying(package, job)) co_return std::nullopt;
  if (!context.json()) context.line(description(package));
  if (job.yes) co_return std::nullopt;
  if (!can_ask(context))
    co_return refusal("Nobody is there to approve it: --yes does so in advance.", "not_approved");
  const auto answer = co_await ask_person(
      context, std::format("{} {}?", job.update ? "Update" : "Install", title_of(package)));
  if (!answer) co_return answer.error();
  if (*answer) co_return std::nullopt;
  co_return refusal("Nothing was installed.", "not_approved");
}

/// Says what has come of it: what runs, and what does not.
Exit finish(Context& context, const Json& package, const Json& done) {
  std::string running;
  std::vector<std::string> troubles;
  for (const Json& process : done.value("processes", Json::array())) {
    const std::string name = printable(text_of(process, "process"));
    const Json error = process.is_object() ? process.value("error", Json()) : Json();
    if (error.is_object())
      troubles.push_back(std::format("{} does not run: {}", name, printable(text_of(error, "message"))));
    else
      running += std::format("{}{}", running.empty() ? "" : ", ", name);
  }
  const bool again = package.value("installed", Json()).is_object();
  context.done(done, std::format("{} is {}{}{}", title_of(package), again ? "updated" : "installed",
                                 running.empty() ? "" : ", and runs: ", running));
  for (const auto& trouble : troubles) context.note(trouble);
  return troubles.empty() ? Exit::done : Exit::failed;
}

asio::awaitable<Exit> install(Context& context, const Install& job) {
  const auto blob = co_await read_package_source(context, job.place);
  if (!blob) co_return context.failed(blob.error());
  Json key = Json::object();
  if (!job.key.empty()) {
    auto text = read_public_key(job.key);
    if (!text) co_return context.failed(text.error());
    key["key"] = std::move(*text);
  }
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  const auto upload = co_await upload_blob(**client, *blob);
  if (!upload) co_return context.failed(upload.error());

  Json fields = key;
  fields.update({{"id", upload->process}, {"blob", upload->blob}});
  const auto package = co_await (*client)->ask("PACKAGE.INSPECT"_op, fields);
  if (!package) co_return context.failed(package.error());
  if (const auto trouble = untrusted(*package, job)) co_return context.failed(*trouble);
  if (job.update && !package->value("installed", Json()).is_object())
    co_return context.failed(
        {.status = Status::not_found,
         .message = std::format("{} is not installed: `celeriac install` does that.", title_of(*package))});
  if (const auto trouble = co_await approval(context, *package, job)) co_return context.failed(*trouble);

  fields["approved"] = package->value("hash", Json());
  fields["unsigned_too"] = job.unsigned_too;
  const auto done = co_await (*client)->ask("PACKAGE.INSTALL"_op, fields);
  if (!done) co_return context.failed(done.error());
  co_return finish(context, *package, *done);
}

Action declare(CLI::App& app, bool update) {
  auto job = std::make_shared<Install>();
  job->update = update;
  app.add_option("package", job->place,
                 "A .celeriac file, or where one is; its signature lies beside it, as FILE.minisig")
      ->type_name("FILE|URL")
      ->required();
  app.add_option("--key", job->key, "minisign public key that you trust, or the file that holds it")
      ->type_name("KEY");
  app.add_flag("--yes", job->yes, "Approve what it wants without being asked");
  app.add_flag("--unsigned", job->unsigned_too, "Take a package that nobody has signed");
  return [job](Context& context) { return install(context, *job); };
}

}  // namespace

Action declare_install(CLI::App& app) {
  return declare(app, false);
}

Action declare_update(CLI::App& app) {
  return declare(app, true);
}

}  // namespace celeriac::console
