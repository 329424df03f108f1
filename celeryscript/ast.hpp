#pragma once
// CeleryScript as a tree: what the parser makes of JSON, and the checker and the compiler read.

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace celeriac::celeryscript {

struct Kind;  // a row of the grammar table, grammar.hpp

/// Bytes [begin, end) of the source text.
struct Span {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

struct Node;

/// A value inside `args`: a primitive or one child node.
using Value = std::variant<bool, std::int64_t, double, std::string, const Node*>;

/// What JSON has and no argument may be. Only in documents that check() refuses.
enum class Misfit : std::uint8_t { none, null, array };

struct Argument {
  std::string_view name;  ///< as written; lives as long as the Document
  Value value;            ///< means nothing where there is a misfit
  Span span;              ///< of the value
  Span name_span;         ///< of the key, quotes included
  Misfit misfit = Misfit::none;
};

/// A node. The grammar's own limits on what may stand where are checked by check(), so a tree of a
/// document with diagnostics may hold anything, an unknown kind included.
struct Node {
  const Kind* kind = nullptr;  ///< nullptr: the word is not in the grammar
  std::string_view word;       ///< the kind as written
  std::vector<Argument> args;
  std::vector<Node*> body;
  std::string_view comment;
  Span span;       ///< of the whole object
  Span kind_span;  ///< of the value of "kind"; empty if there is none
  Span args_span;  ///< of the value of "args"; empty if there is none
  const Node* parent = nullptr;
  std::string_view slot;  ///< name of the argument of `parent` that holds this node; "" for a body item
  std::uint32_t body_index = 0;  ///< place in the body of `parent`, where `in_body`
  bool in_body = false;          ///< an item of the body of `parent`, not an argument

  [[nodiscard]] const Argument* find(std::string_view name) const noexcept;
  /// JSON pointer of this node in its document: "" for the root, "/body/2/args/_then".
  [[nodiscard]] std::string pointer() const;
};

/// A parsed document: owns the source text and every node. The nodes view the text, so a document
/// moves but is never copied.
struct Document {
  Document() = default;
  Document(Document&&) = default;
  Document& operator=(Document&&) = default;
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;

  std::string source;               ///< on the heap, whatever its size: see parse()
  std::deque<Node> nodes;           ///< stable addresses; the root is the first
  std::deque<std::string> strings;  ///< decoded strings that nodes and arguments view
  const Node* root = nullptr;       ///< nullptr: the text is not JSON, or not one object

  // Attributes of the resource that a stored sequence is, beside kind, args and body.
  std::int64_t resource_id = 0;  ///< "id"; 0: none
  std::string name;              ///< "name"; "" if there is none
};

/// `/` and `~` as they stand inside one step of a JSON pointer.
void append_pointer_step(std::string& pointer, std::string_view step);

}  // namespace celeriac::celeryscript
