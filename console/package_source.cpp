#include "console/package_source.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <format>
#include <fstream>
#include <memory>
#include <optional>

#include "protocol/package_file.hpp"
#include "web/http_client.hpp"
#include "web/url.hpp"

namespace celeriac::console {
namespace asio = boost::asio;
using protocol::Error;
using protocol::fail;
using protocol::Result;
using protocol::Status;

namespace {

constexpr std::string_view signature_suffix = ".minisig";
/// A whole package over a slow line.
constexpr std::chrono::minutes download_patience{30};
/// Bytes of a file that holds a public key.
constexpr std::size_t max_key_file = 4096;
constexpr int http_ok = 200, http_not_found = 404;

Result<std::string> read_file(const std::filesystem::path& path, std::size_t most) {
  std::error_code ignored;
  std::ifstream file(path, std::ios::binary);
  if (!file || std::filesystem::is_directory(path, ignored))
    return fail(Status::malformed, std::format("Cannot read {}: {}.", path.string(),
                                               file ? "it is a directory" : std::strerror(errno)));
  std::string bytes(most + 1, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  if (bytes.size() > most)
    return fail(Status::malformed, std::format("{} is longer than {} bytes.", path.string(), most));
  return bytes;
}

Result<std::string> read_files(const std::string& path) {
  const auto archive = read_file(path, protocol::max_package_bytes);
  if (!archive) return archive;
  std::error_code ignored;
  const std::string beside = path + std::string(signature_suffix);
  if (!std::filesystem::exists(beside, ignored)) return protocol::join_package_file("", *archive);
  const auto signature = read_file(beside, protocol::max_signature_bytes);
  if (!signature) return signature;
  return protocol::join_package_file(*signature, *archive);
}

/// What is at an address; nullopt: nothing is.
asio::awaitable<Result<std::optional<std::string>>> download(Context& context, const std::string& url,
                                                             std::size_t most) {
  struct Pending {
    asio::steady_timer timer;
    std::optional<Result<web::HttpResponse>> response = std::nullopt;
  };
  auto& io = context.world().io;
  auto pending = std::make_shared<Pending>(asio::steady_timer(io, download_patience));
  web::fetch(io.get_executor(), {.url = url, .timeout = download_patience, .max_body = most},
             [pending](Result<web::HttpResponse> response) {
               pending->response = std::move(response);
               pending->timer.cancel();
             });
  co_await pending->timer.async_wait(asio::as_tuple(asio::use_awaitable));
  if (!pending->response)
    co_return std::unexpected(
        Error{.status = Status::cancelled, .message = "Interrupted.", .code = interrupted_code});
  auto& response = *pending->response;
  if (!response) co_return std::unexpected(std::move(response.error()));
  if (response->status == http_not_found) co_return std::nullopt;
  if (response->status != http_ok)
    co_return fail(Status::failed, std::format("{} answers with status {}.", url, response->status));
  co_return std::optional(std::move(response->body));
}

/// The address of the signature: a query stays behind it.
std::string beside(const std::string& url) {
  const auto end = std::min(url.find_first_of("?#"), url.size());
  return url.substr(0, end) + std::string(signature_suffix) + url.substr(end);
}

asio::awaitable<Result<std::string>> read_addresses(Context& context, const std::string& url) {
  auto archive = co_await download(context, url, protocol::max_package_bytes);
  if (!archive) co_return std::unexpected(std::move(archive.error()));
  if (!*archive) co_return fail(Status::not_found, std::format("There is nothing at {}.", url));
  auto signature = co_await download(context, beside(url), protocol::max_signature_bytes);
  if (!signature) co_return std::unexpected(std::move(signature.error()));
  co_return protocol::join_package_file(signature->value_or(""), **archive);
}

}  // namespace

asio::awaitable<Result<std::string>> read_package_source(Context& context, const std::string& place) {
  if (place.starts_with("http://") || place.starts_with("https://"))
    co_return co_await read_addresses(context, place);
  co_return read_files(place);
}

Result<std::string> read_public_key(const std::string& key) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(key, ignored) ? read_file(key, max_key_file)
                                                        : Result<std::string>(key);
}

}  // namespace celeriac::console
