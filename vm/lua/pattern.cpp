#include "vm/lua/pattern.hpp"

#include <algorithm>
#include <cctype>

namespace celeriac::vm::lua {
namespace {

constexpr std::size_t max_captures = 32;
constexpr int max_depth = 200;

bool is_class(unsigned char c, char letter) {
  bool in = false;
  switch (std::tolower(static_cast<unsigned char>(letter))) {
    case 'a':
      in = std::isalpha(c) != 0;
      break;
    case 'c':
      in = std::iscntrl(c) != 0;
      break;
    case 'd':
      in = std::isdigit(c) != 0;
      break;
    case 'g':
      in = std::isgraph(c) != 0;
      break;
    case 'l':
      in = std::islower(c) != 0;
      break;
    case 'p':
      in = std::ispunct(c) != 0;
      break;
    case 's':
      in = std::isspace(c) != 0;
      break;
    case 'u':
      in = std::isupper(c) != 0;
      break;
    case 'w':
      in = std::isalnum(c) != 0;
      break;
    case 'x':
      in = std::isxdigit(c) != 0;
      break;
    default:
      return static_cast<unsigned char>(letter) == c;
  }
  return std::isupper(static_cast<unsigned char>(letter)) != 0 ? !in : in;
}

}  // namespace

std::size_t Matcher::match(std::size_t at) {
  captures_.clear();
  depth_ = 0;
  return match(at, 0);
}

void Matcher::step() {
  if (steps_ == 0) throw PatternError("the pattern takes too long");
  --steps_;
}

std::size_t Matcher::class_end(std::size_t p) const {
  const char c = pattern_[p++];
  if (c == '%') {
    if (p >= pattern_.size()) throw PatternError("malformed pattern (ends with '%')");
    return p + 1;
  }
  if (c != '[') return p;
  if (p < pattern_.size() && pattern_[p] == '^') ++p;
  do {  // the first ']' is a character of the set
    if (p >= pattern_.size()) throw PatternError("malformed pattern (missing ']')");
    if (pattern_[p++] == '%') {
      if (p >= pattern_.size()) throw PatternError("malformed pattern (missing ']')");
      ++p;
    }
  } while (p >= pattern_.size() || pattern_[p] != ']');
  return p + 1;
}

/// `p` is at '[', `end` behind the ']'.
bool Matcher::matches_set(unsigned char c, std::size_t p, std::size_t end) {
  bool inside = true;
  const std::size_t last = end - 1;
  if (pattern_[p + 1] == '^') {
    inside = false;
    ++p;
  }
  while (++p < last) {
    step();
    if (pattern_[p] == '%') {
      ++p;
      if (is_class(c, pattern_[p])) return inside;
    } else if (p + 2 < last && pattern_[p + 1] == '-') {
      if (static_cast<unsigned char>(pattern_[p]) <= c && c <= static_cast<unsigned char>(pattern_[p + 2]))
        return inside;
      p += 2;
    } else if (static_cast<unsigned char>(pattern_[p]) == c) {
      return inside;
    }
  }
  return !inside;
}

bool Matcher::matches_one(std::size_t at, std::size_t p, std::size_t end) {
  step();
  if (at >= text_.size()) return false;
  const auto c = static_cast<unsigned char>(text_[at]);
  switch (pattern_[p]) {
    case '.':
      return true;
    case '%':
      return is_class(c, pattern_[p + 1]);
    case '[':
      return matches_set(c, p, end);
    default:
      return static_cast<unsigned char>(pattern_[p]) == c;
  }
}

std::size_t Matcher::repeat_most(std::size_t at, std::size_t p, std::size_t end) {
  std::size_t count = 0;
  while (matches_one(at + count, p, end)) ++count;
  for (;; --count) {
    step();
    if (const auto found = match(at + count, end + 1); found != none) return found;
    if (count == 0) return none;
  }
}

std::size_t Matcher::repeat_least(std::size_t at, std::size_t p, std::size_t end) {
  for (;; ++at) {
    if (const auto found = match(at, end + 1); found != none) return found;
    if (!matches_one(at, p, end)) return none;
  }
}

std::size_t Matcher::balance(std::size_t at, std::size_t p) {
  if (p + 1 >= pattern_.size()) throw PatternError("malformed pattern (missing arguments to '%b')");
  if (at >= text_.size() || text_[at] != pattern_[p]) return none;
  std::size_t depth = 1;
  while (++at < text_.size()) {
    step();
    if (text_[at] == pattern_[p + 1]) {
      if (--depth == 0) return at + 1;
    } else if (text_[at] == pattern_[p]) {
      ++depth;
    }
  }
  return none;
}

std::size_t Matcher::open(std::size_t at, std::size_t p, std::ptrdiff_t kind) {
  if (captures_.size() >= max_captures) throw PatternError("too many captures");
  const auto kept = captures_.size();
  captures_.push_back({at, kind});
  const auto found = match(at, p);
  if (found == none) captures_.resize(kept);
  return found;
}

std::size_t Matcher::close(std::size_t at, std::size_t p) {
  for (std::size_t i = captures_.size(); i-- > 0;) {
    if (captures_[i].size != Capture::open) continue;
    captures_[i].size = static_cast<std::ptrdiff_t>(at - captures_[i].begin);
    const auto found = match(at, p);
    if (found == none) captures_[i].size = Capture::open;
    return found;
  }
  throw PatternError("invalid pattern capture");
}

std::size_t Matcher::back_reference(std::size_t at, unsigned char digit) {
  const std::size_t index = digit - std::size_t{'1'};
  if (index >= captures_.size() || captures_[index].size < 0)
    throw PatternError("invalid capture index in the pattern");
  const auto& capture = captures_[index];
  const auto wanted = text_.substr(capture.begin, static_cast<std::size_t>(capture.size));
  steps_ -= std::min<std::uint64_t>(steps_, wanted.size() / 16);
  return text_.substr(std::min(at, text_.size())).starts_with(wanted) ? at + wanted.size() : none;
}

std::size_t Matcher::match(std::size_t at, std::size_t p) {
  if (++depth_ > max_depth) throw PatternError("pattern too complex");
  struct Leave {
    int& depth;
    ~Leave() { --depth; }
  } leave{depth_};
  while (p < pattern_.size()) {
    step();
    const char c = pattern_[p];
    if (c == '(') {
      const bool position = p + 1 < pattern_.size() && pattern_[p + 1] == ')';
      return position ? open(at, p + 2, Capture::position) : open(at, p + 1, Capture::open);
    }
    if (c == ')') return close(at, p + 1);
    if (c == '$' && p + 1 == pattern_.size()) return at == text_.size() ? at : none;
    if (c == '%' && p + 1 < pattern_.size()) {
      const char next = pattern_[p + 1];
      if (next == 'b') {
        at = balance(at, p + 2);
        if (at == none) return none;
        p += 4;
        continue;
      }
      if (next == 'f') {
        p += 2;
        if (p >= pattern_.size() || pattern_[p] != '[')
          throw PatternError("missing '[' after '%f' in pattern");
        const auto end = class_end(p);
        const auto before = at == 0 ? '\0' : text_[at - 1], here = at < text_.size() ? text_[at] : '\0';
        if (matches_set(static_cast<unsigned char>(before), p, end) ||
            !matches_set(static_cast<unsigned char>(here), p, end))
          return none;
        p = end;
        continue;
      }
      if (next >= '0' && next <= '9') {
        at = back_reference(at, static_cast<unsigned char>(next));
        if (at == none) return none;
        p += 2;
        continue;
      }
    }
    const auto end = class_end(p);
    const char suffix = end < pattern_.size() ? pattern_[end] : '\0';
    if (suffix == '?') {
      if (matches_one(at, p, end))
        if (const auto found = match(at + 1, end + 1); found != none) return found;
      p = end + 1;
    } else if (suffix == '+') {
      return matches_one(at, p, end) ? repeat_most(at + 1, p, end) : none;
    } else if (suffix == '*') {
      return repeat_most(at, p, end);
    } else if (suffix == '-') {
      return repeat_least(at, p, end);
    } else {
      if (!matches_one(at, p, end)) return none;
      ++at;
      p = end;
    }
  }
  return at;
}

}  // namespace celeriac::vm::lua
