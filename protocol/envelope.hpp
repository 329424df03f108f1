#pragma once
// Messages between processes, as the operations MESSAGE.* carry them: what a process hands over (Outgoing),
// and what it gets (Item). Both are BSON documents; absent fields are left out.
//
//   Outgoing   to, inherit, expects (ms), body | body_blob, metadata, mime, blob | blob_bytes, blob_same,
//              capabilities, context, format, topic, content_type, pairs, error, rsvp, replies, request
//   Item       type, source, source_path, request, inherit, expects (ms), body, metadata, capabilities, blob
//   {mime, size},
//              context, format, topic, content_type, pairs, error, settles; of errors
//              also failure, explanation, target, of_response
//
// The codec reads and writes libbson directly: a message passes here twice on its way.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/error.hpp"

namespace celeriac::protocol {

/// Bytes of a body: the kernel's limit. A longer one is refused.
inline constexpr std::size_t max_body = std::size_t{16} * 1024 * 1024 - 64 * 1024;
/// Bytes of a blob: the canonical ABI's limit of a list.
inline constexpr std::size_t max_blob = (std::size_t{1} << 28) - 1;
/// Bytes of a body that travel inside the frame; a longer one is written as a blob before, and named by
/// `body_blob`. Leaves room for the other fields of an envelope in one payload.
inline constexpr std::size_t max_inline_body = 48 * 1024;
/// Capabilities on one message, and pairs of its metadata.
inline constexpr std::size_t max_capabilities_attached = 64;
inline constexpr std::size_t max_pairs = 256;

/// The right to do something, as its issuer understands it. Text against text; equality is the kernel's to
/// judge (issuers equal, params equal as JSON).
struct Capability {
  std::string issuer;  ///< address: node@process:package:publisher
  std::string params;  ///< JSON text
  friend bool operator==(const Capability&, const Capability&) = default;
};

/// In whose terms a message was written.
enum class Format : std::uint8_t { kinode, othismo, wasi, farm };
std::string_view name(Format format) noexcept;

using Pairs = std::vector<std::pair<std::string, std::string>>;

/// What every message carries, sent or received.
struct Content {
  std::string body;                      ///< bytes
  std::optional<std::string> metadata;   ///< JSON text, as Kinode has it
  std::vector<Capability> capabilities;  ///< attached
  Format format = Format::kinode;
  std::optional<std::string> topic;         ///< publications: what they were published on
  std::optional<std::string> content_type;  ///< wasi:messaging
  std::optional<Pairs> pairs;  ///< wasi:messaging's metadata, in order; nullopt: none was ever set
  /// Responses: why the request was not dealt with, for a person. A publication that waits for its
  /// subscribers counts it as failed.
  std::optional<std::string> error;
};

/// A message that a process sends or responds with.
struct Outgoing : Content {
  std::string to;  ///< an address ("our@p:k:u", "p:k:u"), or a path ("/sys/motion", "/topic/soil"); unused in
                   ///< a response
  bool inherit = false;
  std::optional<std::int64_t> expects;  ///< ms within which a response is expected; nullopt: none is
  std::uint16_t body_blob = 0;          ///< handle of a blob that is the body, 0: `body` is
  std::optional<std::string> context;   ///< bytes, kept for the response
  std::uint16_t blob = 0;               ///< handle of the blob that goes along, 0: none
  std::optional<std::string>
      blob_bytes;  ///< or its bytes, where they are few (at most max_inline_body with the body)
  std::optional<std::string> mime;  ///< of the blob
  std::optional<std::string> rsvp;  ///< where the response goes instead of to the sender: a path
  /// Requests to a topic that expect something: 0, the outcome of all subscribers in one response
  /// {subscribers, failed, errors}; else that many direct replies (MESSAGE.AWAIT gives the first; with
  /// `request` and no `to` it waits for one more).
  std::uint16_t replies = 0;
  std::uint64_t request =
      0;  ///< responses: the Item::request that is answered; 0: what the process is dealing with

  [[nodiscard]] bool has_blob() const noexcept { return blob != 0 || blob_bytes.has_value(); }
};

/// How an Item came to be.
enum class ItemType : std::uint8_t { request, response, error };
std::string_view name(ItemType type) noexcept;

/// Why a message was not answered.
enum class Failure : std::uint8_t {
  offline,    ///< the node cannot be reached
  timeout,    ///< no answer in time
  no_target,  ///< there is no such process
  denied,     ///< the sender lacks the capability
  full,       ///< the target's mailbox is full
  too_large,
  bad_message,
  trap,      ///< the target ended while it dealt with it
  deadlock,  ///< the answer would have to wait for itself
};
std::string_view name(Failure failure) noexcept;

/// The blob of an item; its bytes are read with BLOB.READ {blob: 0}.
struct BlobInfo {
  std::optional<std::string> mime;
  std::uint64_t size = 0;
};

/// What comes out of a mailbox.
struct Item : Content {
  ItemType type = ItemType::request;
  std::string source;       ///< address
  std::string source_path;  ///< path of a source on this node, else ""
  std::uint64_t request =
      0;  ///< names the request for a later MESSAGE.RESPOND; 0: nobody waits for a response
  bool inherit = false;
  std::optional<std::int64_t> expects;  ///< ms
  /// A publication whose publisher waits to hear what became of it: the outcome is the response.
  bool settles = false;
  std::optional<BlobInfo> blob;
  std::optional<std::string> context;  ///< responses and errors: what was kept with the request
  // errors only; the content is that of the message that failed, as it was sent:
  Failure failure = Failure::timeout;
  std::string explanation;   ///< for a person: who was not reached, and why
  std::string target;        ///< address it was sent to
  bool of_response = false;  ///< what failed was a response
};

/// One BSON document.
std::string encode(const Outgoing& message);
std::string encode(const Item& item);

/// Status::malformed with a sentence that names the field; bounds above are checked, and every text is UTF-8.
Result<Outgoing> decode_outgoing(std::string_view bson);
Result<Item> decode_item(std::string_view bson);

}  // namespace celeriac::protocol
