#include "protocol/document.hpp"

#include <bson/bson.h>

#include <algorithm>
#include <chrono>
#include <format>
#include <limits>

namespace celeriac::protocol {
namespace {

/// A bson_t that frees what it holds.
class Bson {
 public:
  Bson() noexcept { bson_init(&value_); }
  ~Bson() { bson_destroy(&value_); }
  Bson(const Bson&) = delete;
  Bson& operator=(const Bson&) = delete;
  bson_t* get() noexcept { return &value_; }

 private:
  bson_t value_;
};

/// Length of the UTF-8 sequence at the front of `bytes`, which are not empty; 0 if there is none.
std::size_t sequence_length(std::string_view bytes) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xc2 && first <= 0xdf   ? 2
                             : (first & 0xf0) == 0xe0         ? 3
                             : first >= 0xf0 && first <= 0xf4 ? 4
                                                              : 0;
  if (length == 0 || bytes.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  const bool overlong = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xf0 && byte(1) < 0x90);
  const bool surrogate = first == 0xed && byte(1) > 0x9f;
  const bool beyond = first == 0xf4 && byte(1) > 0x8f;
  return overlong || surrogate || beyond ? 0 : length;
}

void append(bson_t* out, std::string_view key, const Json& value, int depth);

void append_members(bson_t* out, const Json& value, int depth) {
  if (value.is_array()) {
    std::uint32_t index = 0;
    for (const auto& item : value) append(out, std::to_string(index++), item, depth);
  } else {
    for (const auto& [key, item] : value.items()) append(out, key, item, depth);
  }
}

void append(bson_t* out, std::string_view key, const Json& value, int depth) {
  const char* k = key.data();
  const int n = static_cast<int>(key.size());
  switch (value.type()) {
    case Json::value_t::boolean:
      bson_append_bool(out, k, n, value.get<bool>());
      break;
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned: {
      if (value.is_number_unsigned() &&
          value.get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        bson_append_double(out, k, n, value.get<double>());
        break;
      }
      const auto number = value.get<std::int64_t>();
      if (number >= std::numeric_limits<std::int32_t>::min() &&
          number <= std::numeric_limits<std::int32_t>::max())
        bson_append_int32(out, k, n, static_cast<std::int32_t>(number));
      else
        bson_append_int64(out, k, n, number);
      break;
    }
    case Json::value_t::number_float:
      bson_append_double(out, k, n, value.get<double>());
      break;
    case Json::value_t::string: {
      const auto& text = value.get_ref<const std::string&>();
      const auto append_text = [&](const std::string& good) {
        bson_append_utf8(out, k, n, good.data(), static_cast<int>(good.size()));
      };
      is_utf8(text) ? append_text(text) : append_text(as_utf8(text));
      break;
    }
    case Json::value_t::binary: {
      const auto& bytes = value.get_binary();
      bson_append_binary(out, k, n, BSON_SUBTYPE_BINARY, bytes.data(),
                         static_cast<std::uint32_t>(bytes.size()));
      break;
    }
    case Json::value_t::object:
    case Json::value_t::array: {
      if (depth >= max_document_depth) {
        bson_append_null(out, k, n);
        break;
      }
      Bson child;
      append_members(child.get(), value, depth + 1);
      if (value.is_object())
        bson_append_document(out, k, n, child.get());
      else
        bson_append_array(out, k, n, child.get());
      break;
    }
    default:
      bson_append_null(out, k, n);
  }
}

bool read_members(bson_iter_t& iter, Json& out, int depth);

bool read_value(bson_iter_t& iter, Json& out, int depth) {
  switch (bson_iter_type(&iter)) {
    case BSON_TYPE_DOUBLE:
      out = bson_iter_double(&iter);
      return true;
    case BSON_TYPE_INT32:
      out = bson_iter_int32(&iter);
      return true;
    case BSON_TYPE_INT64:
      out = bson_iter_int64(&iter);
      return true;
    case BSON_TYPE_BOOL:
      out = bson_iter_bool(&iter);
      return true;
    case BSON_TYPE_DATE_TIME:
      out = bson_iter_date_time(&iter);
      return true;
    case BSON_TYPE_UTF8: {
      std::uint32_t length = 0;
      const char* text = bson_iter_utf8(&iter, &length);
      if (!is_utf8({text, length})) return false;
      out = std::string(text, length);
      return true;
    }
    case BSON_TYPE_BINARY: {
      std::uint32_t length = 0;
      const std::uint8_t* data = nullptr;
      bson_subtype_t subtype{};
      bson_iter_binary(&iter, &subtype, &length, &data);
      out = Json::binary(Json::binary_t::container_type(data, data + length));
      return true;
    }
    case BSON_TYPE_OID: {
      char text[25];
      bson_oid_to_string(bson_iter_oid(&iter), text);
      out = text;
      return true;
    }
    case BSON_TYPE_DECIMAL128: {
      bson_decimal128_t number;
      char text[BSON_DECIMAL128_STRING];
      if (!bson_iter_decimal128(&iter, &number)) return false;
      bson_decimal128_to_string(&number, text);
      out = text;
      return true;
    }
    case BSON_TYPE_DOCUMENT:
    case BSON_TYPE_ARRAY: {
      const bool array = bson_iter_type(&iter) == BSON_TYPE_ARRAY;
      bson_iter_t child;
      if (depth >= max_document_depth || !bson_iter_recurse(&iter, &child)) return false;
      out = array ? Json::array() : Json::object();
      return read_members(child, out, depth + 1);
    }
    default:
      out = nullptr;
      return true;
  }
}

bool read_members(bson_iter_t& iter, Json& out, int depth) {
  while (bson_iter_next(&iter)) {
    const std::string_view key = bson_iter_key(&iter);
    if (!is_utf8(key)) return false;
    Json value;
    if (!read_value(iter, value, depth)) return false;
    if (out.is_array())
      out.push_back(std::move(value));
    else
      out[std::string(key)] = std::move(value);
  }
  return iter.err_off == 0;
}

}  // namespace

std::string to_bson(const Json& object) {
  Bson bson;
  append_members(bson.get(), object, 1);
  return {reinterpret_cast<const char*>(bson_get_data(bson.get())), bson.get()->len};
}

bool is_utf8(std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    const auto length = sequence_length(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

std::string as_utf8(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const auto length = sequence_length(bytes);
    text += length == 0 ? std::string_view("\xef\xbf\xbd") : bytes.substr(0, length);
    bytes.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return text;
}

Result<Json> from_bson(std::string_view bytes) {
  bson_t bson;
  bson_iter_t iter;
  if (!bson_init_static(&bson, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()) ||
      !bson_iter_init(&iter, &bson))
    return fail(Status::malformed,
                std::format("The payload of {} bytes is not one BSON document.", bytes.size()));
  Json out = Json::object();
  if (!read_members(iter, out, 1))
    return fail(
        Status::malformed,
        "The payload is not a valid BSON document: a value is cut, is not UTF-8 or is nested too deep.");
  return out;
}

std::int64_t now_milliseconds() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace celeriac::protocol
