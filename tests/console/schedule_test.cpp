// schedule and sync at the command line, against a host in the same process.

#include <catch2/catch_test_macros.hpp>
#include <vector>

#include "tests/console/fake_host.hpp"

namespace celeriac::console {
using protocol::Json;
using protocol::Request;
using protocol::Responder;
using protocol::Status;
using test::CommandLine;
using test::FakeVm;
using test::TemporaryDirectory;
using namespace protocol::literals;

namespace {

constexpr std::int64_t now = 1'747'200'000'000, hour = 3'600'000;

Json entry(std::int64_t at, const char* local, const char* name, const char* state) {
  return {{"at", at},     {"local", local},   {"event_id", 3}, {"kind", "sequence"},
          {"name", name}, {"sequence_id", 7}, {"state", state}};
}

/// A host whose farm event 3 is due each day at 8:00.
struct Host {
  TemporaryDirectory directory;
  CommandLine celeriac{directory};
  FakeVm vm{celeriac.io, directory};
  bool clock_is_set = true;
  Json entries = {entry(now + hour, "2025-05-14 08:00:00 CEST", "Water all", "skipped"),
                  entry(now + 25 * hour, "2025-05-15 08:00:00 CEST", "Water all", "due"),
                  entry(now + 49 * hour, "2025-05-16 08:00:00 CEST", "Water all", "due")};
  std::vector<Json> asked;
  Json changes = Json::array();

  Host() {
    vm.dispatcher.on("SCHEDULE.LIST"_op, [this](Request& request, Responder responder) {
      asked.push_back(request.arguments.fields());
      responder.document({{"now", {{"at", now}, {"local", "2025-05-14 07:00:00 CEST"}}},
                          {"timezone", "Europe/Berlin"},
                          {"clock_is_set", clock_is_set},
                          {"entries", entries}});
    });
    vm.dispatcher.on("SCHEDULE.SKIP"_op, [this](Request& request, Responder responder) {
      asked.push_back(request.arguments.fields());
      responder.document({{"event_id", 3}, {"at", now}, {"local", "2025-05-15 08:00:00 CEST"}});
    });
    vm.dispatcher.on("SYS.SYNC"_op,
                     [this](Request&, Responder responder) { responder.document({{"changes", changes}}); });
  }
};

}  // namespace

TEST_CASE("schedule list shows what is due as a table") {
  Host host;
  CHECK(host.celeriac({"schedule", "list", "-n", "5", "--event", "3"}).out ==
        "when                      event  kind      what       state\n"
        "2025-05-14 08:00:00 CEST      3  sequence  Water all  skipped\n"
        "2025-05-15 08:00:00 CEST      3  sequence  Water all  due\n"
        "2025-05-16 08:00:00 CEST      3  sequence  Water all  due\n");
  CHECK(host.asked.at(0) == Json{{"count", 5}, {"event_id", 3}});
}

TEST_CASE("schedule list of nothing says so, and with --json is a document") {
  Host host;
  host.entries = Json::array();
  CHECK(host.celeriac({"schedule", "list"}).out == "nothing is scheduled\n");
  CHECK(host.celeriac({"--json", "schedule", "list"}).json()["entries"].empty());
}

TEST_CASE("a clock that has not been set is remarked on") {
  Host host;
  host.clock_is_set = false;
  CHECK(host.celeriac({"schedule", "list"}).err.contains("has not been set"));
}

TEST_CASE("schedule next shows what runs next and when, passing over what is skipped") {
  Host host;
  CHECK(host.celeriac({"schedule", "next"}).out ==
        "Water all at 2025-05-15 08:00:00 CEST, in 25:00:00 h (farm event 3)\n");
  host.entries = Json::array();
  CHECK(host.celeriac({"schedule", "next"}).out == "nothing is scheduled\n");
}

TEST_CASE("schedule skip leaves out the next time, or one that is written as the list shows it") {
  Host host;
  CHECK(host.celeriac({"schedule", "skip", "3"}).out ==
        "farm event 3 is skipped at 2025-05-15 08:00:00 CEST\n");
  CHECK(host.asked.at(0) == Json{{"event_id", 3}});
  CHECK(host.celeriac({"schedule", "skip", "3", "--at", "2025-05-16 08:00"}).status == 0);
  CHECK(host.asked.back() == Json{{"event_id", 3}, {"at", now + 49 * hour}});
}

TEST_CASE("schedule skip of a time that is none, or of several, is refused") {
  Host host;
  CHECK(host.celeriac({"schedule", "skip", "3", "--at", "2025-05-17"})
            .err.contains("is not due at 2025-05-17"));
  CHECK(host.celeriac({"schedule", "skip", "3", "--at", "2025-05"}).err.contains("more than once"));
  CHECK(host.celeriac({"schedule", "skip"}).status == 2);
}

TEST_CASE("sync says what has changed, kind by kind") {
  Host host;
  CHECK(host.celeriac({"sync"}).out == "nothing has changed\n");
  host.changes = {{{"kind", "point"}, {"new", 3}, {"changed", 1}, {"gone", 0}, {"refused", 0}},
                  {{"kind", "sequence"}, {"new", 0}, {"changed", 0}, {"gone", 2}, {"refused", 1}}};
  CHECK(host.celeriac({"sync"}).out ==
        "point: 3 new, 1 changed\n"
        "sequence: 2 gone, 1 left out (see the log)\n");
  CHECK(host.celeriac({"--json", "sync"}).json()["changes"].size() == 2);
}

TEST_CASE("a sync without an account says how to have one") {
  Host host;
  host.vm.dispatcher.on("SYS.SYNC"_op, [](Request&, Responder responder) {
    responder.fail({.status = Status::wrong_state, .message = "No account is configured."});
  });
  const auto outcome = host.celeriac({"sync"});
  CHECK(outcome.status == 1);
  CHECK(outcome.err.contains("No account is configured."));
}

}  // namespace celeriac::console
