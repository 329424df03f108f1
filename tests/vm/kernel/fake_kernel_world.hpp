#pragma once
// A kernel on virtual time, without workers and without a disk: processes run when they are told to, and what
// the kernel wants kept is kept here.

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "vm/kernel/kernel.hpp"

namespace celeriac::vm::testing {

class FakeKernelWorld final : public KernelWorld {
 public:
  void start(const KernelProcess& process, Done done) override {
    ++starts[process.spec.name.text()];
    if (refuse_start)
      done(protocol::fail(protocol::Status::invalid_code, *refuse_start));
    else
      done({});
  }
  void stop(const KernelProcess&, Done done) override {
    ++stops;
    done({});
  }
  void keep(const KernelProcess& process, Done done) override {
    kept.insert(process.spec.name.text());
    done({});
  }
  void forget(const KernelProcess& process) override { kept.erase(process.spec.name.text()); }
  void keep_message(MessageRef message, Done done) override {
    if (hold_disk)
      return held.push_back([this, message, done = std::move(done)]() mutable {
        messages[message->stored] = message;
        done({});
      });
    messages[message->stored] = message;
    done({});
  }
  void forget_message(std::uint64_t row) override { messages.erase(row); }
  void commit(const KernelProcess&, Commit commit, Done done) override {
    for (const auto& message : commit.outbox) messages[message->stored] = message;
    messages.erase(commit.dealt_with);
    commits.push_back(std::move(commit));
    done({});
  }
  void forward(MessageRef message, Done done) override {
    forwarded.push_back(message);
    if (online)
      done({});
    else
      done(protocol::fail(protocol::Status::offline, "The node cannot be reached."));
  }
  void print(const KernelProcess* process, int, std::string_view text) override {
    lines.push_back((process != nullptr ? process->spec.name.text() + " " : std::string()) +
                    std::string(text));
  }
  void changed(const KernelProcess&) override {}
  void topic(std::string_view topic, bool wanted) override { topics.emplace_back(topic, wanted); }
  [[nodiscard]] Time now() const override { return time; }
  void set_alarm(Time deadline) override { alarm = deadline; }
  std::uint64_t random() override { return ++last_random * 0x9e3779b97f4a7c15; }

  Time time{};
  Time alarm = Time::max();
  bool online = false, hold_disk = false;
  std::optional<std::string> refuse_start;
  std::map<std::string, int> starts;
  int stops = 0;
  std::set<std::string> kept;
  std::map<std::uint64_t, MessageRef> messages;
  std::vector<Commit> commits;
  std::vector<MessageRef> forwarded;
  std::vector<std::string> lines;
  std::vector<std::pair<std::string, bool>> topics;
  std::deque<std::move_only_function<void()>> held;
  std::uint64_t last_random = 0;
};

/// What a test does in a process's place.
class Bench {
 public:
  explicit Bench(KernelOptions options = {.node = "n.os"}) : kernel(world, std::move(options)) {}

  /// A guest that runs: "a" is a:pkg:pub.
  KernelProcess& guest(const std::string& name, ProcessSpec spec = {}) {
    spec.name = {name, "pkg", "pub"};
    auto made = kernel.initialise(std::move(spec));
    REQUIRE(made);
    kernel.run((*made)->id, [](const protocol::Result<void>&) {});
    return **made;
  }
  /// One that everybody may send to.
  KernelProcess& open_guest(const std::string& name) { return guest(name, {.is_public = true}); }
  void may_message(KernelProcess& from, const KernelProcess& to) {
    kernel.grant(from, kernel.messaging(to.spec.name));
  }

  static protocol::Outgoing to(const KernelProcess& target, std::string body,
                               std::optional<std::int64_t> expects = {}) {
    protocol::Outgoing out;
    out.to = target.address;
    out.body = std::move(body);
    out.expects = expects;
    return out;
  }
  static protocol::Outgoing response(std::string body) {
    protocol::Outgoing out;
    out.body = std::move(body);
    return out;
  }

  protocol::Result<void> send(KernelProcess& from, protocol::Outgoing out, std::optional<BlobRef> blob = {}) {
    protocol::Result<void> result;
    kernel.send(from, std::move(out), {.blob = std::move(blob)},
                [&](protocol::Result<void> done) { result = std::move(done); });
    return result;
  }
  protocol::Result<void> respond(KernelProcess& from, protocol::Outgoing out,
                                 std::optional<BlobRef> blob = {}) {
    protocol::Result<void> result;
    kernel.respond(from, std::move(out), {.blob = std::move(blob)},
                   [&](protocol::Result<void> done) { result = std::move(done); });
    return result;
  }
  /// What lies in the mailbox; nullopt if nothing does.
  std::optional<protocol::Item> receive(KernelProcess& process) {
    std::optional<protocol::Item> got;
    kernel.receive(process, std::chrono::milliseconds(0), [&](protocol::Result<protocol::Item> item) {
      if (item) got = std::move(*item);
    });
    kernel.run_deadlines();
    return got;
  }
  /// The body of what comes next.
  std::string body(KernelProcess& process) {
    const auto item = receive(process);
    REQUIRE(item);
    return item->body;
  }
  void pass(std::chrono::milliseconds time) {
    world.time += time;
    kernel.run_deadlines();
  }
  static BlobRef blob(std::string bytes) { return {std::make_shared<Blob>(std::move(bytes)), "m/t"}; }

  FakeKernelWorld world;
  Kernel kernel;
};

}  // namespace celeriac::vm::testing
