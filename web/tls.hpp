#pragma once
// Whom we believe: the system's certificate authorities, and one more file where somebody runs a server of
// their own.

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <filesystem>
#include <string>

#include "protocol/error.hpp"

namespace celeriac::web {

/// A client's context, TLS 1.2 or newer, that refuses what is not certified. `ca_file`: PEM, believed beside
/// the system's; "" for none. Status::failed if it cannot be read.
protocol::Result<boost::asio::ssl::context> client_context(const std::filesystem::path& ca_file);

/// Makes a stream ask for the host by name (SNI) and insist on a certificate of that name or address.
protocol::Result<void> expect_host(SSL* stream, const std::string& host);

/// Why the peer's certificate is not believed; "" if that was not the trouble.
std::string certificate_trouble(SSL* stream);

}  // namespace celeriac::web
