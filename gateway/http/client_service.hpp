#pragma once
// http-client:distro:sys: processes ask other servers.
//
//   {"HttpRequest": {"method", "url", "headers"}} + blob ──► web::fetch ──► {"Ok": {"HttpResponse":
//   {"status", "headers"}}} + blob
//                                                                       └─► {"Err": {"RequestFailed": "…"}},
//                                                                       {"Err": {"BadUrl": …}}

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "gateway/http/limits.hpp"
#include "gateway/vm_link.hpp"

namespace celeriac::gateway {

/// How long another server may take, where the message expects nothing sooner.
inline constexpr std::chrono::milliseconds client_deadline{60'000};

class HttpClientService {
 public:
  /// `ca_file`: certificates that are believed beside the system's.
  HttpClientService(VmLink& link, std::filesystem::path ca_file);

 private:
  void taken(Incoming request);
  boost::asio::awaitable<void> fetch(Incoming request);

  std::filesystem::path ca_file_;
  std::map<std::string, std::size_t> busy_;  // requests under way, by process
  std::size_t all_busy_ = 0;
  std::shared_ptr<VmProcess> process_;
};

}  // namespace celeriac::gateway
