#pragma once
// The farm ABI for guests in C++:
//
//   #define CELERIAC_IMPLEMENTATION
//   #include <celeriac/farm.hpp>
//
//   FARM_MAIN() {
//     celeriac::Answer answer = celeriac::ask("SYS", "STATU");
//     if (answer.document()["locked"].integer() == 0) farm_move_absolute(0, 0, 0);
//   }

#include "bson.hpp"
#include "farm.h"

#define FARM_MAIN() extern "C" CELERIAC_EXPORT("farm_main") void farm_main(void)

namespace celeriac {

/// The answer to a request: its status, its value, and the document in its slices.
class Answer {
 public:
  Answer(const char* name_space, const char* operation, celeriac_text payload)
      : status_(farm_ask(name_space, operation, payload, &value_, &slices_)) {}
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;
  ~Answer() { celeriac_buffer_free(&slices_); }

  explicit operator bool() const { return status_ == farm_ok; }
  [[nodiscard]] farm_status status() const { return status_; }
  [[nodiscard]] uint16_t value() const { return value_; }
  [[nodiscard]] Value document() const { return Value(celeriac_built(&slices_)); }

 private:
  celeriac_buffer slices_ = {};
  uint16_t value_ = 0;
  farm_status status_;
};
inline Answer ask(const char* name_space, const char* operation) {
  return {name_space, operation, {nullptr, 0}};
}
inline Answer ask(const char* name_space, const char* operation, Document&& payload) {
  return {name_space, operation, payload.bytes()};
}

}  // namespace celeriac
