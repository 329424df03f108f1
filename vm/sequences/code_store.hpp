#pragma once
// The codes that clients made: contents, compiled versions, and the buffers that are being written.
//
//     CREATE ──► empty ──OPEN──► buffer of (stream, channel) ──WRITE*──► CLOSE ──┬─ good: the code's contents
//     now, on disk
//                                                                                └─ bad:  old contents stay
// Whatever comes of CLOSE, the buffer is gone then. While a buffer is written, and after a bad CLOSE, the old
// contents serve. Versions live as long as a process runs them; equal sources share one version.

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "celeryscript/parser.hpp"
#include "protocol/error.hpp"
#include "protocol/frame.hpp"
#include "vm/image/image.hpp"
#include "vm/sequences/code.hpp"
#include "vm/sequences/world.hpp"
#include "vm/worker.hpp"

namespace celeriac::vm {

inline constexpr std::size_t max_codes = 4096;
/// Bytes of one code.
inline constexpr std::size_t max_code_bytes = celeryscript::most_source_bytes;
/// Buffers that one stream has open.
inline constexpr std::size_t max_open_buffers = 64;
/// Bytes in the buffers of all streams.
inline constexpr std::size_t max_buffered_bytes = 4 * max_code_bytes;

/// The buffers that a stream has open, by channel. Gives its share of the bytes back when the stream ends.
class OpenBuffers {
 public:
  OpenBuffers() = default;
  ~OpenBuffers();
  OpenBuffers(const OpenBuffers&) = delete;
  OpenBuffers& operator=(const OpenBuffers&) = delete;

 private:
  friend class CodeStore;
  struct Buffer {
    CodeId code{};
    std::string bytes;
  };
  using Table = boost::unordered_flat_map<std::uint16_t, Buffer>;
  Table::iterator find(protocol::Channel channel, CodeId id);

  Table buffers_;
  std::shared_ptr<std::size_t> buffered_;  // of all streams
};

class CodeStore {
 public:
  using Done = std::move_only_function<void(protocol::Result<void>)>;
  using Loaded = std::move_only_function<void(protocol::Result<Sequence>)>;
  using Source = std::move_only_function<void(protocol::Result<std::string>)>;

  /// Serves the codes that the image holds; they are compiled when they are first used.
  static protocol::Result<std::unique_ptr<CodeStore>> open(Worker& worker, Image& image);

  protocol::Result<CodeId> create();
  /// A buffer that the channel had open is dropped.
  protocol::Result<void> open(OpenBuffers& buffers, protocol::Channel channel, CodeId id);
  protocol::Result<void> write(OpenBuffers& buffers, protocol::Channel channel, std::string_view bytes);
  /// `done` runs when the contents are compiled and on disk.
  void close(OpenBuffers& buffers, protocol::Channel channel, CodeId id, Done done);
  void remove(CodeId id, Done done);
  [[nodiscard]] std::vector<CodeEntry> list() const;
  /// Of the sequence whose document has this resource id; "" if there is none.
  [[nodiscard]] std::string sequence_name(std::int64_t resource_id) const;
  /// The contents as they were written. wrong_state: the code has none yet.
  void read(CodeId id, Source source);

  /// The present version; `loaded` runs at once if it is compiled already.
  void load(CodeId id, Loaded loaded);
  /// The sequence whose document has this resource id (the last one closed, if several have), else the code
  /// with this id, if its document has none of its own. nullopt: `loaded` runs later.
  std::optional<protocol::Result<Sequence>> find_sequence(std::int64_t sequence_id, Loaded loaded);

 private:
  struct Stored {
    CodeEntry entry;
    std::shared_ptr<Code> code;  // nullptr: empty, or not compiled since the start
    std::uint64_t version = 0;   // of its contents
    bool removing = false;
  };
  /// The versions that are alive, by hash. Only the worker touches it.
  using Cache = std::unordered_map<std::string, std::weak_ptr<Code>>;

  CodeStore(Worker& worker, Image& image) : worker_(worker), image_(image) {}
  protocol::Result<Stored*> find(CodeId id);
  protocol::Result<Stored*> find_full(CodeId id);
  void index_resources();
  static protocol::Result<std::shared_ptr<Code>> compile(Cache& cache, const std::string& sha256,
                                                         std::string source);

  Worker& worker_;
  Image& image_;
  std::map<CodeId, Stored> codes_;
  std::unordered_map<std::int64_t, CodeId> by_resource_;
  std::shared_ptr<Cache> cache_ = std::make_shared<Cache>();
  std::shared_ptr<std::size_t> buffered_ = std::make_shared<std::size_t>(0);
  std::uint64_t last_version_ = 0;
  std::uint16_t last_id_ = 0;
};

}  // namespace celeriac::vm
