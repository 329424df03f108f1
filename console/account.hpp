#pragma once
// An account as a file: an object of collections as the web API names them, one collection, or one item.

#include <boost/asio/awaitable.hpp>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "console/client.hpp"
#include "protocol/document.hpp"
#include "protocol/error.hpp"

namespace celeriac::console {

/// Bytes of a file that is imported, and levels of objects and arrays in it.
inline constexpr std::size_t max_account_bytes = 64 * 1024 * 1024;
inline constexpr int max_account_depth = 200;

/// A kind of asset as the host names it (ASSET.SUMMARY), or the sequences, which live in the code store.
struct AccountKind {
  std::string name;        ///< "point"
  std::string collection;  ///< "points"
  bool singleton = false;
  std::size_t count = 0;        ///< how many the host has
  protocol::Json changed = {};  ///< ms since 1970
};

inline constexpr std::string_view sequence_kind = "sequence";

/// The kinds of a host, sequences last: what they refer to is there before them.
std::vector<AccountKind> account_kinds(const protocol::Json& summary);

/// By name or collection in any spelling ("PointGroups", "point-group"), or by what the account calls a part
/// of a collection ("plants", "tool_slots"); nullptr if there is none.
const AccountKind* find_kind(const std::vector<AccountKind>& kinds, std::string_view name);

/// The error of a name that is none: it says which there are.
protocol::Error no_such_kind(std::string_view name, const std::vector<AccountKind>& kinds);

/// All assets of a kind, by id.
boost::asio::awaitable<protocol::Result<std::vector<protocol::Json>>> assets_of(Client& client,
                                                                                const std::string& kind);

/// JSON with the keys in the order of the text, so that what comes out again looks as it went in.
using OrderedJson = nlohmann::ordered_json;

/// Items of one kind in a file.
struct Collection {
  const AccountKind* kind;
  std::string key;  ///< what the file calls it; the name of the kind if it calls it nothing
  std::vector<OrderedJson> items;
};

struct Account {
  std::vector<Collection> collections;  ///< in the order of the kinds
  std::vector<std::string> left_out;    ///< keys of which nothing was taken
};

/// The JSON of a file, "-" being standard input. malformed: it cannot be read, is none, or is too large.
protocol::Result<OrderedJson> read_account_file(const std::filesystem::path& path);

/// What is in a document; it refers to `kinds`, which must outlive it. `kind`, where it is not nullptr, is
/// what the items of a list, or one item, are; else their fields must tell. malformed: they do not.
protocol::Result<Account> read_account(const OrderedJson& document, const std::vector<AccountKind>& kinds,
                                       const AccountKind* kind);

}  // namespace celeriac::console
