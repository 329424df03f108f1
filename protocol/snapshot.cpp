#include "protocol/snapshot.hpp"

#include <bson/bson.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <format>

namespace celeriac::protocol {
namespace {

template <class Number>
Number little_endian(const char* bytes) noexcept {
  Number number;
  std::memcpy(&number, bytes, sizeof number);
  if constexpr (std::endian::native == std::endian::big) number = std::byteswap(number);
  return number;
}

template <class Number>
void append_little_endian(std::string& out, Number number) {
  if constexpr (std::endian::native == std::endian::big) number = std::byteswap(number);
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

std::unexpected<Error> bad(std::string why) {
  return fail(Status::malformed, std::format("This is no snapshot: {}.", why));
}

bool zero(std::string_view bytes) noexcept {
  return std::ranges::all_of(bytes, [](char byte) { return byte == 0; });
}

Result<std::string_view> binary_of(const bson_t& document, const char* key) {
  bson_iter_t field;
  if (!bson_iter_init_find(&field, &document, key) || !BSON_ITER_HOLDS_BINARY(&field))
    return bad(std::format("{} is not there, or no binary", key));
  bson_subtype_t subtype;
  std::uint32_t size = 0;
  const std::uint8_t* bytes = nullptr;
  bson_iter_binary(&field, &subtype, &size, &bytes);
  return std::string_view(reinterpret_cast<const char*>(bytes), size);
}

}  // namespace

std::uint32_t SnapshotView::index(std::size_t row) const noexcept {
  return little_endian<std::uint32_t>(rows.data() + row * chunk_row);
}

void append_chunk(std::string& rows, std::uint32_t index, std::string_view chunk) {
  append_little_endian(rows, index);
  rows.append(chunk);
}

std::string encode_snapshot(std::uint32_t memory_pages, const std::vector<std::uint64_t>& globals,
                            std::string_view rows) {
  std::string values;
  for (const std::uint64_t global : globals) append_little_endian(values, global);
  bson_t document = BSON_INITIALIZER;
  const auto binary = [&](const char* key, std::string_view bytes) {
    bson_append_binary(&document, key, -1, BSON_SUBTYPE_BINARY,
                       reinterpret_cast<const std::uint8_t*>(bytes.data()),
                       static_cast<std::uint32_t>(bytes.size()));
  };
  bson_append_int32(&document, "memory_pages", -1, static_cast<std::int32_t>(memory_pages));
  binary("globals", values);
  binary("chunks", rows);
  std::string made(reinterpret_cast<const char*>(bson_get_data(&document)), document.len);
  bson_destroy(&document);
  return made;
}

std::string encode(const Snapshot& snapshot) {
  std::string rows;
  rows.reserve(snapshot.chunks.size() * chunk_row);
  for (const auto& [index, chunk] : snapshot.chunks) append_chunk(rows, index, chunk);
  return encode_snapshot(snapshot.memory_pages, snapshot.globals, rows);
}

Result<SnapshotView> decode_snapshot(std::string_view bson) {
  if (bson.size() > max_snapshot) return bad(std::format("it has {} bytes", bson.size()));
  bson_t document;
  if (!bson_init_static(&document, reinterpret_cast<const std::uint8_t*>(bson.data()), bson.size()) ||
      !bson_validate(&document, BSON_VALIDATE_NONE, nullptr))
    return bad("it is not one BSON document");
  SnapshotView made;
  bson_iter_t pages;
  if (!bson_iter_init_find(&pages, &document, "memory_pages") || !BSON_ITER_HOLDS_INT(&pages) ||
      bson_iter_as_int64(&pages) < 0 || bson_iter_as_int64(&pages) > max_snapshot_pages)
    return bad(std::format("memory_pages is not a whole number up to {}", max_snapshot_pages));
  made.memory_pages = static_cast<std::uint32_t>(bson_iter_as_int64(&pages));
  const auto globals = binary_of(document, "globals");
  if (!globals) return std::unexpected(globals.error());
  if (globals->size() % 8 != 0 || globals->size() / 8 > max_snapshot_globals)
    return bad(std::format("globals has {} bytes", globals->size()));
  for (std::size_t at = 0; at < globals->size(); at += 8)
    made.globals.push_back(little_endian<std::uint64_t>(globals->data() + at));
  const auto rows = binary_of(document, "chunks");
  if (!rows) return std::unexpected(rows.error());
  if (rows->size() % chunk_row != 0) return bad(std::format("chunks has {} bytes", rows->size()));
  made.rows = *rows;
  const std::uint64_t all = std::uint64_t{made.memory_pages} * (memory_page_bytes / chunk_bytes);
  for (std::size_t row = 0; row < made.size(); ++row)
    if (made.index(row) >= all || (row > 0 && made.index(row) <= made.index(row - 1)))
      return bad(std::format("chunk {} lies outside the memory or is not in order", made.index(row)));
  return made;
}

void apply(Snapshot& snapshot, const SnapshotView& change) {
  snapshot.memory_pages = change.memory_pages;
  snapshot.globals = change.globals;
  for (std::size_t row = 0; row < change.size(); ++row) {
    if (zero(change.chunk(row)))
      snapshot.chunks.erase(change.index(row));
    else
      snapshot.chunks.insert_or_assign(change.index(row), std::string(change.chunk(row)));
  }
}

}  // namespace celeriac::protocol
