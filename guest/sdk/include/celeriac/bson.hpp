#pragma once
// BSON for guests in C++: Document builds one, Value reads.

#include "base.hpp"
#include "bson.h"

namespace celeriac {

/// Document().put("x", 120.0).put("name", "bed").open("place").put("y", 1).close().bytes()
class Document {
 public:
  Document() { starts_[depth_] = bson_begin(&out_); }
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;
  ~Document() { celeriac_buffer_free(&out_); }

  Document& put(const char* key, std::string_view value) {
    return bson_put_text(&out_, key, text(value)), *this;
  }
  Document& put(const char* key, const char* value) { return put(key, std::string_view(value)); }
  Document& put(const char* key, double value) { return bson_put_double(&out_, key, value), *this; }
  Document& put(const char* key, int value) { return bson_put_int(&out_, key, value), *this; }
  Document& put(const char* key, bool value) { return bson_put_bool(&out_, key, value), *this; }
  Document& put_long(const char* key, int64_t value) { return bson_put_long(&out_, key, value), *this; }
  Document& put_binary(const char* key, std::string_view bytes) {
    return bson_put_binary(&out_, key, text(bytes)), *this;
  }
  /// A document within this one, until close().
  Document& open(const char* key) {
    if (++depth_ == deepest) celeriac_trap();
    starts_[depth_] = bson_open_document(&out_, key);
    return *this;
  }
  Document& close() { return bson_end(&out_, starts_[depth_--]), *this; }
  /// Ends it.
  [[nodiscard]] celeriac_text bytes() {
    while (depth_ >= 0) close();
    return celeriac_built(&out_);
  }

 private:
  static constexpr int deepest = 16;
  celeriac_buffer out_ = {};
  size_t starts_[deepest] = {};
  int depth_ = 0;
};

/// A value in a document that outlives it: Value(document)["place"]["x"].number().
class Value {
 public:
  explicit Value(celeriac_text document) : element_{bson_type_document, {nullptr, 0}, document} {}
  explicit Value(bson_element element) : element_(element) {}
  explicit operator bool() const { return element_.type != 0; }
  Value operator[](const char* key) const { return Value(bson_find(bson_document(element_), key)); }
  [[nodiscard]] double number() const { return bson_number(element_); }
  [[nodiscard]] int64_t integer() const { return bson_long(element_); }
  [[nodiscard]] std::string_view text() const { return view(bson_text(element_)); }

 private:
  bson_element element_;
};

}  // namespace celeriac
