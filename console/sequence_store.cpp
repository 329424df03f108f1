#include "console/sequence_store.hpp"

#include "console/process_status.hpp"

namespace celeriac::console {
namespace asio = boost::asio;
using namespace protocol::literals;
using protocol::Json;
using protocol::Result;

asio::awaitable<Result<std::vector<StoredSequence>>> stored_sequences(Client& client) {
  const auto answer = co_await client.ask("CODE.LIST"_op);
  if (!answer) co_return std::unexpected(answer.error());
  std::vector<StoredSequence> stored;
  for (const auto& code : answer->value("codes", Json::array()))
    if (text_of(code, "kind") == "sequence")
      stored.push_back({.code = static_cast<std::uint16_t>(integer_of(code, "id")),
                        .id = integer_of(code, "resource_id"),
                        .name = text_of(code, "name"),
                        .bytes = integer_of(code, "bytes")});
  co_return stored;
}

const StoredSequence* find_sequence(const std::vector<StoredSequence>& stored, std::int64_t id,
                                    std::string_view name) {
  const StoredSequence* found = nullptr;
  for (const auto& each : stored)
    if (each.id == id && (id != 0 || (!name.empty() && each.name == name))) found = &each;
  return found;
}

}  // namespace celeriac::console
