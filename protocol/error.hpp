#pragma once
// An error as it crosses every border of the system: a status, words for a person, and where.

#include <expected>
#include <nlohmann/json.hpp>
#include <string>

#include "protocol/status.hpp"

namespace celeriac::protocol {

/// Why something was not done. Travels as the error document `{code, message, path, details}`.
struct Error {
  Status status = Status::internal;
  /// For a person: whole sentences, what happened and what to try.
  std::string message;
  /// JSON pointer into the CeleryScript; "" where there is none.
  std::string path = {};
  /// A stable word for programs, finer than the status (`unknown_kind`); "" means the status' name.
  std::string code = {};
  /// Anything that a program may want beside the sentence: always an object.
  nlohmann::json details = nlohmann::json::object();

  /// The error document: `{code, message, path, details}`.
  [[nodiscard]] nlohmann::json document() const;
};

template <class T>
using Result = std::expected<T, Error>;

/// `return fail(Status::not_found, "There is no pin 70.")`
[[nodiscard]] inline std::unexpected<Error> fail(Status status, std::string message, std::string path = {}) {
  return std::unexpected(Error{.status = status, .message = std::move(message), .path = std::move(path)});
}

}  // namespace celeriac::protocol
