// doctor: looks at everything that a support person would ask for, and says what to do.

#include <CLI/App.hpp>
#include <filesystem>
#include <format>
#include <memory>

#include "console/commands/declarations.hpp"
#include "console/doctor/bundle.hpp"
#include "console/doctor/gather.hpp"
#include "console/doctor/report.hpp"
#include "console/text.hpp"

namespace celeriac::console {
namespace asio = boost::asio;
using protocol::Json;

namespace {

struct Visit {
  std::string bundle;
  bool photo = false;
};

asio::awaitable<Exit> examine_host(Context& context, const Visit& visit) {
  auto& world = context.world();
  const doctor::Surroundings at{
      .context = context, .run = doctor::real_run(world), .person = doctor::this_person()};
  const auto facts = co_await doctor::gather(at, visit.photo);
  const auto diagnosis = doctor::examine(facts);
  Json document = doctor::report_document(diagnosis);
  std::string text =
      doctor::report_text(diagnosis, world.terminal.colour) + "\n" + doctor::summary(diagnosis);
  if (!visit.bundle.empty()) {
    const auto files = co_await doctor::collect(at, facts, diagnosis);
    if (const auto written = doctor::write_tar(visit.bundle, files); !written) {
      if (!context.json()) context.line(text);
      co_return context.failed(written.error());
    }
    document["bundle"] = visit.bundle;
    text += std::format(
        "\n{} holds what a helper needs; it has no passwords and no tokens in it, but the log and "
        "the names of your garden",
        printable(visit.bundle));
  }
  context.done(document, text);
  co_return doctor::sound(diagnosis) ? Exit::done : Exit::failed;
}

}  // namespace

Action declare_doctor(CLI::App& app) {
  auto visit = std::make_shared<Visit>();
  app.add_option("--bundle", visit->bundle,
                 "Also put everything that a helper needs into this file: a tar (compressed as .tar.gz)")
      ->type_name("FILE");
  app.add_flag("--photo", visit->photo, "Also have the camera take a photo");
  return [visit](Context& context) { return examine_host(context, *visit); };
}

}  // namespace celeriac::console
