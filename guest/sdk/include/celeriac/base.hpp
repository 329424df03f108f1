#pragma once
// The headers of the ABIs for C++20: thin wrappers over those for C, which own what they hold. No exceptions:
// a guest that runs out of memory traps. Like those, they hold code in the one source that defines
// CELERIAC_IMPLEMENTATION.

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base.h"
#include "json.h"

namespace celeriac {

inline celeriac_text text(std::string_view view) {
  return celeriac_bytes(view.data(), view.size());
}
inline std::string_view view(celeriac_text text) {
  return {text.ptr, text.len};
}

/// A JSON value within a text that outlives it: Json(body)["Http"]["headers"]["Host"].text().
class Json {
 public:
  explicit Json(std::string_view json) : json_(json_find(celeriac::text(json), "")) {}
  explicit operator bool() const { return json_.ptr != nullptr; }
  Json operator[](const std::string& path) const { return Json(view(json_find(json_, path.c_str()))); }
  [[nodiscard]] double number() const { return celeriac_number(json_); }
  [[nodiscard]] std::string text() const {
    if (json_.ptr == nullptr) return {};
    celeriac_text plain = json_text(json_);
    std::string made(view(plain));
    free(const_cast<char*>(plain.ptr));
    return made;
  }
  [[nodiscard]] bool is(const char* value) const { return json_is(json_, value); }
  [[nodiscard]] std::string_view raw() const { return view(json_); }

 private:
  celeriac_text json_;
};

/// Builds JSON: JsonWriter().object().key("pin").value(8).end_object().str().
class JsonWriter {
 public:
  JsonWriter() = default;
  JsonWriter(const JsonWriter&) = delete;
  JsonWriter& operator=(const JsonWriter&) = delete;
  ~JsonWriter() { celeriac_buffer_free(&out_); }

  JsonWriter& object() { return json_object(&out_), *this; }
  JsonWriter& end_object() { return json_end_object(&out_), *this; }
  JsonWriter& array() { return json_array(&out_), *this; }
  JsonWriter& end_array() { return json_end_array(&out_), *this; }
  JsonWriter& key(const char* name) { return json_key(&out_, name), *this; }
  JsonWriter& value(std::string_view string) { return json_string(&out_, text(string)), *this; }
  JsonWriter& value(const char* string) { return value(std::string_view(string)); }
  JsonWriter& value(double number) { return json_number(&out_, number), *this; }
  JsonWriter& value(int number) { return value(static_cast<double>(number)); }
  JsonWriter& value(bool truth) { return json_bool(&out_, truth), *this; }
  JsonWriter& null() { return json_null(&out_), *this; }
  JsonWriter& raw(std::string_view json) { return json_raw(&out_, text(json)), *this; }
  [[nodiscard]] std::string str() const { return std::string(view(celeriac_built(&out_))); }

 private:
  celeriac_buffer out_ = {};
};

}  // namespace celeriac
