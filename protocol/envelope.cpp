#include "protocol/envelope.hpp"

#include <bson/bson.h>

#include <array>
#include <format>
#include <functional>
#include <limits>

#include "protocol/document.hpp"

namespace celeriac::protocol {
namespace {

constexpr std::string_view format_names[] = {"kinode", "othismo", "wasi", "farm"};
constexpr std::string_view type_names[] = {"request", "response", "error"};
constexpr std::string_view failure_names[] = {"offline",   "timeout",     "no_target", "denied",  "full",
                                              "too_large", "bad_message", "trap",      "deadlock"};

/// The number of a name in a table of names.
template <class Enum, std::size_t size>
std::optional<Enum> find(const std::string_view (&names)[size], std::string_view name) {
  for (std::size_t i = 0; i < size; ++i)
    if (names[i] == name) return static_cast<Enum>(i);
  return std::nullopt;
}

// ---- writing ----

class Writer {
 public:
  Writer() noexcept { bson_init(&bson_); }
  ~Writer() { bson_destroy(&bson_); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  template <std::size_t n>
  void text(const char (&key)[n], std::string_view value) {
    bson_append_utf8(&bson_, key, n - 1, value.data(), static_cast<int>(value.size()));
  }
  template <std::size_t n>
  void text(const char (&key)[n], const std::optional<std::string>& value) {
    if (value) text(key, std::string_view(*value));
  }
  template <std::size_t n>
  void bytes(const char (&key)[n], std::string_view value) {
    bson_append_binary(&bson_, key, n - 1, BSON_SUBTYPE_BINARY,
                       reinterpret_cast<const std::uint8_t*>(value.data()),
                       static_cast<std::uint32_t>(value.size()));
  }
  template <std::size_t n>
  void integer(const char (&key)[n], std::int64_t value) {
    bson_append_int64(&bson_, key, n - 1, value);
  }
  template <std::size_t n>
  void flag(const char (&key)[n], bool value) {
    if (value) bson_append_bool(&bson_, key, n - 1, true);
  }
  template <std::size_t n>
  void document(const char (&key)[n], const Writer& value) {
    bson_append_document(&bson_, key, n - 1, &value.bson_);
  }
  template <std::size_t n, class List, class Each>
  void list(const char (&key)[n], const List& items, Each each) {
    bson_t array;
    bson_append_array_begin(&bson_, key, n - 1, &array);
    std::uint32_t place = 0;
    for (const auto& item : items) {
      char digits[16];
      const char* name = nullptr;
      const auto length = bson_uint32_to_string(place++, &name, digits, sizeof digits);
      Writer entry;
      each(entry, item);
      bson_append_document(&array, name, static_cast<int>(length), &entry.bson_);
    }
    bson_append_array_end(&bson_, &array);
  }

  [[nodiscard]] std::string take() const {
    return {reinterpret_cast<const char*>(bson_get_data(&bson_)), bson_.len};
  }

 private:
  bson_t bson_;
};

void write_content(Writer& out, const Content& content) {
  if (!content.body.empty()) out.bytes("body", content.body);
  out.text("metadata", content.metadata);
  if (!content.capabilities.empty())
    out.list("capabilities", content.capabilities, [](Writer& entry, const Capability& capability) {
      entry.text("issuer", std::string_view(capability.issuer));
      entry.text("params", std::string_view(capability.params));
    });
  if (content.format != Format::kinode) out.text("format", name(content.format));
  out.text("topic", content.topic);
  out.text("content_type", content.content_type);
  out.text("error", content.error);
  if (content.pairs)
    out.list("pairs", *content.pairs, [](Writer& entry, const auto& pair) {
      entry.text("key", std::string_view(pair.first));
      entry.text("value", std::string_view(pair.second));
    });
}

// ---- reading ----

/// Walks over the elements of a document; the first fault sticks.
class Reader {
 public:
  explicit Reader(std::string_view bson) {
    ok_ = bson_init_static(&bson_, reinterpret_cast<const std::uint8_t*>(bson.data()), bson.size()) &&
          bson_iter_init(&iter_, &bson_);
    if (!ok_) why_ = std::format("The message of {} bytes is not one BSON document.", bson.size());
  }
  explicit Reader(const bson_iter_t& of) { ok_ = bson_iter_recurse(&of, &iter_); }

  bool next() {
    if (!ok_) return false;
    if (bson_iter_next(&iter_)) return true;
    if (iter_.err_off != 0) {  // the iterator stands nowhere: it has no key to name
      ok_ = false;
      if (why_.empty()) why_ = "The message is cut, or holds what BSON does not know.";
    }
    return false;
  }
  [[nodiscard]] std::string_view key() const { return {bson_iter_key(&iter_), bson_iter_key_len(&iter_)}; }

  void text(std::string& out) {
    if (bson_iter_type(&iter_) != BSON_TYPE_UTF8) return fail("must be a text");
    std::uint32_t length = 0;
    const char* value = bson_iter_utf8(&iter_, &length);
    if (!is_utf8({value, length})) return fail("is not UTF-8");
    out.assign(value, length);
  }
  void text(std::optional<std::string>& out) {
    if (bson_iter_type(&iter_) == BSON_TYPE_NULL) return;
    text(out.emplace());
  }
  void bytes(std::string& out, std::size_t limit) {
    if (bson_iter_type(&iter_) != BSON_TYPE_BINARY) return fail("must be binary");
    std::uint32_t length = 0;
    const std::uint8_t* data = nullptr;
    bson_subtype_t subtype{};
    bson_iter_binary(&iter_, &subtype, &length, &data);
    if (length > limit) return fail(std::format("is longer than {} bytes", limit));
    out.assign(reinterpret_cast<const char*>(data), length);
  }
  std::int64_t integer(std::int64_t low, std::int64_t high) {
    if (!BSON_ITER_HOLDS_INT(&iter_)) return fail("must be a whole number"), low;
    const auto value = bson_iter_as_int64(&iter_);
    if (value < low || value > high) return fail(std::format("must be from {} to {}", low, high)), low;
    return value;
  }
  bool flag() {
    if (bson_iter_type(&iter_) != BSON_TYPE_BOOL) return fail("must be true or false"), false;
    return bson_iter_bool(&iter_);
  }
  template <class Enum, std::size_t size>
  void choice(const std::string_view (&names)[size], Enum& out) {
    std::string value;
    text(value);
    if (!ok_) return;
    if (const auto found = find<Enum>(names, value)) return void(out = *found);
    fail("is unknown");
  }
  /// Appends an entry for every document of an array, and has `each(reader, entry)` read its fields.
  template <class Entries, class Each>
  void list(std::size_t limit, Entries& out, Each each) {
    if (bson_iter_type(&iter_) != BSON_TYPE_ARRAY) return fail("must be a list");
    Reader items(iter_);
    for (std::size_t count = 0; items.next(); ++count) {
      if (count == limit) return fail(std::format("has more than {} entries", limit));
      auto& entry = out.emplace_back();
      document_of(items, [&](Reader& reader) { each(reader, entry); });
      if (!ok_) return;
    }
    if (!items.ok_) fail("is cut");
  }
  template <class Each>
  void document(Each each) {
    document_of(*this, each);
  }

  void fail(std::string_view what) {
    if (!why_.empty()) return;
    why_ = std::format("The message's field \"{}\" {}.", key(), what);
    ok_ = false;
  }
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::unexpected<Error> error() const { return protocol::fail(Status::malformed, why_); }

 private:
  template <class Each>
  void document_of(Reader& at, Each each) {
    if (bson_iter_type(&at.iter_) != BSON_TYPE_DOCUMENT) return fail("must hold documents");
    Reader inner(at.iter_);
    while (inner.next()) each(inner);
    if (!inner.ok_) {
      why_ = inner.why_;
      ok_ = false;
    }
  }

  bson_t bson_;
  bson_iter_t iter_;
  bool ok_ = false;
  std::string why_;
};

constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();

/// A field of a message: its name, and what reads it.
template <class Message>
struct FieldReader {
  std::string_view name;
  void (*read)(Reader& reader, Message& message);
};

void read_capability(Reader& entry, Capability& capability) {
  if (entry.key() == "issuer") entry.text(capability.issuer);
  if (entry.key() == "params") entry.text(capability.params);
}

template <class Message>
constexpr std::array content_fields{
    FieldReader<Message>{"body", [](Reader& r, Message& m) { r.bytes(m.body, max_body); }},
    FieldReader<Message>{"metadata", [](Reader& r, Message& m) { r.text(m.metadata); }},
    FieldReader<Message>{
        "capabilities",
        [](Reader& r, Message& m) { r.list(max_capabilities_attached, m.capabilities, read_capability); }},
    FieldReader<Message>{"format", [](Reader& r, Message& m) { r.choice(format_names, m.format); }},
    FieldReader<Message>{"topic", [](Reader& r, Message& m) { r.text(m.topic); }},
    FieldReader<Message>{"content_type", [](Reader& r, Message& m) { r.text(m.content_type); }},
    FieldReader<Message>{"error", [](Reader& r, Message& m) { r.text(m.error); }},
    FieldReader<Message>{"pairs",
                         [](Reader& r, Message& m) {
                           r.list(max_pairs, m.pairs.emplace(), [](Reader& entry, auto& pair) {
                             if (entry.key() == "key") entry.text(pair.first);
                             if (entry.key() == "value") entry.text(pair.second);
                           });
                         }},
};

constexpr FieldReader<Outgoing> outgoing_fields[] = {
    {"to", [](Reader& r, Outgoing& m) { r.text(m.to); }},
    {"inherit", [](Reader& r, Outgoing& m) { m.inherit = r.flag(); }},
    {"expects", [](Reader& r, Outgoing& m) { m.expects = r.integer(0, most); }},
    {"body_blob",
     [](Reader& r, Outgoing& m) { m.body_blob = static_cast<std::uint16_t>(r.integer(0, 65535)); }},
    {"context", [](Reader& r, Outgoing& m) { r.bytes(m.context.emplace(), max_body); }},
    {"blob", [](Reader& r, Outgoing& m) { m.blob = static_cast<std::uint16_t>(r.integer(0, 65535)); }},
    {"blob_bytes", [](Reader& r, Outgoing& m) { r.bytes(m.blob_bytes.emplace(), max_body); }},
    {"mime", [](Reader& r, Outgoing& m) { r.text(m.mime); }},
    {"rsvp", [](Reader& r, Outgoing& m) { r.text(m.rsvp); }},
    {"replies", [](Reader& r, Outgoing& m) { m.replies = static_cast<std::uint16_t>(r.integer(0, 65535)); }},
    {"request",
     [](Reader& r, Outgoing& m) { m.request = static_cast<std::uint64_t>(r.integer(least, most)); }},
};

constexpr FieldReader<Item> item_fields[] = {
    {"type", [](Reader& r, Item& m) { r.choice(type_names, m.type); }},
    {"source", [](Reader& r, Item& m) { r.text(m.source); }},
    {"source_path", [](Reader& r, Item& m) { r.text(m.source_path); }},
    {"request", [](Reader& r, Item& m) { m.request = static_cast<std::uint64_t>(r.integer(least, most)); }},
    {"inherit", [](Reader& r, Item& m) { m.inherit = r.flag(); }},
    {"settles", [](Reader& r, Item& m) { m.settles = r.flag(); }},
    {"expects", [](Reader& r, Item& m) { m.expects = r.integer(0, most); }},
    {"blob",
     [](Reader& r, Item& m) {
       m.blob.emplace();
       r.document([&](Reader& entry) {
         if (entry.key() == "mime") entry.text(m.blob->mime);
         if (entry.key() == "size") m.blob->size = static_cast<std::uint64_t>(entry.integer(0, most));
       });
     }},
    {"context", [](Reader& r, Item& m) { r.bytes(m.context.emplace(), max_body); }},
    {"failure", [](Reader& r, Item& m) { r.choice(failure_names, m.failure); }},
    {"explanation", [](Reader& r, Item& m) { r.text(m.explanation); }},
    {"target", [](Reader& r, Item& m) { r.text(m.target); }},
    {"of_response", [](Reader& r, Item& m) { m.of_response = r.flag(); }},
};

/// Unknown fields are ignored, as everywhere on the wire.
template <class Message, std::size_t size>
Result<Message> decode(std::string_view bson, const FieldReader<Message> (&fields)[size]) {
  Message message;
  Reader reader(bson);
  const auto read = [&](const auto& rows) {
    for (const auto& row : rows) {
      if (row.name != reader.key()) continue;
      row.read(reader, message);
      return true;
    }
    return false;
  };
  while (reader.next()) read(fields) || read(content_fields<Message>);
  if (!reader.ok()) return reader.error();
  return message;
}

}  // namespace

std::string_view name(Format format) noexcept {
  return format_names[static_cast<std::size_t>(format)];
}
std::string_view name(ItemType type) noexcept {
  return type_names[static_cast<std::size_t>(type)];
}
std::string_view name(Failure failure) noexcept {
  return failure_names[static_cast<std::size_t>(failure)];
}

std::string encode(const Outgoing& message) {
  Writer out;
  if (!message.to.empty()) out.text("to", std::string_view(message.to));
  out.flag("inherit", message.inherit);
  if (message.expects) out.integer("expects", *message.expects);
  write_content(out, message);
  if (message.body_blob != 0) out.integer("body_blob", message.body_blob);
  if (message.context) out.bytes("context", *message.context);
  if (message.blob != 0) out.integer("blob", message.blob);
  if (message.blob_bytes) out.bytes("blob_bytes", *message.blob_bytes);
  out.text("mime", message.mime);
  out.text("rsvp", message.rsvp);
  if (message.replies != 0) out.integer("replies", message.replies);
  if (message.request != 0) out.integer("request", static_cast<std::int64_t>(message.request));
  return out.take();
}

std::string encode(const Item& item) {
  Writer out;
  out.text("type", name(item.type));
  out.text("source", std::string_view(item.source));
  if (!item.source_path.empty()) out.text("source_path", std::string_view(item.source_path));
  if (item.request != 0) out.integer("request", static_cast<std::int64_t>(item.request));
  out.flag("inherit", item.inherit);
  out.flag("settles", item.settles);
  if (item.expects) out.integer("expects", *item.expects);
  write_content(out, item);
  if (item.blob) {
    Writer blob;
    blob.text("mime", item.blob->mime);
    blob.integer("size", static_cast<std::int64_t>(item.blob->size));
    out.document("blob", blob);
  }
  if (item.context) out.bytes("context", *item.context);
  if (item.type == ItemType::error) {
    out.text("failure", name(item.failure));
    out.text("explanation", std::string_view(item.explanation));
    out.text("target", std::string_view(item.target));
    out.flag("of_response", item.of_response);
  }
  return out.take();
}

Result<Outgoing> decode_outgoing(std::string_view bson) {
  return decode(bson, outgoing_fields);
}

Result<Item> decode_item(std::string_view bson) {
  return decode(bson, item_fields);
}

}  // namespace celeriac::protocol
