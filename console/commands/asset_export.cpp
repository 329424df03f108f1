// asset export: everything that the host knows of an account, as one document that can be imported.

#include <CLI/App.hpp>
#include <format>
#include <memory>
#include <ostream>

#include "console/account.hpp"
#include "console/commands/declarations.hpp"
#include "console/process_status.hpp"
#include "console/sequence_store.hpp"
#include "console/text.hpp"
#include "console/upload.hpp"
#include "console/whole_file.hpp"

namespace celeriac::console {
namespace asio = boost::asio;
using namespace protocol::literals;
using protocol::Error;
using protocol::Json;
using protocol::Result;
using protocol::Status;

namespace {

asio::awaitable<Result<OrderedJson>> sequences_of(Client& client) {
  const auto stored = co_await stored_sequences(client);
  if (!stored) co_return std::unexpected(stored.error());
  OrderedJson list = OrderedJson::array();
  for (const auto& each : *stored) {
    // Of several with one id the last is what that id means.
    if (each.id != 0 && find_sequence(*stored, each.id, each.name)->code != each.code) continue;
    const auto source = co_await read_code(client, each.code);
    if (!source) co_return std::unexpected(source.error());
    list.push_back(OrderedJson::parse(*source, nullptr, false));
  }
  co_return list;
}

asio::awaitable<Result<OrderedJson>> account_of(Client& client) {
  const auto summary = co_await client.ask("ASSET.SUMMARY"_op);
  if (!summary) co_return std::unexpected(summary.error());
  OrderedJson account = OrderedJson::object();
  for (const auto& kind : account_kinds(*summary)) {
    if (kind.name == sequence_kind) {
      auto sequences = co_await sequences_of(client);
      if (!sequences) co_return std::unexpected(std::move(sequences.error()));
      if (!sequences->empty()) account[kind.collection] = std::move(*sequences);
      continue;
    }
    if (kind.count == 0) continue;
    const auto items = co_await assets_of(client, kind.name);
    if (!items) co_return std::unexpected(items.error());
    if (kind.singleton && !items->empty())
      account[kind.collection] = items->front();
    else if (!kind.singleton)
      account[kind.collection] = *items;
  }
  co_return account;
}

asio::awaitable<Exit> write_account(Context& context, const std::string& path) {
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  const auto account = co_await account_of(**client);
  if (!account) co_return context.failed(account.error());
  const std::string text = account->dump(1, ' ', false, OrderedJson::error_handler_t::replace) + '\n';
  if (path.empty() || path == "-") {
    context.world().out << text << std::flush;
    co_return Exit::done;
  }
  if (const auto written = write_whole(path, text); !written) co_return context.failed(written.error());
  Json counts = Json::object();
  std::string sentence;
  for (const auto& [collection, items] : account->items()) {
    const std::size_t count = items.is_array() ? items.size() : 1;
    counts[collection] = count;
    sentence += std::format("{}{} {}", sentence.empty() ? "" : ", ", collection, count);
  }
  co_return context.done(
      {{"file", path}, {"exported", counts}},
      std::format("{}: {}", path, sentence.empty() ? "there is nothing to export" : sentence));
}

}  // namespace

Action declare_asset_export(CLI::App& app) {
  auto path = std::make_shared<std::string>();
  app.add_option("file", *path, "Where to write it (standard output if absent)")->type_name("FILE");
  return [path](Context& context) { return write_account(context, *path); };
}

}  // namespace celeriac::console
