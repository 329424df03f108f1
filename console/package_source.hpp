#pragma once
// A package that a person names, with the signature that lies beside it.

#include <boost/asio/awaitable.hpp>
#include <string>

#include "console/context.hpp"

namespace celeriac::console {

/// The blob for PACKAGE.INSPECT (protocol/package_file.hpp) of a file, or of what is at an http:// or
/// https:// address; the signature is PLACE.minisig, if there is one. malformed: it cannot be read, or is
/// larger than a package may be.
boost::asio::awaitable<protocol::Result<std::string>> read_package_source(Context& context,
                                                                          const std::string& place);

/// A minisign public key: the text itself, or that of a file.
protocol::Result<std::string> read_public_key(const std::string& key);

}  // namespace celeriac::console
