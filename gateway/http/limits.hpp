#pragma once
// What an HTTP client may ask of us. Worst case in memory: max_connections × (max_request_body +
// max_response_body).

#include <chrono>
#include <cstddef>

namespace celeriac::gateway {

/// Bytes of a request line and its headers; more is answered 431.
inline constexpr std::uint32_t max_request_header = 16 * 1024;
/// Bytes of a request's body; more is answered 413.
inline constexpr std::size_t max_request_body = std::size_t{4} * 1024 * 1024;
/// Bytes of a process's answer; a longer one becomes 502.
inline constexpr std::size_t max_response_body = std::size_t{16} * 1024 * 1024;
/// Bytes of the headers of a process's answer, names and values; more become 502.
inline constexpr std::size_t max_response_header = 16 * 1024;
/// Connections at once; one more is answered 503 and closed.
inline constexpr std::size_t max_connections = 64;
/// Connections that are being told so; one more is closed without a word.
inline constexpr std::size_t max_refusals = 16;
/// Requests on one connection; after the last it is closed.
inline constexpr int max_requests_per_connection = 1000;
/// WebSockets at once, of the connections; one more is answered 503.
inline constexpr std::size_t max_websockets = 32;
/// Bytes of one message on a WebSocket, either way; a longer one closes it (1009).
inline constexpr std::size_t max_websocket_message = std::size_t{1} * 1024 * 1024;
/// Bytes that wait for a WebSocket's client to read them; with more it is closed.
inline constexpr std::size_t max_websocket_queue = std::size_t{4} * 1024 * 1024;

/// Paths bound at once, and by one process.
inline constexpr std::size_t max_bindings = 1024;
inline constexpr std::size_t max_bindings_per_process = 64;
/// Characters of a bound path.
inline constexpr std::size_t max_bound_path = 512;
/// Bytes that a process has us answer without asking it (`cache`).
inline constexpr std::size_t max_cached_body = std::size_t{1} * 1024 * 1024;

/// Requests of processes to other servers, at once, and of one process.
inline constexpr std::size_t max_client_requests = 32;
inline constexpr std::size_t max_client_requests_per_process = 8;

/// Times of a connection. Tests shorten them.
struct HttpTimes {
  std::chrono::milliseconds header{10'000};   ///< for the request line and headers, from their first byte or
                                              ///< the connection's begin; then 408
  std::chrono::milliseconds body{30'000};     ///< for the body; then 408
  std::chrono::milliseconds idle{15'000};     ///< between two requests of a connection, which then closes
  std::chrono::milliseconds process{30'000};  ///< for the process to answer; then 504
  std::chrono::milliseconds write{30'000};  ///< for the client to take an answer, and for a WebSocket message
};

}  // namespace celeriac::gateway
