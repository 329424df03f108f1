#include "vm/sequences/code_store.hpp"

#include <boost/hash2/sha2.hpp>
#include <format>
#include <utility>

#include "protocol/document.hpp"

namespace celeriac::vm {

using protocol::Channel;
using protocol::fail;
using protocol::Result;
using protocol::Status;

namespace {

std::string sha256_of(std::string_view bytes) {
  boost::hash2::sha2_256 hash;
  hash.update(bytes.data(), bytes.size());
  return to_string(hash.result());
}

/// What a job of the worker found out about a source.
struct Compiled {
  std::shared_ptr<Code> code;
  CodeEntry entry;
};

}  // namespace

OpenBuffers::~OpenBuffers() {
  for (const auto& [channel, buffer] : buffers_) *buffered_ -= buffer.bytes.size();
}

Result<std::unique_ptr<CodeStore>> CodeStore::open(Worker& worker, Image& image) {
  auto stored = image.codes();
  if (!stored) return std::unexpected(std::move(stored.error()));
  std::unique_ptr<CodeStore> store(new CodeStore(worker, image));
  for (CodeEntry& entry : *stored) {
    const CodeId id = entry.id;
    store->last_id_ = number(id);
    store->codes_[id] = {.entry = std::move(entry), .code = nullptr, .version = ++store->last_version_};
  }
  store->index_resources();
  return store;
}

Result<CodeStore::Stored*> CodeStore::find(CodeId id) {
  const auto found = codes_.find(id);
  if (found == codes_.end() || found->second.removing)
    return fail(Status::not_found, std::format("There is no code {}.", number(id)));
  return &found->second;
}

Result<CodeId> CodeStore::create() {
  if (codes_.size() >= max_codes)
    return fail(Status::out_of_resources, std::format("There are {} codes already: remove some.", max_codes));
  do ++last_id_;
  while (last_id_ == 0 || codes_.contains(CodeId{last_id_}));
  const CodeId id{last_id_};
  codes_[id].entry = {
      .id = id, .name = {}, .kind = {}, .sha256 = {}, .created = protocol::now_milliseconds()};
  return id;
}

Result<void> CodeStore::open(OpenBuffers& buffers, Channel channel, CodeId id) {
  if (auto stored = find(id); !stored) return std::unexpected(std::move(stored.error()));
  const auto key = static_cast<std::uint16_t>(channel);
  buffers.buffered_ = buffered_;
  if (!buffers.buffers_.contains(key) && buffers.buffers_.size() >= max_open_buffers)
    return fail(Status::overloaded,
                std::format("A stream may have {} codes open: close some.", max_open_buffers));
  auto& buffer = buffers.buffers_[key];
  *buffered_ -= buffer.bytes.size();
  buffer = {.code = id, .bytes = {}};
  return {};
}

Result<void> CodeStore::write(OpenBuffers& buffers, Channel channel, std::string_view bytes) {
  const auto found = buffers.buffers_.find(static_cast<std::uint16_t>(channel));
  if (found == buffers.buffers_.end())
    return fail(
        Status::wrong_state,
        std::format("No code is open on channel {}: CODE.OPEN and CODE.WRITE must use the same channel.",
                    static_cast<std::uint16_t>(channel)));
  std::string& buffer = found->second.bytes;
  if (buffer.size() + bytes.size() > max_code_bytes)
    return fail(Status::out_of_resources, std::format("A code may have {} bytes.", max_code_bytes));
  if (*buffered_ + bytes.size() > max_buffered_bytes)
    return fail(
        Status::overloaded,
        std::format("Codes that are being written hold {} bytes already: try again later.", *buffered_));
  *buffered_ += bytes.size();
  buffer += bytes;
  return {};
}

// The channel's own buffer if it is one of this code; else the one that another channel has of it, if there
// is just one: CLOSE names the code, so a client may give every request a channel of its own.
OpenBuffers::Table::iterator OpenBuffers::find(Channel channel, CodeId id) {
  const auto own = buffers_.find(static_cast<std::uint16_t>(channel));
  if (own != buffers_.end() && own->second.code == id) return own;
  const auto is_of_code = [id](const auto& entry) { return entry.second.code == id; };
  const auto first = std::find_if(buffers_.begin(), buffers_.end(), is_of_code);
  if (first == buffers_.end()) return first;
  return std::find_if(std::next(first), buffers_.end(), is_of_code) == buffers_.end() ? first
                                                                                      : buffers_.end();
}

void CodeStore::close(OpenBuffers& buffers, Channel channel, CodeId id, Done done) {
  auto stored = find(id);
  const auto found = buffers.find(channel, id);
  if (found == buffers.buffers_.end()) {
    if (!stored) return done(std::unexpected(std::move(stored.error())));
    return done(
        fail(Status::wrong_state,
             std::format("Code {} is not open on this stream, or on several channels of it: CODE.CLOSE "
                         "belongs on the channel of its CODE.OPEN.",
                         number(id))));
  }
  std::string source = std::move(found->second.bytes);
  *buffered_ -= source.size();
  buffers.buffers_.erase(found);
  if (!stored) return done(std::unexpected(std::move(stored.error())));

  CodeEntry entry{.id = id, .name = {}, .kind = {}, .sha256 = {}, .created = (*stored)->entry.created};
  auto work = [cache = cache_, &image = image_, entry = std::move(entry),
               source = std::move(source)]() mutable -> Result<Compiled> {
    entry.bytes = source.size();
    entry.sha256 = sha256_of(source);
    auto code = compile(*cache, entry.sha256, source);
    if (!code) return std::unexpected(std::move(code.error()));
    entry.resource_id = (*code)->program().resource_id;
    entry.name = (*code)->program().name;
    entry.kind = (*code)->program().kind;
    if (auto kept = image.put(entry, source); !kept) return std::unexpected(std::move(kept.error()));
    return Compiled{std::move(*code), std::move(entry)};
  };
  worker_.run(std::move(work), [this, id, done = std::move(done)](Result<Compiled> made) mutable {
    if (!made) return done(std::unexpected(std::move(made.error())));
    // Removed meanwhile: the removal stands behind us in the worker's queue, so the image is right.
    if (const auto place = codes_.find(id); place != codes_.end()) {
      place->second.entry = std::move(made->entry);
      place->second.code = std::move(made->code);
      place->second.version = ++last_version_;
      index_resources();
    }
    done({});
  });
}

/// On the worker.
Result<std::shared_ptr<Code>> CodeStore::compile(Cache& cache, const std::string& sha256,
                                                 std::string source) {
  std::erase_if(cache, [](const auto& each) { return each.second.expired(); });
  if (const auto known = cache.find(sha256); known != cache.end())
    if (auto code = known->second.lock())
      return Result<std::shared_ptr<Code>>(std::in_place, std::move(code));
  auto made = Code::make(std::move(source));
  if (made) cache[sha256] = *made;
  return made;
}

void CodeStore::remove(CodeId id, Done done) {
  auto stored = find(id);
  if (!stored) return done(std::unexpected(std::move(stored.error())));
  (*stored)->removing = true;
  worker_.run([&image = image_, id] { return image.remove(id); },
              [this, id, done = std::move(done)](Result<void> removed) mutable {
                if (removed)
                  codes_.erase(id);
                else
                  codes_[id].removing = false;
                index_resources();
                done(std::move(removed));
              });
  index_resources();
}

std::vector<CodeEntry> CodeStore::list() const {
  std::vector<CodeEntry> entries;
  for (const auto& [id, stored] : codes_)
    if (!stored.removing) entries.push_back(stored.entry);
  return entries;
}

std::string CodeStore::sequence_name(std::int64_t resource_id) const {
  const auto found = by_resource_.find(resource_id);
  return found != by_resource_.end() ? codes_.at(found->second).entry.name : std::string();
}

Result<CodeStore::Stored*> CodeStore::find_full(CodeId id) {
  auto found = find(id);
  if (found && (*found)->entry.kind.empty())
    return fail(
        Status::wrong_state,
        std::format("Code {} has no contents yet: CODE.OPEN, CODE.WRITE, CODE.CLOSE first.", number(id)));
  return found;
}

void CodeStore::read(CodeId id, Source source) {
  if (auto found = find_full(id); !found) return source(std::unexpected(std::move(found.error())));
  worker_.run([&image = image_, id] { return image.source(id); }, std::move(source));
}

void CodeStore::load(CodeId id, Loaded loaded) {
  auto found = find_full(id);
  if (!found) return loaded(std::unexpected(std::move(found.error())));
  Stored& stored = **found;
  if (stored.code) return loaded(Sequence{id, stored.code});
  auto work = [cache = cache_, &image = image_, id, sha256 = stored.entry.sha256]() -> Result<Compiled> {
    auto source = image.source(id);
    if (!source) return std::unexpected(std::move(source.error()));
    auto code = compile(*cache, sha256, std::move(*source));
    if (!code) return std::unexpected(std::move(code.error()));
    return Compiled{std::move(*code), {}};
  };
  worker_.run(std::move(work), [this, id, version = stored.version,
                                loaded = std::move(loaded)](Result<Compiled> made) mutable {
    if (!made) return loaded(std::unexpected(std::move(made.error())));
    if (const auto now = codes_.find(id); now != codes_.end() && now->second.version == version)
      now->second.code = made->code;
    loaded(Sequence{id, std::move(made->code)});
  });
}

std::optional<Result<Sequence>> CodeStore::find_sequence(std::int64_t sequence_id, Loaded loaded) {
  std::optional<CodeId> id;
  if (const auto found = by_resource_.find(sequence_id); found != by_resource_.end())
    id = found->second;
  else if (sequence_id > 0 && sequence_id <= 65535)
    id = CodeId{static_cast<std::uint16_t>(sequence_id)};
  auto stored = id ? find(*id) : std::unexpected(protocol::Error());
  // A document with an id of its own is meant by that id only, never by the number that its code happens to
  // have.
  const auto named_otherwise = [&] {
    const auto own = (*stored)->entry.resource_id;
    return own != 0 && own != sequence_id;
  };
  if (!stored || named_otherwise() || (*stored)->entry.kind.empty())
    return fail(Status::not_found,
                std::format("sequence not found: no stored code has the id {}. Send that sequence to "
                            "the VM first.",
                            sequence_id));
  if ((*stored)->code) return Sequence{*id, (*stored)->code};
  load(*id, std::move(loaded));
  return std::nullopt;
}

void CodeStore::index_resources() {
  by_resource_.clear();
  for (const auto& [id, stored] : codes_) {
    if (stored.entry.resource_id == 0 || stored.removing) continue;
    const auto [place, is_new] = by_resource_.try_emplace(stored.entry.resource_id, id);
    if (!is_new && codes_.at(place->second).version < stored.version) place->second = id;
  }
}

}  // namespace celeriac::vm
