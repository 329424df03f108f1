// firmware show, firmware flash: what the board runs, and writing something else to it.

#include <CLI/App.hpp>
#include <algorithm>
#include <format>
#include <fstream>
#include <iterator>
#include <memory>

#include "console/commands/consent.hpp"
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

/// Bytes of a part: with its document it fits well into a payload.
constexpr std::size_t part_bytes = 32 * 1024;
/// Longest file that the host takes; SYS.STORE_FIRMWARE says so.
constexpr std::size_t max_file_bytes = 1024 * 1024;

struct Flash {
  std::string file, board;
  bool yes = false;
};

asio::awaitable<Exit> show(Context& context) {
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  const auto firmware = co_await (*client)->read("firmware");
  if (!firmware) co_return context.failed(firmware.error());
  const auto line = [&](const char* title, const char* name) {
    const auto text = printable(text_of(*firmware, name));
    return std::format("{:<8} {}\n", title, text.empty() ? "unknown" : text);
  };
  auto text =
      line("board", "board") + line("version", "version") + line("port", "port") + line("state", "state");
  if (!text_of(*firmware, "reason").empty()) text += line("reason", "reason");
  co_return context.done(*firmware, text);
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return protocol::fail(Status::malformed, std::format("Cannot read {}.", path));
  std::string bytes(max_file_bytes + 1, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  if (bytes.empty() || bytes.size() > max_file_bytes)
    return protocol::fail(Status::malformed, std::format("{} is no firmware: such a file has 1 to {} bytes.",
                                                         path, max_file_bytes));
  return bytes;
}

/// Sends the file in parts; the answer to the last tells what is in it.
asio::awaitable<Result<Json>> store(Client& client, const std::string& board, const std::string& bytes) {
  for (std::size_t at = 0; at < bytes.size(); at += part_bytes) {
    const auto part = std::string_view(bytes).substr(at, part_bytes);
    const Json fields{{"board", board},
                      {"size", bytes.size()},
                      {"offset", at},
                      {"data", Json::binary({part.begin(), part.end()})}};
    if (at + part.size() == bytes.size()) co_return co_await client.ask("SYS.STORE_FIRMWARE"_op, fields);
    if (const auto sent = co_await client.call("SYS.STORE_FIRMWARE"_op, fields); !sent)
      co_return std::unexpected(sent.error());
  }
  co_return protocol::fail(Status::malformed, "The file is empty.");
}

asio::awaitable<Exit> flash(Context& context, const Flash& job) {
  const auto bytes = read_file(job.file);
  if (!bytes) co_return context.failed(bytes.error());
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  const auto firmware = co_await (*client)->read("firmware");
  if (!firmware) co_return context.failed(firmware.error());
  const auto stored = co_await store(**client, job.board, *bytes);
  if (!stored) co_return context.failed(stored.error());

  const auto present = text_of(*firmware, "board");
  const auto question = std::format(
      "The board is {}. Write {} bytes of firmware for {} to it?",
      present.empty() ? "not known at present"
                      : "a " + printable(present) + " with " + printable(text_of(*firmware, "version")),
      stored->value("bytes", 0), printable(job.board));
  if (const auto no = co_await consent(context, question, job.yes)) co_return context.failed(*no);
  context.note(
      "writing and reading back takes about a minute: leave the board's cable and power as they are.");
  const auto done = co_await (*client)->ask("SYS.FLASH_FIRMWARE"_op, {{"board", job.board}});
  if (!done) co_return context.failed(done.error());
  co_return context.done(*done,
                         std::format("{} bytes are written and verified; the board is ready with version {}",
                                     done->value("bytes", 0), printable(text_of(*done, "version"))));
}

}  // namespace

Action declare_firmware_show(CLI::App&) {
  return [](Context& context) { return show(context); };
}

Action declare_firmware_flash(CLI::App& app) {
  auto job = std::make_shared<Flash>();
  app.add_option("file", job->file, "The firmware, Intel HEX")->type_name("FILE")->required();
  app.add_option("--board", job->board, "The board it is for: arduino, farmduino_k18, express_k10, …")
      ->type_name("NAME")
      ->required();
  app.add_flag("--yes", job->yes, "Without being asked");
  return [job](Context& context) { return flash(context, *job); };
}

}  // namespace celeriac::console
