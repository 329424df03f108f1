#include "console/blob_upload.hpp"

#include <algorithm>

#include "protocol/frame.hpp"

namespace celeriac::console {
namespace asio = boost::asio;
using namespace protocol::literals;
using protocol::Json;
using protocol::Result;

namespace {

/// Bytes in one BLOB.WRITE: a payload less the document around them.
constexpr std::size_t chunk_bytes = protocol::max_payload - 100;

}  // namespace

asio::awaitable<Result<std::uint16_t>> become_process(Client& client) {
  const auto opened = co_await client.call("MESSAGE.OPEN"_op);
  if (!opened) co_return std::unexpected(opened.error());
  co_return opened->value;
}

asio::awaitable<Result<Upload>> upload_blob(Client& client, std::string_view bytes) {
  const auto process = co_await become_process(client);
  if (!process) co_return std::unexpected(process.error());
  Upload made{.process = *process};
  do {
    const auto chunk = bytes.substr(0, chunk_bytes);
    bytes.remove_prefix(chunk.size());
    Json fields{{"id", made.process}, {"data", Json::binary({chunk.begin(), chunk.end()})}};
    if (made.blob != 0) fields["blob"] = made.blob;
    const auto written = co_await client.call("BLOB.WRITE"_op, fields);
    if (!written) co_return std::unexpected(written.error());
    made.blob = written->value;
  } while (!bytes.empty());
  co_return made;
}

}  // namespace celeriac::console
