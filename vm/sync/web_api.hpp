#pragma once
// The account's web API, as it is asked: a method, a path, JSON in, JSON out.

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "protocol/error.hpp"
#include "vm/sync/account.hpp"
#include "vm/worker.hpp"

namespace celeriac::vm {

class WebApi {
 public:
  using Done = std::move_only_function<void(protocol::Result<nlohmann::json>)>;

  virtual ~WebApi() = default;
  /// `path`: "/api/points"; `body` null: none. `done` runs once, never inside the call. denied: the token is
  /// not good; not_found; malformed: the API refuses the body, and says why; overloaded, offline, timeout:
  /// another time perhaps; failed: the answer is no JSON.
  virtual void ask(std::string method, std::string path, nlohmann::json body, Done done) = 0;
};

/// Whether asking again may help.
[[nodiscard]] bool is_passing(const protocol::Error& error);

/// What a status of the API and its body mean.
protocol::Result<nlohmann::json> answer_of(int status, const std::string& body, const std::string& asked);

/// Over the network. JSON is read on the worker's thread: a large account has megabytes of it.
class AccountApi final : public WebApi {
 public:
  AccountApi(boost::asio::any_io_executor executor, Worker& worker, Account account)
      : executor_(std::move(executor)), worker_(worker), account_(std::move(account)) {}
  void ask(std::string method, std::string path, nlohmann::json body, Done done) override;
  [[nodiscard]] const Account& account() const noexcept { return account_; }

 private:
  boost::asio::any_io_executor executor_;
  Worker& worker_;
  Account account_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace celeriac::vm
