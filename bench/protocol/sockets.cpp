// Requests over a unix socket, to a session in a thread of its own, beside a bare ping-pong of the same
// bytes.
//
// How it is measured: client and server are two threads of one process, both pinned: the argument is the
// processor of the server, the client is on processor 0. The client is blocking C in all cases. "Time" is the
// clock on the wall, "CPU" that of both threads together, which is the one to compare on a machine that does
// other things as well. Targets: a request and its response in at most twice the time of the ping-pong; 1,000
// requests in flight on one stream, at least 200,000 a second.

#include <benchmark/benchmark.h>
#include <pthread.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <string>
#include <thread>

#include "protocol/dispatcher.hpp"
#include "protocol/session.hpp"

namespace {

using namespace celeriac::protocol;
using namespace celeriac::protocol::literals;

void pin(int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<std::size_t>(processor), &set);
  ::pthread_setaffinity_np(::pthread_self(), sizeof set, &set);
}

/// A socket pair whose other end is served in a thread; the thread ends when our end is closed.
class Served {
 public:
  Served(int processor, std::function<void(int)> serve) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) std::abort();
    client_ = ends[0];
    pin(0);
    thread_ = std::thread([processor, serve = std::move(serve), end = ends[1]] {
      pin(processor);
      serve(end);
    });
  }
  ~Served() {
    ::close(client_);
    thread_.join();
  }
  Served(const Served&) = delete;
  Served& operator=(const Served&) = delete;

  void write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto taken = ::write(client_, bytes.data(), bytes.size());
      if (taken <= 0) std::abort();
      bytes.remove_prefix(static_cast<std::size_t>(taken));
    }
  }
  void read(std::size_t bytes) const {
    char buffer[65536];
    while (bytes > 0) {
      const auto got = ::read(client_, buffer, std::min(bytes, sizeof buffer));
      if (got <= 0) std::abort();
      bytes -= static_cast<std::size_t>(got);
    }
  }

 private:
  int client_ = -1;
  std::thread thread_;
};

void append_request(std::string& out, std::uint16_t channel, const std::string& payload) {
  const auto at = out.size();
  out.resize(at + request_header_size);
  encode_request_header(out.data() + at, Channel{channel}, "SYS", "MVABS",
                        static_cast<std::uint16_t>(payload.size()));
  out += payload;
}

const std::string& move() {
  static const auto payload = encode("SYS.MOVE_ABSOLUTE"_op, {{"x", 1}, {"y", 2}, {"z", 3}}).value();
  return payload;
}

void serve_bare(int end, std::size_t request_size) {
  char buffer[65536];
  char response[response_size];
  encode_response(response, {Channel{1}, 0, 0});
  for (std::size_t have = 0;;) {
    const auto got = ::read(end, buffer, sizeof buffer);
    if (got <= 0) break;
    for (have += static_cast<std::size_t>(got); have >= request_size; have -= request_size)
      if (::write(end, response, sizeof response) != sizeof response) break;
  }
  ::close(end);
}

void serve_session(int end) {
  boost::asio::io_context io{1};
  Dispatcher dispatcher(Server::hypervisor);
  dispatcher.on("SYS.MOVE_ABSOLUTE"_op, [](Request& request, Responder responder) {
    benchmark::DoNotOptimize(request.arguments.number("x"));
    responder.ok();
  });
  Session::start(io, Stream::of_socket(io, end), {}, &dispatcher);
  io.run();
}

void ping_pong(benchmark::State& state, const Served& served) {
  std::string request;
  append_request(request, 1, move());
  for (auto _ : state) {
    served.write(request);
    served.read(response_size);
  }
  state.SetItemsProcessed(state.iterations());
}

void request_response_bare_c(benchmark::State& state) {
  const Served served(static_cast<int>(state.range(0)),
                      [](int end) { serve_bare(end, request_header_size + move().size()); });
  ping_pong(state, served);
}
BENCHMARK(request_response_bare_c)->Arg(0)->Arg(1)->MeasureProcessCPUTime()->UseRealTime();

void request_response_session(benchmark::State& state) {
  const Served served(static_cast<int>(state.range(0)), serve_session);
  ping_pong(state, served);
}
BENCHMARK(request_response_session)->Arg(0)->Arg(1)->MeasureProcessCPUTime()->UseRealTime();

/// 1,000 requests on channels of their own, then all their responses.
void thousand_in_flight(benchmark::State& state) {
  const Served served(static_cast<int>(state.range(0)), serve_session);
  std::string requests;
  for (std::uint16_t channel = 1; channel <= 1000; ++channel) append_request(requests, channel, move());
  for (auto _ : state) {
    served.write(requests);
    served.read(1000 * response_size);
  }
  state.SetItemsProcessed(state.iterations() * 1000);
}
BENCHMARK(thousand_in_flight)->Arg(0)->Arg(1)->MeasureProcessCPUTime()->UseRealTime();

}  // namespace
