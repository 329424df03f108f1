// sync: fetches the account's resources.

#include <CLI/App.hpp>
#include <array>
#include <format>

#include "console/commands/declarations.hpp"
#include "console/process_status.hpp"
#include "console/text.hpp"

namespace celeriac::console {
namespace asio = boost::asio;
using namespace protocol::literals;
using protocol::Json;

namespace {

/// "points: 3 new, 1 changed", a line for each kind.
std::string changes_text(const Json& changes) {
  struct Count {
    const char* field;
    std::string_view words;
  };
  constexpr std::array<Count, 4> counts = {
      {{"new", "new"}, {"changed", "changed"}, {"gone", "gone"}, {"refused", "left out (see the log)"}}};
  std::string text;
  for (const Json& change : changes) {
    std::string line;
    for (const auto& [field, words] : counts)
      if (const auto count = change.value(field, std::int64_t{0}); count != 0)
        line += std::format("{} {} {}", line.empty() ? ":" : ",", count, words);
    text += std::format("{}{}{}", text.empty() ? "" : "\n", printable(text_of(change, "kind")), line);
  }
  return text.empty() ? "nothing has changed" : text;
}

asio::awaitable<Exit> sync(Context& context) {
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  const auto answer = co_await (*client)->ask("SYS.SYNC"_op);
  if (!answer) co_return context.failed(answer.error());
  const Json changes = answer->value("changes", Json::array());
  co_return context.done(*answer, changes_text(changes.is_array() ? changes : Json::array()));
}

}  // namespace

Action declare_sync(CLI::App&) {
  return [](Context& context) { return sync(context); };
}

}  // namespace celeriac::console
