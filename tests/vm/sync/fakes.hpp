#pragma once
// An account that the test keeps, and a host around it on a clock of its own.

#include <catch2/catch_test_macros.hpp>
#include <deque>
#include <format>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "vm/sync/outbox.hpp"
#include "vm/sync/sync.hpp"

namespace celeriac::vm::testing {

using nlohmann::json;
using protocol::Error;
using protocol::fail;
using protocol::Result;
using protocol::Status;
using namespace std::chrono_literals;

class FakeWorld final : public SyncWorld {
 public:
  std::chrono::milliseconds clock{0};
  std::multimap<std::chrono::milliseconds, std::move_only_function<void()>> timers;
  std::vector<std::string> logs, statuses;
  std::string outbox;

  void after(std::chrono::milliseconds time, std::move_only_function<void()> then) override {
    timers.emplace(clock + time, std::move(then));
  }
  void log(std::string_view type, int, std::string message) override {
    logs.push_back(std::format("{}: {}", type, message));
  }
  void status(std::string_view word) override { statuses.emplace_back(word); }
  void save_outbox(std::string text) override { outbox = std::move(text); }

  void pass(std::chrono::milliseconds time) {
    const auto end = clock + time;
    while (!timers.empty() && timers.begin()->first <= end) {
      clock = timers.begin()->first;
      auto then = std::move(timers.extract(timers.begin()).mapped());
      then();
    }
    clock = end;
  }
  [[nodiscard]] bool logged(const std::string& part) const {
    return std::ranges::any_of(logs, [&](const auto& line) { return line.contains(part); });
  }
};

/// The web API: what it has by path, and what it says of the next requests of a path.
class FakeApi final : public WebApi {
 public:
  struct Asked {
    std::string method, path;
    json body;
    [[nodiscard]] std::string line() const { return method + " " + path; }
  };
  explicit FakeApi(FakeWorld& world) : world_(world) {
    for (const auto& row : asset_kinds())
      has[std::string(row.path)] = row.singleton ? json::object() : json::array();
    has["/api/sequences"] = json::array();
  }
  std::map<std::string, json> has;
  std::map<std::string, std::deque<Error>> troubles;  ///< by line, as "GET /api/points"
  std::vector<Asked> asked;
  std::optional<Error> down;
  std::int64_t next_id = 1000;

  void ask(std::string method, std::string path, json body, Done done) override {
    world_.after(1ms, [this, method, path, body, done = std::move(done)]() mutable {
      asked.push_back({method, path, body});
      done(answer(method, path, body));
    });
  }
  [[nodiscard]] std::vector<std::string> lines(const std::string& method = "") const {
    std::vector<std::string> made;
    for (const auto& each : asked)
      if (method.empty() || each.method == method) made.push_back(each.line());
    return made;
  }

 private:
  Result<json> answer(const std::string& method, const std::string& path, json body) {
    if (down) return std::unexpected(*down);
    if (auto& trouble = troubles[method + " " + path]; !trouble.empty()) {
      Error error = trouble.front();
      trouble.pop_front();
      return std::unexpected(error);
    }
    if (method == "POST") {
      body["id"] = next_id++;
      return body;
    }
    if (method != "GET") return json::object();
    const auto found = has.find(path.substr(0, path.find('?')));
    if (found == has.end()) return fail(Status::not_found, "The web API has nothing there.");
    return found->second;
  }
  FakeWorld& world_;
};

class FakeShelf final : public SequenceShelf {
 public:
  std::map<std::int64_t, std::string> texts;
  [[nodiscard]] std::set<std::int64_t> ids() const override {
    std::set<std::int64_t> made;
    for (const auto& [id, text] : texts) made.insert(id);
    return made;
  }
  [[nodiscard]] bool holds(std::int64_t id, const std::string& text) const override {
    const auto found = texts.find(id);
    return found != texts.end() && found->second == text;
  }
  void put(std::int64_t id, std::string text, Done done) override {
    if (text.contains("bad")) return done(fail(Status::invalid_code, "There is no kind \"bad\".", "/body/0"));
    texts[id] = std::move(text);
    done({});
  }
  void remove(std::int64_t id, Done done) override {
    texts.erase(id);
    done({});
  }
};

inline const Error offline_error{.status = Status::offline, .message = "There is no network."};
inline const Error denied_error{.status = Status::denied, .message = "The token has expired."};

struct House {
  FakeWorld world;
  FakeApi api{world};
  Assets assets;
  FakeShelf shelf;
  std::unique_ptr<Outbox> outbox;
  std::unique_ptr<Sync> sync;

  House() { start(); }
  void start() {
    sync.reset();
    outbox = std::make_unique<Outbox>(world, api, assets, world.outbox);
    sync = std::make_unique<Sync>(world, api, *outbox, assets, shelf);
  }
  Result<json> run() {
    std::optional<Result<json>> made;
    sync->run([&](Result<json> result) { made = std::move(result); });
    world.pass(60s);
    REQUIRE(made);
    return std::move(*made);
  }
  void account_has(const std::string& path, json items) { api.has["/api/" + path] = std::move(items); }
};

inline json tool(std::int64_t id, const std::string& name) {
  return {{"id", id}, {"name", name}};
}

}  // namespace celeriac::vm::testing
