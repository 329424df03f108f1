#include "vm/sync/code_shelf.hpp"

#include <boost/hash2/sha2.hpp>

namespace celeriac::vm {

using protocol::Channel;
using protocol::Result;

namespace {

/// As the store has it.
std::string sha256_of(std::string_view bytes) {
  boost::hash2::sha2_256 hash;
  hash.update(bytes.data(), bytes.size());
  return to_string(hash.result());
}

}  // namespace

std::set<std::int64_t> CodeShelf::ids() const {
  copies_.clear();
  for (CodeEntry& entry : store_.list())
    if (entry.resource_id > 0) copies_[entry.resource_id].push_back({entry.id, std::move(entry.sha256)});
  std::set<std::int64_t> made;
  for (const auto& [id, copies] : copies_) made.insert(id);
  return made;
}

bool CodeShelf::holds(std::int64_t id, const std::string& text) const {
  const auto found = copies_.find(id);
  // Of several copies the store runs the one that came last, which may be any of them.
  return found != copies_.end() && found->second.size() == 1 &&
         found->second.front().sha256 == sha256_of(text);
}

void CodeShelf::put(std::int64_t id, std::string text, Done done) {
  const auto found = copies_.find(id);
  const bool is_new = found == copies_.end();
  const auto code = is_new ? store_.create() : Result<CodeId>(found->second.back().code);
  if (!code) return done(std::unexpected(code.error()));
  auto finish = [this, is_new, code = *code, done = std::move(done)](Result<void> kept) mutable {
    // A code that was made for it has no contents, and nobody knows its number.
    if (!kept && is_new) store_.remove(code, [](const Result<void>&) {});
    done(std::move(kept));
  };
  constexpr Channel only{1};
  OpenBuffers buffers;
  auto written = store_.open(buffers, only, *code);
  if (written) written = store_.write(buffers, only, text);
  if (!written) return finish(std::move(written));
  store_.close(buffers, only, *code, std::move(finish));
}

void CodeShelf::remove(std::int64_t id, Done done) {
  const auto found = copies_.find(id);
  if (found == copies_.end()) return done({});
  remove_next(std::exchange(found->second, {}), std::move(done));
}

void CodeShelf::remove_next(std::vector<Copy> copies, Done done) {
  if (copies.empty()) return done({});
  const CodeId code = copies.back().code;
  copies.pop_back();
  store_.remove(
      code, [this, copies = std::move(copies), done = std::move(done)](const Result<void>& removed) mutable {
        if (!removed) return done(removed);
        remove_next(std::move(copies), std::move(done));
      });
}

}  // namespace celeriac::vm
