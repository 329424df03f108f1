#include "vm/sync/account.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <format>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "web/url.hpp"

namespace celeriac::vm {

using nlohmann::json;
using protocol::fail;
using protocol::Result;
using protocol::Status;

namespace {

Result<std::string> read_token_file(const std::filesystem::path& file) {
  struct ::stat about{};
  if (::stat(file.c_str(), &about) != 0)
    return fail(Status::wrong_state, std::format("The token file {} cannot be found.", file.string()));
  if ((about.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return fail(Status::denied,
                std::format("Others may read the token file {}, and whoever has the token has the garden. "
                            "Run: chmod 600 {}",
                            file.string(), file.string()));
  if (static_cast<std::size_t>(about.st_size) > max_token_file_bytes)
    return fail(Status::malformed, std::format("The token file {} is too long for one.", file.string()));
  std::ifstream stream(file);
  std::ostringstream text;
  if (!(text << stream.rdbuf()))
    return fail(Status::wrong_state,
                std::format("The token file {} cannot be read, or is empty.", file.string()));
  return text.str();
}

/// The answer of the web API is {token: {encoded, unencoded}, user}; people may cut it down.
std::string token_in(const std::string& text) {
  const json document = json::parse(text, nullptr, false);
  if (document.is_object()) {
    const json inner = document.value("token", document);
    const json encoded = inner.is_object() ? inner.value("encoded", json()) : inner;
    return encoded.is_string() ? encoded.get<std::string>() : std::string();
  }
  if (document.is_string()) return document.get<std::string>();
  if (!document.is_discarded()) return "";
  constexpr std::string_view blanks = " \t\r\n";
  const auto begin = text.find_first_not_of(blanks);
  return begin == std::string::npos ? std::string()
                                    : text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

}  // namespace

Result<Account> read_account(const AccountOptions& options) {
  Account account{.server = options.web_api, .token = {}, .ca_file = options.ca_file};
  if (const auto url = web::parse_url(account.server); !url)
    return fail(Status::malformed, "--web-api: " + url.error().message);
  while (account.server.ends_with('/')) account.server.pop_back();
  if (options.token_file.empty())
    return fail(Status::wrong_state, "--web-api needs --web-token-file with a token of the account.");
  const auto text = read_token_file(options.token_file);
  if (!text) return std::unexpected(text.error());
  account.token = token_in(*text);
  const bool is_one_word =
      std::ranges::all_of(account.token, [](unsigned char c) { return c > ' ' && c < 0x7f; });
  if (account.token.empty() || !is_one_word)
    return fail(
        Status::malformed,
        std::format("{} holds no token: it must be the answer of {}/api/tokens, or the encoded token alone.",
                    options.token_file.string(), account.server));
  return account;
}

}  // namespace celeriac::vm
