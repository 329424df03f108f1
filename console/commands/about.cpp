// version, completion.

#include <CLI/App.hpp>

#include "console/commands/declarations.hpp"
#include "console/commands/finished.hpp"
#include "console/completion.hpp"

namespace celeriac::console {
namespace {

constexpr int protocol_version = 1;

Exit show_version(Context& context) {
  return context.done({{"celeriac", CELERIAC_VERSION}, {"protocol", protocol_version}},
                      "celeriac " CELERIAC_VERSION " (wire protocol 1)");
}

Exit show_completion(Context& context) {
  const std::string script = bash_completion();
  return context.done({{"bash", script}}, script);
}

}  // namespace

Action declare_version(CLI::App&) {
  return [](Context& context) { return finished(show_version(context)); };
}

Action declare_completion_bash(CLI::App&) {
  return [](Context& context) { return finished(show_completion(context)); };
}

}  // namespace celeriac::console
