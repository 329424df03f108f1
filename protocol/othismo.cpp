#include "protocol/othismo.hpp"

#include <bson/bson.h>

#include <algorithm>
#include <format>

namespace celeriac::protocol {
namespace {

std::unexpected<Error> bad(std::string message) {
  return std::unexpected(
      Error{.status = Status::malformed, .message = std::move(message), .code = "bad_message"});
}

std::string_view key_of(const bson_iter_t& iter) {
  return {bson_iter_key(&iter), bson_iter_key_len(&iter)};
}

/// Opens a document without copying it. False if its length or its terminator is wrong.
bool open(std::string_view bytes, bson_t& document, bson_iter_t& iter) {
  return bson_init_static(&document, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()) &&
         bson_iter_init(&iter, &document);
}

// ---- checking: everything below the top, so that nobody behind the border meets a spoilt document ----

/// "" if the value is one of the types that Othismo has, whole, and not nested too deep; otherwise what is
/// wrong with it.
std::string_view fault_of(const bson_iter_t& iter, int depth) {
  switch (bson_iter_type(&iter)) {
    case BSON_TYPE_DOUBLE:
    case BSON_TYPE_BINARY:
    case BSON_TYPE_BOOL:
    case BSON_TYPE_DATE_TIME:
    case BSON_TYPE_NULL:
    case BSON_TYPE_INT32:
    case BSON_TYPE_INT64:
      return "";
    case BSON_TYPE_UTF8: {
      std::uint32_t length = 0;
      const char* text = bson_iter_utf8(&iter, &length);
      return is_utf8({text, length}) ? "" : "is not UTF-8";
    }
    case BSON_TYPE_DOCUMENT:
    case BSON_TYPE_ARRAY: {
      bson_iter_t child;
      if (depth >= max_document_depth) return "is nested too deep";
      if (!bson_iter_recurse(&iter, &child)) return "is cut";
      while (bson_iter_next(&child)) {
        if (!is_utf8(key_of(child))) return "has a key that is not UTF-8";
        if (const auto fault = fault_of(child, depth + 1); !fault.empty()) return fault;
      }
      return child.err_off == 0 ? "" : "is cut";
    }
    default:
      return "has a type that Othismo does not know";
  }
}

// ---- routing ----

Result<void> read_address(const bson_iter_t& iter, std::string_view name, std::optional<std::string>& out) {
  if (out) return bad(std::format("The document says {} twice.", name));
  if (bson_iter_type(&iter) != BSON_TYPE_UTF8) return bad(std::format("{} must be a path.", name));
  std::uint32_t length = 0;
  const char* text = bson_iter_utf8(&iter, &length);
  out.emplace(text, length);
  return check_path(*out);
}

Result<void> read_id(const bson_iter_t& iter, std::string_view name, std::optional<std::int64_t>& out) {
  if (out) return bad(std::format("The document says {} twice.", name));
  if (bson_iter_type(&iter) != BSON_TYPE_INT64 && bson_iter_type(&iter) != BSON_TYPE_INT32)
    return bad(std::format("{} must be a whole number.", name));
  out = bson_iter_as_int64(&iter);
  return {};
}

struct Routing {
  std::optional<std::string> send_to, reply_to;
  std::optional<std::int64_t> request_id, response_id;

  /// Takes one routing key, without its "othismo."; false if it is none.
  Result<bool> take(std::string_view key, const bson_iter_t& iter) {
    Result<void> taken;
    if (key == "send_to")
      taken = read_address(iter, key, send_to);
    else if (key == "reply_to")
      taken = read_address(iter, key, reply_to);
    else if (key == "request_id")
      taken = read_id(iter, key, request_id);
    else if (key == "response_id")
      taken = read_id(iter, key, response_id);
    else
      return false;
    if (!taken) return std::unexpected(taken.error());
    return true;
  }
  /// The document behind the key `othismo`. Keys that it does not know are no fault: later hosts have more.
  Result<void> take_document(const bson_iter_t& iter) {
    bson_iter_t child;
    if (bson_iter_type(&iter) != BSON_TYPE_DOCUMENT || !bson_iter_recurse(&iter, &child))
      return bad("The key \"othismo\" must hold a document.");
    while (bson_iter_next(&child))
      if (auto taken = take(key_of(child), child); !taken) return std::unexpected(taken.error());
    return {};
  }
};

/// Splits "/shed/pump/acme.water" into receiver and name: form 2.
Result<void> split_short(std::string_view key, OthismoMessage& message) {
  const auto slash = key.rfind('/');
  const std::string_view target = key.substr(0, slash);
  message.parts.front().name = key.substr(slash + 1);
  // "//name": what stands before the last slash is the receiver "/"
  message.send_to = target;
  if (message.parts.front().name.empty() || target.empty())
    return bad(
        std::format("\"{}\" names no message for an object: /path/to/object/message.name is expected.", key));
  return check_path(message.send_to);
}

// ---- bytes of BSON: values are kept as they came, so documents are put together by hand ----

void append_u32(std::string& out, std::size_t number) {
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>((number >> shift) & 0xff);
}

void append_element(std::string& out, std::uint8_t type, std::string_view key, std::string_view value) {
  out += static_cast<char>(type);
  out += key;
  out += '\0';
  out += value;
}

std::string document_around(std::string_view elements) {
  std::string out;
  out.reserve(elements.size() + 5);
  append_u32(out, elements.size() + 5);
  out += elements;
  out += '\0';
  return out;
}

std::string document_of(std::uint8_t type, std::string_view key, std::string_view value) {
  std::string element;
  append_element(element, type, key, value);
  return document_around(element);
}

}  // namespace

// ---- parts ----

OthismoMessage::Part OthismoMessage::Part::of(std::string name, const Json& value) {
  // The one element of {"": value}: length (4), type (1), the empty key's end (1), the value, the document's
  // end (1).
  const std::string document = to_bson({{"", value}});
  return {std::move(name), static_cast<std::uint8_t>(document[4]), document.substr(6, document.size() - 7)};
}

Json OthismoMessage::Part::json() const {
  auto document = from_bson(document_of(type, "", value));
  return document ? std::move((*document)[""]) : Json();
}

std::optional<std::string_view> OthismoMessage::Part::binary() const {
  constexpr std::size_t head = 5;  // length and subtype
  if (type != BSON_TYPE_BINARY || value.size() < head) return std::nullopt;
  return std::string_view(value).substr(head);
}

const OthismoMessage::Part* OthismoMessage::find(std::string_view name) const noexcept {
  const auto found = std::ranges::find(parts, name, &Part::name);
  return found == parts.end() ? nullptr : &*found;
}

// ---- documents ----

Result<OthismoMessage> read_othismo(std::string_view bson) {
  bson_t document;
  bson_iter_t iter;
  if (!open(bson, document, iter))
    return bad(std::format("The message of {} bytes is not one BSON document.", bson.size()));

  OthismoMessage message;
  Routing routing;
  bool routed = false, short_form = false;
  std::size_t value_begin = 0;
  // A value ends where the next element begins, so each part is completed one step late.
  const auto complete = [&](std::size_t end) {
    if (value_begin != 0) message.parts.back().value = bson.substr(value_begin, end - value_begin);
    value_begin = 0;
  };
  while (bson_iter_next(&iter)) {
    const std::string_view key = key_of(iter);
    const std::size_t offset = bson_iter_offset(&iter);
    complete(offset);
    if (!is_utf8(key)) return bad("The document has a key that is not UTF-8.");
    if (const auto fault = fault_of(iter, 1); !fault.empty())
      return bad(std::format("\"{}\" {}.", as_utf8(key), fault));
    if (key == "othismo") {
      if (routed) return bad("The document has the key \"othismo\" twice.");
      routed = true;
      if (auto taken = routing.take_document(iter); !taken) return std::unexpected(taken.error());
      continue;
    }
    if (key.starts_with("othismo.")) {
      auto taken = routing.take(key.substr(8), iter);
      if (!taken) return std::unexpected(taken.error());
      routed |= *taken;
      if (*taken) continue;
    }
    if (key.empty()) return bad("A message in the document has no name.");
    if (message.parts.size() == max_othismo_parts)
      return bad(std::format("The document carries more than {} messages.", max_othismo_parts));
    short_form |= key.front() == '/';
    message.parts.push_back(
        {.name = std::string(key), .type = static_cast<std::uint8_t>(bson_iter_type(&iter))});
    value_begin = offset + 1 + key.size() + 1;
  }
  if (iter.err_off != 0) return bad("The document is cut, or holds a value of an unknown type.");
  complete(bson.size() - 1);
  if (message.parts.empty()) return bad("The document carries no message.");

  if (short_form) {
    if (routed)
      return bad(
          "The document names its receiver twice: in the key \"othismo\" and before a message's name.");
    if (message.parts.size() != 1)
      return bad("A document with a receiver before a message's name carries that one message alone.");
    if (auto split = split_short(std::string(message.parts.front().name), message); !split)
      return std::unexpected(split.error());
    return message;
  }
  if (!routing.send_to) return bad("The document does not say to whom it goes: othismo.send_to is missing.");
  message.send_to = std::move(*routing.send_to);
  message.reply_to = std::move(routing.reply_to);
  message.request_id = routing.request_id;
  message.response_id = routing.response_id;
  return message;
}

std::string write_othismo(const OthismoMessage& message) {
  bson_t routing;
  bson_init(&routing);
  const auto text = [&](const char* key, const std::string& value) {
    bson_append_utf8(&routing, key, -1, value.data(), static_cast<int>(value.size()));
  };
  text("send_to", message.send_to);
  if (message.reply_to) text("reply_to", *message.reply_to);
  if (message.request_id) bson_append_int64(&routing, "request_id", -1, *message.request_id);
  if (message.response_id) bson_append_int64(&routing, "response_id", -1, *message.response_id);
  std::string elements;
  append_element(elements, BSON_TYPE_DOCUMENT, "othismo",
                 {reinterpret_cast<const char*>(bson_get_data(&routing)), routing.len});
  bson_destroy(&routing);
  for (const auto& part : message.parts) append_element(elements, part.type, part.name, part.value);
  return document_around(elements);
}

Result<void> check_path(std::string_view path) {
  const auto refuse = [&](std::string_view why) {
    return bad(std::format("\"{}\" is no path: {}.", as_utf8(path.substr(0, 100)), why));
  };
  if (path == "/") return {};
  if (!path.starts_with('/')) return refuse("it must begin with /");
  if (path.size() > max_path) return refuse(std::format("it is longer than {} bytes", max_path));
  if (!is_utf8(path)) return refuse("it is not UTF-8");
  if (path.contains('\0')) return refuse("it holds a NUL");
  for (std::string_view rest = path; !rest.empty();) {
    rest.remove_prefix(1);
    const auto segment = rest.substr(0, rest.find('/'));
    if (segment.empty()) return refuse("a part of it is empty");
    if (segment == "." || segment == "..") return refuse("\".\" and \"..\" have no meaning here");
    if (segment.size() > max_path_segment)
      return refuse(std::format("a part of it is longer than {} bytes", max_path_segment));
    rest.remove_prefix(segment.size());
  }
  return {};
}

// ---- replies and errors ----

std::string response_name(std::string_view request) {
  return std::string(request) + ".response";
}

OthismoMessage::Part othismo_error(std::string_view code, std::string_view message) {
  return OthismoMessage::Part::of("othismo.error", {{"code", code}, {"message", as_utf8(message)}});
}

OthismoMessage::Part othismo_error(const Error& error) {
  struct Row {
    Status status;
    std::string_view code;
  };
  static constexpr Row rows[] = {{Status::unknown_operation, "unknown_message"},
                                 {Status::malformed, "bad_message"},
                                 {Status::denied, "not_permitted"}};
  if (!error.code.empty()) return othismo_error(error.code, error.message);
  const auto row = std::ranges::find(rows, error.status, &Row::status);
  return othismo_error(row == std::end(rows) ? name(error.status) : row->code, error.message);
}

std::string_view othismo_code(Failure failure) noexcept {
  switch (failure) {
    case Failure::no_target:
      return "object_does_not_exist";
    case Failure::denied:
      return "not_permitted";
    case Failure::trap:
      return "guest_trap";
    default:
      return name(failure);
  }
}

OthismoMessage othismo_reply(const OthismoMessage& request, std::string_view sender,
                             OthismoMessage::Part part) {
  OthismoMessage reply;
  reply.send_to = request.reply_to ? *request.reply_to : std::string(sender);
  reply.response_id = request.request_id;
  reply.parts.push_back(std::move(part));
  return reply;
}

}  // namespace celeriac::protocol
