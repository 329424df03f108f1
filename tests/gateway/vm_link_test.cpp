#include "gateway/vm_link.hpp"

#include <catch2/catch_test_macros.hpp>

#include "gateway/spawn.hpp"
#include "tests/gateway/fake_vm.hpp"

using namespace celeriac::gateway;
using namespace celeriac::gateway::testing;
using celeriac::protocol::Failure;
using celeriac::protocol::ItemType;
using celeriac::protocol::Result;
using celeriac::protocol::Status;
namespace asio = boost::asio;

namespace {

struct Bench {
  Directory directory;
  asio::io_context io{1};
  FakeVm vm{io, directory.path / "vm.sock"};
  std::shared_ptr<VmLink> link = std::make_shared<VmLink>(io, directory.path / "vm.sock");
  std::vector<Incoming> requests;
  std::shared_ptr<VmProcess> process = link->add(
      {.name = "panel:shed:local"}, [this](Incoming request) { requests.push_back(std::move(request)); });

  Bench() {
    link->start();
    run_until(io, [&] { return link->up(); });
  }
  ~Bench() {
    link->stop();
    io.restart();
    io.poll();
  }
  Result<Incoming> ask(Outgoing message) {
    std::optional<Result<Incoming>> answer;
    start(std::move(message), answer);
    run_until(io, [&] { return answer.has_value(); });
    return std::move(*answer);
  }
  void start(Outgoing message, std::optional<Result<Incoming>>& answer) {
    spawn(io, "a test",
          [](VmProcess& from, Outgoing what, std::optional<Result<Incoming>>& to) -> asio::awaitable<void> {
            to = co_await from.ask(std::move(what));
          }(*process, std::move(message), answer));
  }
};

Outgoing message_to(std::string to, std::string body = {}) {
  Outgoing message;
  message.to = std::move(to);
  message.body = std::move(body);
  message.expects = 5000;
  return message;
}

std::optional<Outgoing> echo(const Item& request, const std::string& blob) {
  Outgoing answer;
  answer.body = request.body;
  if (request.blob) {
    answer.blob_bytes = blob;
    answer.mime = request.blob->mime;
  }
  return answer;
}

}  // namespace

TEST_CASE("a message of any length goes to a process and its answer comes back, blobs and all") {
  Bench bench;
  bench.vm.play("echo:echo:acme", echo);
  for (const std::size_t size : {0U, 10U, 48U * 1024, 48U * 1024 + 1, 1'000'000U, 9'000'000U}) {
    auto message = message_to("our@echo:echo:acme", std::string(std::min<std::size_t>(size, 2'000'000), 'b'));
    message.blob_bytes = std::string(size, 'x');
    message.mime = "image/png";
    const auto answer = bench.ask(std::move(message));
    REQUIRE(answer);
    CHECK(answer->type == ItemType::response);
    CHECK(answer->body.size() == std::min<std::size_t>(size, 2'000'000));
    CHECK(answer->blob_bytes == std::string(size, 'x'));
    CHECK(answer->blob->mime == "image/png");
    CHECK_FALSE(answer->blob_missing);
  }
  run_until(bench.io, [&] { return bench.vm.blobs_kept() == 0; });
}

TEST_CASE("answers find who waits for them, in whatever order they come") {
  Bench bench;
  std::optional<Result<Incoming>> slow, fast;
  bench.vm.play("slow:echo:acme", [](const Item&, const std::string&) { return std::nullopt; });
  bench.vm.play("echo:echo:acme", echo);
  auto message = message_to("slow:echo:acme");
  message.expects = 300;
  bench.start(std::move(message), slow);
  bench.start(message_to("echo:echo:acme", "quick"), fast);
  run_until(bench.io, [&] { return fast.has_value(); });
  CHECK_FALSE(slow);
  CHECK((*fast)->body == "quick");
  run_until(bench.io, [&] { return slow.has_value(); });
  REQUIRE(*slow);
  CHECK((*slow)->type == ItemType::error);
  CHECK((*slow)->failure == Failure::timeout);
}

TEST_CASE("a message to nobody comes back as an error at once") {
  Bench bench;
  const auto answer = bench.ask(message_to("nobody:at:home"));
  REQUIRE(answer);
  CHECK(answer->failure == Failure::no_target);
}

TEST_CASE("who waits when the VM goes away is told, and the link comes back by itself") {
  Bench bench;
  bench.vm.play("slow:echo:acme", [](const Item&, const std::string&) { return std::nullopt; });
  std::optional<Result<Incoming>> answer;
  bench.start(message_to("slow:echo:acme"), answer);
  run_until(bench.io, [&] { return bench.vm.heard.size() == 1; });
  bench.vm.stop_listening();
  bench.vm.drop();
  run_until(bench.io, [&] { return answer.has_value(); });
  REQUIRE_FALSE(*answer);
  CHECK(answer->error().status == Status::offline);
  CHECK(bench.ask(message_to("slow:echo:acme")).error().status == Status::offline);
  bench.vm.listen();
  bench.vm.play("echo:echo:acme", echo);
  run_until(bench.io, [&] { return bench.link->up(); });
  CHECK(bench.ask(message_to("echo:echo:acme", "again"))->body == "again");
}

TEST_CASE("requests arrive in order with their own blobs") {
  Bench bench;
  for (int i = 0; i < 50; ++i) {
    auto message = message_to("panel:shed:local", std::to_string(i));
    if (i % 2 == 0) message.blob_bytes = std::string(1000, static_cast<char>('a' + i % 26));
    bench.vm.send("echo:echo:acme", std::move(message), {});
  }
  run_until(bench.io, [&] { return bench.requests.size() == 50; });
  for (std::size_t i = 0; i < 50; ++i) {
    CHECK(bench.requests[i].body == std::to_string(i));
    CHECK(bench.requests[i].blob_bytes ==
          (i % 2 == 0 ? std::string(1000, static_cast<char>('a' + i % 26)) : std::string()));
  }
}

TEST_CASE("a blob that is too long is not read, and its item says so") {
  Bench bench;
  bench.vm.play("big:echo:acme", [](const Item&, const std::string&) {
    Outgoing answer;
    answer.blob_bytes = std::string(max_blob_read + 1, 'x');
    return answer;
  });
  const auto answer = bench.ask(message_to("big:echo:acme"));
  REQUIRE(answer);
  CHECK(answer->blob_missing);
  CHECK(answer->blob_bytes.empty());
}
