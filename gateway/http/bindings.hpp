#pragma once
// Which process serves which path. The longest bound path that is the request's path or a whole-segment
// prefix of it wins: `/a` serves `/a` and `/a/b`, not `/ab`.

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/http/limits.hpp"
#include "protocol/envelope.hpp"
#include "protocol/error.hpp"

namespace celeriac::gateway {

/// What is served without asking the process.
struct CachedAnswer {
  std::string mime;
  std::string body;
};

struct Binding {
  std::string path;      ///< as clients ask for it: "/status:garden:local/now"
  std::string own_path;  ///< as the process named it: "/now"
  std::string address;   ///< of the process: node@process:package:publisher
  std::string owner;     ///< process:package:publisher
  std::string object;    ///< the process's path, "" if it has none
  protocol::Format format = protocol::Format::kinode;
  bool authenticated = false;  ///< only with the token
  bool local_only = false;     ///< only from this machine
  std::optional<CachedAnswer> cached = {};
};

/// A path in its one spelling: no slash at the end but for "/" itself. Status::malformed if it does not begin
/// with a slash, is too long, or has an empty segment, one of dots, or what does not belong into a path.
protocol::Result<std::string> normal_path(std::string_view path);

/// True if `path` is `prefix` or lies below it.
bool is_below(std::string_view path, std::string_view prefix) noexcept;

class Bindings {
 public:
  /// Replaces one of the same owner. denied: it is another's; out_of_resources: too many.
  protocol::Result<void> bind(Binding binding);
  /// not_found: no such path is bound by this process.
  protocol::Result<void> unbind(std::string_view owner, std::string_view path);
  /// Removes all of a process that has ended, and says how many there were.
  std::size_t remove(std::string_view owner);
  /// Who serves a path; nullptr if nobody does.
  [[nodiscard]] const Binding* find(std::string_view path) const;
  [[nodiscard]] std::size_t size() const noexcept { return by_path_.size(); }
  /// As a file keeps them: without what is cached, for which the process is asked again.
  [[nodiscard]] nlohmann::json document() const;
  /// Takes up what document() gave; what is no binding is left out.
  void restore(const nlohmann::json& document);

 private:
  std::map<std::string, Binding, std::less<>> by_path_;
};

}  // namespace celeriac::gateway
