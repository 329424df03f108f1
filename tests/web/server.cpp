#include "tests/web/server.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch_test_macros.hpp>
#include <format>
#include <fstream>

namespace celeriac::web::testing {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

std::string text_of(BIO* memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  std::string made(data, static_cast<std::size_t>(size));
  BIO_free(memory);
  return made;
}

}  // namespace

Directory::Directory() {
  std::string name = (std::filesystem::temp_directory_path() / "celeriac-web-XXXXXX").string();
  path = ::mkdtemp(name.data());
}

Directory::~Directory() {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

std::filesystem::path Certificate::save(const std::filesystem::path& directory) const {
  auto file = directory / "ca.pem";
  std::ofstream(file) << certificate;
  return file;
}

Certificate make_certificate(const std::string& names) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>("test"), -1,
                             -1, 0);
  X509_set_issuer_name(certificate, name);
  const auto extend = [&](int id, const char* value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, id, value);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  };
  extend(NID_basic_constraints, "critical,CA:TRUE");
  extend(NID_subject_alt_name, names.c_str());
  X509_sign(certificate, key, EVP_sha256());

  BIO* certificate_text = BIO_new(BIO_s_mem());
  BIO* key_text = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(certificate_text, certificate);
  PEM_write_bio_PrivateKey(key_text, key, nullptr, nullptr, 0, nullptr, nullptr);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return {.certificate = text_of(certificate_text), .key = text_of(key_text)};
}

std::string Heard::header(const std::string& name) const {
  const auto at = head.find("\r\n" + name + ": ");
  if (at == std::string::npos) return "";
  const auto begin = at + name.size() + 4;
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

/// Shared with the coroutines, which may outlive the server's object.
struct Server::State {
  State(asio::io_context& context, Answer given)
      : io(context), acceptor(context, tcp::endpoint(tcp::v4(), 0)), answer(std::move(given)) {}
  asio::io_context& io;
  tcp::acceptor acceptor;
  Answer answer;
  std::optional<asio::ssl::context> tls;
  Server* server = nullptr;

  template <class Stream>
  asio::awaitable<void> converse(std::shared_ptr<State> self, Stream& stream) {
    std::string text;
    const auto [broken, size] =
        co_await asio::async_read_until(stream, asio::dynamic_buffer(text), "\r\n\r\n", as_result);
    if (broken) co_return;
    Heard heard{.head = text.substr(0, size), .body = text.substr(size)};
    const std::string length = heard.header("Content-Length");
    const std::size_t whole = length.empty() ? 0 : std::stoul(length);
    if (heard.body.size() < whole) {
      const auto have = heard.body.size();
      heard.body.resize(whole);
      co_await asio::async_read(stream, asio::buffer(heard.body.data() + have, whole - have), as_result);
    }
    if (self->server != nullptr) self->server->heard.push_back(heard);
    const auto said = self->answer(heard);
    if (!said) {
      char byte;  // until the client hangs up
      co_await asio::async_read(stream, asio::buffer(&byte, 1), as_result);
      co_return;
    }
    co_await asio::async_write(stream, asio::buffer(*said), as_result);
  }

  static asio::awaitable<void> serve(std::shared_ptr<State> self, tcp::socket socket) {
    if (!self->tls) {
      co_await self->converse(self, socket);
      boost::system::error_code ignored;
      socket.shutdown(tcp::socket::shutdown_send, ignored);
      co_return;
    }
    asio::ssl::stream<tcp::socket> stream(std::move(socket), *self->tls);
    const auto [error] = co_await stream.async_handshake(asio::ssl::stream_base::server, as_result);
    if (error) co_return;
    co_await self->converse(self, stream);
    co_await stream.async_shutdown(as_result);
  }

  static asio::awaitable<void> accept(std::shared_ptr<State> self) {
    while (true) {
      auto [error, socket] = co_await self->acceptor.async_accept(as_result);
      if (error) co_return;
      asio::co_spawn(self->io, serve(self, std::move(socket)), asio::detached);
    }
  }
};

Server::Server(asio::io_context& io, Answer answer, const Certificate* certificate)
    : secure_(certificate != nullptr), state_(std::make_shared<State>(io, std::move(answer))) {
  state_->server = this;
  port_ = state_->acceptor.local_endpoint().port();
  if (certificate != nullptr) {
    state_->tls.emplace(asio::ssl::context::tls_server);
    state_->tls->use_certificate(asio::buffer(certificate->certificate), asio::ssl::context::pem);
    state_->tls->use_private_key(asio::buffer(certificate->key), asio::ssl::context::pem);
  }
  asio::co_spawn(io, State::accept(state_), asio::detached);
}

Server::~Server() {
  state_->server = nullptr;
  state_->acceptor.close();
}

std::string Server::url(const std::string& target, const std::string& host) const {
  return std::format("{}://{}:{}{}", secure_ ? "https" : "http", host, port_, target);
}

std::string reply(int status, const std::string& body, const std::string& headers) {
  return std::format("HTTP/1.1 {} Word\r\nContent-Length: {}\r\n{}\r\n{}", status, body.size(), headers,
                     body);
}

protocol::Result<HttpResponse> fetch_now(asio::io_context& io, HttpRequest request) {
  std::optional<protocol::Result<HttpResponse>> result;
  fetch(io.get_executor(), std::move(request),
        [&](protocol::Result<HttpResponse> got) { result = std::move(got); });
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!result) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    io.restart();
    io.run_one_for(std::chrono::milliseconds(100));
  }
  return std::move(*result);
}

}  // namespace celeriac::web::testing
