#include "web/tls.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <boost/asio/ip/address.hpp>
#include <format>

namespace celeriac::web {

namespace ssl = boost::asio::ssl;
using protocol::fail;
using protocol::Result;
using protocol::Status;

Result<ssl::context> client_context(const std::filesystem::path& ca_file) {
  ssl::context context(ssl::context::tls_client);
  context.set_options(ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1);
  context.set_verify_mode(ssl::verify_peer);
  boost::system::error_code error;
  context.set_default_verify_paths(error);
  if (error) return fail(Status::failed, "The system's certificates cannot be read: " + error.message());
  if (!ca_file.empty()) {
    context.load_verify_file(ca_file.string(), error);
    if (error)
      return fail(Status::failed,
                  std::format("{} is no file of certificates (PEM): {}.", ca_file.string(), error.message()));
  }
  return context;
}

Result<void> expect_host(SSL* stream, const std::string& host) {
  boost::system::error_code not_an_address;
  boost::asio::ip::make_address(host, not_an_address);
  // A name goes into the handshake; an address must not (RFC 6066), and is looked for in the certificate's
  // list of addresses.
  const bool set = not_an_address ? SSL_set_tlsext_host_name(stream, host.c_str()) == 1 &&
                                        SSL_set1_host(stream, host.c_str()) == 1
                                  : X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(stream), host.c_str()) == 1;
  ERR_clear_error();
  if (!set) return fail(Status::malformed, std::format("\"{}\" is no name of a host.", host));
  return {};
}

std::string certificate_trouble(SSL* stream) {
  const long result = SSL_get_verify_result(stream);
  return result == X509_V_OK ? std::string() : X509_verify_cert_error_string(result);
}

}  // namespace celeriac::web
