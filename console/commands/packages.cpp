// packages, uninstall, grants: what is installed, and what it may.

#include <CLI/App.hpp>
#include <algorithm>
#include <chrono>
#include <format>
#include <memory>

#include "console/commands/declarations.hpp"
#include "console/process_status.hpp"
#include "console/text.hpp"

namespace celeriac::console {
namespace asio = boost::asio;
using namespace protocol::literals;
using protocol::Json;
using protocol::Status;

namespace {

/// "2025-05-14" of milliseconds since 1970.
std::string day(const Json& milliseconds) {
  if (!milliseconds.is_number_integer()) return "-";
  const std::chrono::sys_time<std::chrono::milliseconds> time{
      std::chrono::milliseconds(milliseconds.get<std::int64_t>())};
  return std::format("{:%F}", std::chrono::floor<std::chrono::days>(time));
}

asio::awaitable<Exit> list_packages(Context& context) {
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  const auto answer = co_await (*client)->ask("PACKAGE.LIST"_op);
  if (!answer) co_return context.failed(answer.error());
  std::vector<std::vector<std::string>> rows{{"PACKAGE", "VERSION", "PROCESSES", "SIGNED BY", "INSTALLED"}};
  for (const Json& package : answer->value("packages", Json::array())) {
    const std::string signer = text_of(package, "signed_by");
    const Json processes = package.value("processes", Json::array());
    rows.push_back({printable(text_of(package, "package")), printable(text_of(package, "version")),
                    std::to_string(processes.size()), signer.empty() ? "nobody" : printable(signer),
                    day(package.value("installed", Json()))});
  }
  co_return context.done(*answer, rows.size() > 1 ? table(rows) : "no package is installed");
}

asio::awaitable<Exit> uninstall(Context& context, const std::vector<std::string>& names) {
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  std::string text;
  for (const auto& name : names) {
    const Json fields{{"package", name}};
    const auto done = co_await (*client)->call("PACKAGE.REMOVE"_op, fields);
    if (!done) {
      if (!text.empty()) context.line(text);
      co_return context.failed(done.error());
    }
    text += std::format("{} is removed; what its processes keep for themselves stays\n", printable(name));
  }
  co_return context.done({{"removed", names}}, text);
}

// ---- grants --------------------------------------------------------------------------------------

struct Grants {
  std::string package;
  std::vector<std::size_t> revoke;
};

std::string grants_text(const Json& grants) {
  std::vector<std::vector<std::string>> rows{{"NO.", "PROCESS", "WHAT"}};
  for (std::size_t i = 0; i < grants.size(); ++i)
    rows.push_back({std::to_string(i + 1), printable(text_of(grants[i], "process")),
                    printable(text_of(grants[i], "says"))});
  return rows.size() > 1 ? table(rows) : "nobody holds a capability";
}

asio::awaitable<Exit> grants(Context& context, const Grants& job) {
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  const Json fields = job.package.empty() ? Json::object() : Json{{"package", job.package}};
  const auto answer = co_await (*client)->ask("GRANT.LIST"_op, fields);
  if (!answer) co_return context.failed(answer.error());
  const Json list = answer->value("grants", Json::array());
  if (job.revoke.empty()) co_return context.done(*answer, grants_text(list));

  for (const auto number : job.revoke)
    if (number == 0 || number > list.size())
      co_return context.failed(
          {.status = Status::not_found,
           .message = std::format("There is no number {} in the list: `celeriac grants{}{}` shows it.",
                                  number, job.package.empty() ? "" : " ", job.package)});
  Json revoked = Json::array();
  std::string text;
  for (const auto number : job.revoke) {
    const Json& grant = list[number - 1];
    const Json request{{"process", grant.value("process", Json())},
                       {"issuer", grant.value("issuer", Json())},
                       {"params", grant.value("params", Json())}};
    const auto done = co_await (*client)->call("GRANT.REVOKE"_op, request);
    if (!done) {
      if (!text.empty()) context.line(text);
      co_return context.failed(done.error());
    }
    revoked.push_back(request);
    text += std::format("no longer: {}\n", printable(text_of(grant, "says")));
  }
  co_return context.done({{"revoked", revoked}}, text);
}

// ---- grant ---------------------------------------------------------------------------------------

struct Grant {
  std::string process, issuer, params;
};

asio::awaitable<Exit> grant(Context& context, const Grant& job) {
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  const Json request{{"process", job.process}, {"issuer", job.issuer}, {"params", job.params}};
  const auto done = co_await (*client)->call("GRANT.ADD"_op, request);
  if (!done) co_return context.failed(done.error());
  co_return context.done(request, std::format("{} holds it", printable(job.process)));
}

}  // namespace

Action declare_packages(CLI::App&) {
  return [](Context& context) { return list_packages(context); };
}

Action declare_uninstall(CLI::App& app) {
  auto names = std::make_shared<std::vector<std::string>>();
  app.add_option("package", *names, "Its name, as `celeriac packages` shows it")
      ->type_name("PACKAGE:PUBLISHER")
      ->required();
  return [names](Context& context) { return uninstall(context, *names); };
}

Action declare_grant(CLI::App& app) {
  auto job = std::make_shared<Grant>();
  app.add_option("process", job->process, "Who is to have it: process:package:publisher, or a path")
      ->required();
  app.add_option("issuer", job->issuer, "Whose capability it is: our@hardware:distro:sys")->required();
  app.add_option("params", job->params, "What it is, JSON: {\"operation\": \"SYS.READ_PIN\", \"pin\": 59}")
      ->required();
  return [job](Context& context) { return grant(context, *job); };
}

Action declare_grants(CLI::App& app) {
  auto job = std::make_shared<Grants>();
  app.add_option("package", job->package, "Only those of this package")->type_name("PACKAGE:PUBLISHER");
  app.add_option("--revoke", job->revoke, "Takes away what has this number in the list")->type_name("NO.");
  return [job](Context& context) { return grants(context, *job); };
}

}  // namespace celeriac::console
