#include "celeryscript/parser.hpp"

#include <algorithm>
#include <array>
#include <format>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "celeryscript/grammar.hpp"
#include "celeryscript/syntax.hpp"
#include "protocol/words.hpp"

namespace celeriac::celeryscript {

using protocol::distance;
using protocol::shown;
namespace {

using nlohmann::json;

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
// A key longer than this does not go into pointers: they end at what holds it.
constexpr std::size_t longest_pointer_step = 256;
// A string of this capacity is on the heap with every standard library.
constexpr std::size_t heap_capacity = 64;

/// Keys of an object that is a node.
enum class Key : std::uint8_t { kind, args, body, comment, id, name, other };
constexpr std::array node_keys = {std::string_view("kind"), std::string_view("args"),
                                  std::string_view("body"), std::string_view("comment")};

constexpr std::uint8_t bit(Key key) noexcept {
  return static_cast<std::uint8_t>(1U << static_cast<unsigned>(key));
}

/// An open object or array that means something.
struct Frame {
  enum class Place : std::uint8_t { node, args, body };
  Place place;
  Key key = Key::other;        ///< of a node: whose value comes next
  std::uint8_t seen = 0;       ///< of a node: bits of the keys so far
  bool drop = false;           ///< the next value has been refused already
  Node* node;                  ///< the node, or the one whose args or body this is
  std::uint32_t items = 0;     ///< of a body: so far, refused ones included
  std::string_view name = {};  ///< of args: whose value comes next
  Span name_span = {};
};

/// Receives the events of the JSON library and builds the tree. The library tells no positions: `cursor_`
/// follows through the text, from the end of one token over blanks, commas and colons to the start of the
/// next.
class Builder {
 public:
  Builder(Document& document, Diagnostics& diagnostics)
      : document_(document), diagnostics_(diagnostics), source_(document.source) {
    if (source_.starts_with(byte_order_mark)) cursor_ = byte_order_mark.size();
  }

  // The library's interface, json::json_sax_t.
  bool null() { return primitive("null", token(4), std::nullopt); }
  bool boolean(bool value) { return primitive("a boolean", token(value ? 4 : 5), Value(value)); }
  bool number_integer(std::int64_t value) { return primitive("a number", number_token(), Value(value)); }
  bool number_unsigned(std::uint64_t value) {
    const Span span = number_token();
    // Beyond 2^63 it is as good as a floating point number: the checker says what may not be one.
    if (!std::in_range<std::int64_t>(value))
      return primitive("a number", span, Value(static_cast<double>(value)));
    return primitive("a number", span, Value(static_cast<std::int64_t>(value)));
  }
  bool number_float(double value, const std::string&) {
    return primitive("a number", number_token(), Value(value));
  }
  bool string(std::string& value);
  bool binary(json::binary_t&) { return false; }  // JSON text has none
  bool start_object(std::size_t);
  bool key(std::string& name);
  bool end_object();
  bool start_array(std::size_t);
  bool end_array();
  bool parse_error(std::size_t position, const std::string&, const json::exception& error) {
    diagnostics_ = {};  // what was said about the shape of half a document is of no use
    diagnostics_.add(source_, syntax_error(source_, error.what(), position, cursor_));
    return false;
  }

 private:
  using Place = Frame::Place;

  Span token(std::size_t size) noexcept;
  Span number_token() noexcept;
  Span string_token(std::string_view decoded) noexcept;
  /// The text of a string token: in the source where nothing is escaped, otherwise kept in the document.
  std::string_view kept(Span span, std::string& decoded);

  bool primitive(std::string_view what, Span span, std::optional<Value> value);
  void attribute(Frame& frame, std::string_view what, Span span, Value* value);
  bool open_node(Frame* parent, Span brace);
  void close_node(Frame& frame, std::uint32_t end);
  void node_key(Frame& frame, std::string_view name, Span span);
  void argument_key(Frame& frame, std::string_view name, Span span);
  /// Whether one level more may be opened.
  bool deeper(Span at);
  bool stop(std::string_view code, Span at, std::string message);
  void report(std::string_view code, std::string pointer, Span at, std::string message,
              std::vector<std::string> expected = {}, std::string_view suggestion = {});
  bool refuse_root(Span at);

  Document& document_;
  Diagnostics& diagnostics_;
  std::string_view source_;
  std::size_t cursor_ = 0;
  std::vector<Frame> stack_;
  std::size_t depth_ = 0;
  std::size_t ignored_ = 0;  ///< levels open inside a value that means nothing
};

std::string below(const Node& node, std::string_view where, std::string_view step = {}) {
  std::string pointer = node.pointer();
  pointer += where;
  if (!step.empty() && step.size() <= longest_pointer_step) {
    pointer += '/';
    append_pointer_step(pointer, step);
  }
  return pointer;
}

// ---- positions ---------------------------------------------------------------------------------

Span Builder::token(std::size_t size) noexcept {
  constexpr std::string_view between = " \t\r\n,:";
  while (cursor_ < source_.size() && between.contains(source_[cursor_])) ++cursor_;
  const auto begin = static_cast<std::uint32_t>(cursor_);
  cursor_ = std::min(cursor_ + size, source_.size());
  return {begin, static_cast<std::uint32_t>(cursor_)};
}

Span Builder::number_token() noexcept {
  Span span = token(1);
  const auto part = [](char c) {
    return (c >= '0' && c <= '9') || c == '.' || c == 'e' || c == 'E' || c == '+' || c == '-';
  };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  // "01" is two numbers, and the second one is an error: keep off it.
  if (source_[span.begin] == '-' && source_.substr(cursor_).starts_with('0')) ++cursor_;
  const bool led_by_zero = source_[cursor_ - 1] == '0' && cursor_ < source_.size() && digit(source_[cursor_]);
  while (!led_by_zero && cursor_ < source_.size() && part(source_[cursor_])) ++cursor_;
  span.end = static_cast<std::uint32_t>(cursor_);
  return span;
}

Span Builder::string_token(std::string_view decoded) noexcept {
  Span span = token(1);
  const std::size_t size = decoded.size();
  // Nothing escaped: the text is the value. (A text with an escape is longer, so its quote comes later.)
  if (source_.substr(cursor_, size) == decoded && cursor_ + size < source_.size() &&
      source_[cursor_ + size] == '"') {
    cursor_ += size + 1;
  } else {
    while (cursor_ < source_.size() && source_[cursor_] != '"') cursor_ += source_[cursor_] == '\\' ? 2U : 1U;
    cursor_ = std::min(cursor_ + 1, source_.size());
  }
  span.end = static_cast<std::uint32_t>(cursor_);
  return span;
}

std::string_view Builder::kept(Span span, std::string& decoded) {
  if (span.end - span.begin == decoded.size() + 2) return source_.substr(span.begin + 1, decoded.size());
  return document_.strings.emplace_back(std::move(decoded));
}

// ---- reports -----------------------------------------------------------------------------------

void Builder::report(std::string_view code, std::string pointer, Span at, std::string message,
                     std::vector<std::string> expected, std::string_view suggestion) {
  diagnostics_.add(source_, {.code = code,
                             .message = std::move(message),
                             .pointer = std::move(pointer),
                             .span = at,
                             .expected = std::move(expected),
                             .suggestion = std::string(suggestion)});
}

bool Builder::stop(std::string_view code, Span at, std::string message) {
  diagnostics_ = {};
  report(code, {}, at, std::move(message));
  return false;
}

bool Builder::refuse_root(Span at) {
  return stop("not_a_node", at, "A document is one object with kind, args and body.");
}

bool Builder::deeper(Span at) {
  if (++depth_ <= deepest_json) return true;
  return stop("too_deep", at,
              std::format("Objects and arrays are nested more than {} levels deep.", deepest_json));
}

// ---- objects and arrays ------------------------------------------------------------------------

bool Builder::start_object(std::size_t) {
  const Span brace = token(1);
  if (!deeper(brace)) return false;
  if (ignored_ > 0) {
    ++ignored_;
    return true;
  }
  if (stack_.empty()) return open_node(nullptr, brace);
  Frame& frame = stack_.back();
  if (frame.place == Place::node) {
    if (frame.key == Key::args && !frame.drop) {
      frame.node->args_span = brace;
      stack_.push_back({.place = Place::args, .node = frame.node});
      return true;
    }
    attribute(frame, "an object", brace, nullptr);
  } else if (!frame.drop) {
    return open_node(&frame, brace);
  }
  frame.drop = false;
  ignored_ = 1;
  return true;
}

bool Builder::open_node(Frame* parent, Span brace) {
  if (document_.nodes.size() >= most_nodes) {
    return stop("too_many_nodes", brace, std::format("The document has more than {} nodes.", most_nodes));
  }
  Node& node = document_.nodes.emplace_back();
  node.span = brace;
  if (parent != nullptr) {
    node.parent = parent->node;
    if (parent->place == Place::body) {
      node.in_body = true;
      node.body_index = parent->items++;
      parent->node->body.push_back(&node);
    } else {
      node.slot = parent->name;
      parent->node->args.push_back(
          {.name = parent->name, .value = &node, .span = brace, .name_span = parent->name_span});
    }
  }
  stack_.push_back({.place = Place::node, .node = &node});
  return true;
}

bool Builder::end_object() {
  const Span brace = token(1);
  --depth_;
  if (ignored_ > 0) {
    --ignored_;
    return true;
  }
  Frame& frame = stack_.back();
  if (frame.place == Place::args) {
    frame.node->args_span.end = brace.end;
  } else {
    close_node(frame, brace.end);
  }
  stack_.pop_back();
  return true;
}

void Builder::close_node(Frame& frame, std::uint32_t end) {
  Node& node = *frame.node;
  node.span.end = end;
  // The argument that holds it is the last one its parent has by now.
  if (node.parent != nullptr && !node.in_body) stack_[stack_.size() - 2].node->args.back().span.end = end;
  if ((frame.seen & bit(Key::kind)) == 0 && diagnostics_.room()) {
    report("missing_kind", node.pointer(), node.span,
           "This object has no 'kind': every node says what it is.", {"kind"});
  }
  if ((frame.seen & bit(Key::args)) == 0 && diagnostics_.room()) {
    report("missing_args", node.pointer(), node.kind_span.end > 0 ? node.kind_span : node.span,
           std::format("Expected node '{}' to have 'args', an object, which may be empty.", shown(node.word)),
           {"args"});
  }
}

bool Builder::start_array(std::size_t) {
  const Span bracket = token(1);
  if (!deeper(bracket)) return false;
  if (ignored_ > 0) {
    ++ignored_;
    return true;
  }
  if (stack_.empty()) return refuse_root(bracket);
  Frame& frame = stack_.back();
  switch (frame.place) {
    case Place::node:
      if (frame.key == Key::body && !frame.drop) {
        stack_.push_back({.place = Place::body, .node = frame.node});
        return true;
      }
      attribute(frame, "an array", bracket, nullptr);
      break;
    case Place::args:
      if (!frame.drop) {
        frame.node->args.push_back({.name = frame.name,
                                    .value = false,
                                    .span = bracket,
                                    .name_span = frame.name_span,
                                    .misfit = Misfit::array});
      }
      break;
    case Place::body:
      primitive("an array", bracket, std::nullopt);
      break;
  }
  frame.drop = false;
  ignored_ = 1;
  return true;
}

bool Builder::end_array() {
  token(1);
  --depth_;
  if (ignored_ > 0) {
    --ignored_;
  } else {
    stack_.pop_back();
  }
  return true;
}

// ---- keys --------------------------------------------------------------------------------------

bool Builder::key(std::string& name) {
  const Span span = string_token(name);
  if (ignored_ > 0) return true;
  Frame& frame = stack_.back();
  const std::string_view word = kept(span, name);
  if (frame.place == Place::args) {
    argument_key(frame, word, span);
  } else {
    node_key(frame, word, span);
  }
  return true;
}

void Builder::node_key(Frame& frame, std::string_view name, Span span) {
  frame.key = Key::other;
  frame.drop = false;
  const auto found = std::ranges::find(node_keys, name);
  if (found != node_keys.end()) {
    frame.key = static_cast<Key>(found - node_keys.begin());
    if ((frame.seen & bit(frame.key)) != 0) {
      frame.drop = true;
      if (diagnostics_.room()) {
        report("duplicate_key", below(*frame.node, "", name), span,
               std::format("'{}' stands twice in this object: only the first is read.", name));
      }
    }
    frame.seen |= bit(frame.key);
    return;
  }
  if (stack_.size() == 1 && name == "id") frame.key = Key::id;
  if (stack_.size() == 1 && name == "name") frame.key = Key::name;
  for (std::size_t i = 0; i < node_keys.size(); ++i) {
    if (distance(name, node_keys[i], 1) > 1) continue;
    // What it would have been is not missed as well.
    frame.seen |= bit(static_cast<Key>(i));
    if (diagnostics_.room()) {
      report("unknown_key", below(*frame.node, "", name), span,
             std::format("'{}' is not a key of a node.", shown(name)), {node_keys.begin(), node_keys.end()},
             node_keys[i]);
    }
    return;
  }
}

void Builder::argument_key(Frame& frame, std::string_view name, Span span) {
  frame.name = name;
  frame.name_span = span;
  const auto& args = frame.node->args;
  const bool twice = frame.node->find(name) != nullptr;
  frame.drop = twice || args.size() >= most_arguments;
  if (!frame.drop || !diagnostics_.room()) return;
  const std::string pointer = below(*frame.node, "/args", name);
  if (twice) {
    report("duplicate_key", pointer, span,
           std::format("The argument '{}' stands twice: only the first is read.", shown(name)));
  } else {
    report("too_many_arguments", pointer, span,
           std::format("A node has at most {} arguments.", most_arguments));
  }
}

// ---- values ------------------------------------------------------------------------------------

bool Builder::string(std::string& value) {
  const Span span = string_token(value);
  if (ignored_ > 0) return true;
  if (!stack_.empty() && stack_.back().place == Place::node) {
    Frame& frame = stack_.back();
    if (!frame.drop && (frame.key == Key::kind || frame.key == Key::comment)) {
      const std::string_view word = kept(span, value);
      if (frame.key == Key::kind) {
        frame.node->word = word;
        frame.node->kind = find_kind(word);
        frame.node->kind_span = span;
      } else {
        frame.node->comment = word;
      }
      return true;
    }
  }
  return primitive("a string", span, Value(std::move(value)));
}

bool Builder::primitive(std::string_view what, Span span, std::optional<Value> value) {
  if (ignored_ > 0) return true;
  if (stack_.empty()) return refuse_root(span);
  Frame& frame = stack_.back();
  switch (frame.place) {
    case Place::node:
      attribute(frame, what, span, value ? &*value : nullptr);
      break;
    case Place::args:
      if (frame.drop) break;
      frame.node->args.push_back({.name = frame.name,
                                  .value = value ? std::move(*value) : Value(false),
                                  .span = span,
                                  .name_span = frame.name_span,
                                  .misfit = value ? Misfit::none : Misfit::null});
      break;
    case Place::body: {
      const std::uint32_t index = frame.items++;
      if (!diagnostics_.room()) break;
      report("not_a_node", below(*frame.node, "/body", std::to_string(index)), span,
             std::format("An item of a body is a node, an object with kind and args, but this is {}.", what),
             {"a node"});
      break;
    }
  }
  frame.drop = false;
  return true;
}

/// A value of a key of a node that is not where the value belongs, or is of no account.
void Builder::attribute(Frame& frame, std::string_view what, Span span, Value* value) {
  static constexpr std::array shapes = {"a string", "an object", "an array", "a string"};
  if (frame.drop) return;
  if (frame.key == Key::id && value != nullptr && std::holds_alternative<std::int64_t>(*value)) {
    document_.resource_id = std::get<std::int64_t>(*value);
  } else if (frame.key == Key::name && value != nullptr && std::holds_alternative<std::string>(*value)) {
    document_.name = std::move(std::get<std::string>(*value));
  }
  const auto index = static_cast<std::size_t>(frame.key);
  if (index >= node_keys.size() || !diagnostics_.room()) return;
  report("wrong_type", below(*frame.node, "", node_keys[index]), span,
         std::format("'{}' must be {}, but this is {}.", node_keys[index], shapes[index], what),
         {shapes[index]});
}

}  // namespace

Parsed parse(std::string source) {
  Parsed parsed;
  Document& document = parsed.document;
  Diagnostics& diagnostics = parsed.diagnostics;
  if (source.size() > most_source_bytes) {
    diagnostics.add("", {.code = "too_large",
                         .message = std::format("The document has {} bytes; {} are the most.", source.size(),
                                                most_source_bytes)});
    return parsed;
  }
  // Views into the text must outlive moves of the document: keep even a short text on the heap.
  source.reserve(heap_capacity);
  document.source = std::move(source);
  Builder builder(document, diagnostics);
  const char* const begin = document.source.data();
  if (json::sax_parse(begin, begin + document.source.size(), &builder))
    document.root = &document.nodes.front();
  return parsed;
}

}  // namespace celeriac::celeryscript
