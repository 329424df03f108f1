// The log, jobs, time, JSON and Base64: calls that answer at once.

#include <chrono>
#include <cmath>
#include <format>
#include <utility>

#include "vm/assets/iso_time.hpp"
#include "vm/lua/calls.hpp"
#include "vm/lua/json.hpp"

namespace celeriac::vm::lua {
namespace {

using nlohmann::json;

json log(Script& script, const json& arguments) {
  script.world().log(script.job().process, {{"type", text(arguments, 0)},
                                            {"message", clean(argument(arguments, 1))},
                                            {"verbosity", static_cast<int>(number(arguments, 2, 1))},
                                            {"channels", json::array()}});
  return json::array();
}

json print(Script& script, const json& arguments) {
  if (!script.may_print()) return json::array();
  auto line = text(arguments, 0);
  if (line.size() > max_printed_bytes) line.replace(max_printed_bytes, std::string::npos, "…");
  return log(script, json::array({"debug", line, 3}));
}

json job(Script& script, const json& arguments) {
  const auto& jobs = script.world().jobs();
  const auto found = jobs.find(text(arguments, 0));
  return json::array({found != jobs.end() ? *found : json()});
}

json set_job(Script& script, const json& arguments) {
  auto made = clean(argument(arguments, 1));
  made["updated_at"] = script.world().wall_clock() / 1000;
  for (const char* field : {"time", "file_type"})
    if (!made.contains(field)) made[field] = nullptr;
  const auto name = clean(argument(arguments, 0));
  script.world().set_job(name.get<std::string>(), std::move(made));
  return json::array();
}

json now(Script& script, const json&) {
  return json::array({script.world().wall_clock()});
}

/// clock(zone) → {iso, year, …} of now in the zone, UTC for "" and for zones that this machine does not know.
json clock(Script& script, const json& arguments) {
  using namespace std::chrono;
  const sys_time<milliseconds> moment{milliseconds(script.world().wall_clock())};
  seconds offset{0};
  if (const auto zone = text(arguments, 0); !zone.empty()) {
    try {
      offset = locate_zone(zone)->get_info(floor<seconds>(moment)).offset;
    } catch (const std::exception&) {
      return refusal(std::format("The time zone \"{}\" is not known here.", zone));
    }
  }
  const local_time<milliseconds> local{moment.time_since_epoch() + offset};
  const auto day = floor<days>(local);
  const year_month_day date{day};
  const hh_mm_ss time{local - day};
  const auto minutes_off = duration_cast<minutes>(abs(offset)).count();
  const auto suffix = offset == seconds(0) ? std::string("Z")
                                           : std::format("{}{:02}:{:02}", offset < seconds(0) ? '-' : '+',
                                                         minutes_off / 60, minutes_off % 60);
  return json::array({{{"iso", std::format("{:%FT%T}{}", local, suffix)},
                       {"year", static_cast<int>(date.year())},
                       {"month", static_cast<unsigned>(date.month())},
                       {"day", static_cast<unsigned>(date.day())},
                       {"hour", time.hours().count()},
                       {"minute", time.minutes().count()},
                       {"second", time.seconds().count()}}});
}

json to_unix(Script&, const json& arguments) {
  const auto moment = milliseconds_of(text(arguments, 0));
  if (!moment) return refusal("This is not an ISO 8601 time.");
  return json::array({static_cast<double>(*moment) / 1000.0});
}

json encode(Script&, const json& arguments) {
  return json::array({json_text(argument(arguments, 0))});
}

json decode(Script&, const json& arguments) {
  auto value = parse_json(text(arguments, 0));
  if (!value) return refusal("Error parsing JSON.");
  return json::array({std::move(*value)});
}

json to_base64(Script&, const json& arguments) {
  return json::array({base64_encode(text(arguments, 0))});
}

json from_base64(Script&, const json& arguments) {
  auto bytes = base64_decode(text(arguments, 0));
  if (!bytes) return refusal(bytes.error().message);
  return json::array({std::move(*bytes)});
}

json web_api(Script& script, const json&) {
  return json::array({script.world().web_api()});
}

json random(Script& script, const json&) {
  return json::array({std::format("{:016x}", script.world().random())});
}

json version(Script&, const json&) {
  return json::array({CELERIAC_VERSION});
}

constexpr Call calls[] = {
    {.name = "log", .answers = log},
    {.name = "print", .answers = print},
    {.name = "job", .answers = job},
    {.name = "set_job", .answers = set_job},
    {.name = "now", .answers = now},
    {.name = "clock", .answers = clock},
    {.name = "to_unix", .answers = to_unix},
    {.name = "encode", .answers = encode},
    {.name = "decode", .answers = decode},
    {.name = "to_base64", .answers = to_base64},
    {.name = "from_base64", .answers = from_base64},
    {.name = "web_api", .answers = web_api},
    {.name = "random", .answers = random},
    {.name = "version", .answers = version},
};

}  // namespace

std::span<const Call> text_calls() noexcept {
  return calls;
}

}  // namespace celeriac::vm::lua
