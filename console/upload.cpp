#include "console/upload.hpp"

#include "protocol/frame.hpp"
#include "protocol/payload.hpp"

namespace celeriac::console {
namespace asio = boost::asio;
using namespace protocol::literals;
using protocol::Json;
using protocol::Result;

namespace {

/// OPEN, WRITE, CLOSE on one channel, which is whose buffer it is.
asio::awaitable<Result<void>> fill(Client& client, std::uint16_t code, std::string_view source) {
  protocol::Channel channel{};
  const auto opened = co_await client.send_on(channel, "CODE.OPEN"_op, protocol::encode_id(code));
  if (!opened) co_return std::unexpected(opened.error());
  while (!source.empty()) {
    const auto chunk = source.substr(0, protocol::max_payload);
    source.remove_prefix(chunk.size());
    const auto written = co_await client.send_on(channel, "CODE.WRITE"_op, std::string(chunk));
    if (!written) co_return std::unexpected(written.error());
  }
  const auto closed = co_await client.send_on(channel, "CODE.CLOSE"_op, protocol::encode_id(code));
  if (!closed) co_return std::unexpected(closed.error());
  co_return Result<void>();
}

}  // namespace

asio::awaitable<Result<std::uint16_t>> upload(Client& client, std::string_view source) {
  const auto created = co_await client.call("CODE.CREATE"_op);
  if (!created) co_return std::unexpected(created.error());
  const auto filled = co_await fill(client, created->value, source);
  if (filled) co_return created->value;
  const std::vector<std::uint16_t> unfinished(1, created->value);
  co_await remove(client, unfinished);
  co_return std::unexpected(filled.error());
}

asio::awaitable<Result<void>> replace(Client& client, std::uint16_t code, std::string_view source) {
  return fill(client, code, source);
}

asio::awaitable<Result<std::string>> read_code(Client& client, std::uint16_t code) {
  const Json id{{"id", code}};
  auto reply = co_await client.call("CODE.READ"_op, id);
  if (!reply) co_return std::unexpected(reply.error());
  co_return std::move(reply->data);
}

asio::awaitable<void> remove(Client& client, const std::vector<std::uint16_t>& codes) {
  for (const auto code : codes) co_await client.send("CODE.RM"_op, protocol::encode_id(code), prompt_answer);
}

}  // namespace celeriac::console
