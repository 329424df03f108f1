#pragma once
// The account that the host belongs to: where its web API is, and the token that opens it.

#include <filesystem>
#include <string>

#include "protocol/error.hpp"

namespace celeriac::vm {

/// Bytes of a token file that is read: a token of the web API has about 1 kB, the answer that brings it 3 kB.
inline constexpr std::size_t max_token_file_bytes = 64 * 1024;

struct AccountOptions {
  std::string web_api = {};               ///< "https://my.farm.bot"; "": no account
  std::filesystem::path token_file = {};  ///< the answer of /api/tokens, or the bare encoded token
  std::filesystem::path ca_file = {};     ///< certificates of a server of one's own, PEM
};

struct Account {
  std::string server;  ///< without a slash at the end
  std::string token;
  std::filesystem::path ca_file;
};

/// wrong_state, denied, malformed: the sentence says what to put where.
protocol::Result<Account> read_account(const AccountOptions& options);

}  // namespace celeriac::vm
