#include "vm/schedule/journal.hpp"

#include <format>
#include <iterator>
#include <nlohmann/json.hpp>

namespace celeriac::vm {

using nlohmann::json;
using std::chrono::milliseconds;

namespace {

json written(const Due& due) {
  return json::array({due.event_id, due.moment.at.time_since_epoch().count(), due.moment.item});
}

Due due_of(const json& from) {
  return {.moment = {.at = WallTime(milliseconds(from.at(1).get<std::int64_t>())),
                     .item = from.at(2).get<std::int32_t>()},
          .event_id = from.at(0).get<std::int64_t>()};
}

}  // namespace

// Written with every start of a sequence, so by hand: a tree of ten thousand marks would take 10 ms.
std::string Journal::text() const {
  std::string made = R"({"marks":[)";
  const auto append = [&](const Due& due) {
    std::format_to(std::back_inserter(made), "{}[{},{},{}]", made.ends_with('[') ? "" : ",", due.event_id,
                   due.moment.at.time_since_epoch().count(), due.moment.item);
  };
  for (const auto& [id, moment] : marks) append({moment, id});
  made += R"(],"skips":[)";
  for (const auto& due : skips) append(due);
  made += ']';
  if (running) {
    const json running_now = {{"due", written(*running)}, {"name", running_name}};
    made += R"(,"running":)" + running_now.dump(-1, ' ', false, json::error_handler_t::replace);
  }
  return made + '}';
}

protocol::Result<Journal> Journal::read(const std::string& text) {
  Journal made;
  if (text.empty()) return made;
  try {
    const json from = json::parse(text);
    for (const json& each : from.at("marks")) {
      const Due due = due_of(each);
      made.marks[due.event_id] = due.moment;
    }
    for (const json& each : from.at("skips")) made.skips.insert(due_of(each));
    if (from.contains("running")) {
      made.running = due_of(from.at("running").at("due"));
      made.running_name = from.at("running").at("name");
    }
  } catch (const json::exception& error) {
    return protocol::fail(protocol::Status::malformed, error.what());
  }
  return made;
}

}  // namespace celeriac::vm
