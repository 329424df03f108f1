#pragma once
// What is wrong with a document, and where: made by the parser and the checker, shown like a good
// compiler shows it, sent as an error document.

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "celeryscript/ast.hpp"
#include "protocol/error.hpp"

namespace celeriac::celeryscript {

enum class Severity : std::uint8_t {
  error,    ///< the document will not run
  warning,  ///< it runs, but a person should know
};

struct Diagnostic {
  std::string_view code;  ///< a stable word for programs, "unknown_kind"; a literal
  Severity severity = Severity::error;
  std::string message;  ///< whole sentences for a person
  /// JSON pointer of what is wrong: a node, an argument, or the `args` that lack one. It resolves in
  /// the document; "" for the root, and where the text is no JSON.
  std::string pointer;
  Span span;
  std::vector<std::string> expected;  ///< what could stand there instead; may be empty
  std::string suggestion;             ///< the known word that the written one is close to; "" for none

  // Filled in by Diagnostics::add.
  std::uint32_t line = 0;    ///< from 1
  std::uint32_t column = 0;  ///< from 1, in Unicode code points
  std::string excerpt;       ///< the line, or a window of a long one: one column a code point, valid UTF-8
  std::string marker;        ///< stands under the excerpt: blanks, `^`, `~~~`
};

/// All diagnostics of one document, at most `most` of them; the rest is only counted.
class Diagnostics {
 public:
  static constexpr std::size_t most = 100;

  /// Whether add() would still keep one; counts one more omitted if not. Ask before working out a message.
  [[nodiscard]] bool room() noexcept;
  /// Keeps a diagnostic, completing it with its place in `source` (the whole document, always the same).
  void add(std::string_view source, Diagnostic diagnostic);
  /// Orders them as they stand in the document.
  void sort();

  /// No errors; there may be warnings.
  [[nodiscard]] bool clean() const noexcept { return errors_ == 0; }
  [[nodiscard]] std::size_t errors() const noexcept { return errors_; }    ///< omitted ones included
  [[nodiscard]] std::size_t omitted() const noexcept { return omitted_; }  ///< beyond `most`
  [[nodiscard]] const std::vector<Diagnostic>& list() const noexcept { return list_; }
  /// Whether something has been said about exactly this place.
  [[nodiscard]] bool mentions(Span span) const noexcept;

 private:
  std::vector<Diagnostic> list_;
  std::vector<std::uint32_t> line_starts_;  // made when the first diagnostic needs it
  // The last place counted out: a document may be one line of megabytes, and diagnostics mostly come in
  // order.
  std::size_t counted_line_ = 0;
  std::size_t counted_to_ = 0;
  std::size_t counted_points_ = 0;
  std::size_t errors_ = 0;
  std::size_t omitted_ = 0;
};

struct Style {
  std::string_view file = "sequence";  ///< what stands before `:line:column:`
  bool colour = false;
};

/// For a person, several lines, each ended by a line feed.
[[nodiscard]] std::string render(const Diagnostic& diagnostic, const Style& style = {});
/// All of them, and how many were omitted.
[[nodiscard]] std::string render(const Diagnostics& diagnostics, const Style& style = {});

/// `{code, severity, message, path, line, column, excerpt, expected, suggestion}`.
[[nodiscard]] nlohmann::json to_json(const Diagnostic& diagnostic);

/// The error that CODE CLOSE answers: status invalid_code, the first error's message, path and code, and
/// details `{diagnostics: […], omitted}`, bounded so that the document stays below 64 KiB.
[[nodiscard]] protocol::Error to_error(const Diagnostics& diagnostics);

}  // namespace celeriac::celeryscript
