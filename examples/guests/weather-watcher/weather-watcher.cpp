// Weather watcher, a process of Kinode in C++. It asks a weather service how much rain is expected, and while
// that is more than the plants need, watering pauses: each run of the watering sequence is paused after the
// step in progress, and the valve is closed. When it is dry again, those runs go on where they were.
//
// Arguments (the manifest's): the URL, which answers JSON with a number "rain_mm"; how many mm are enough;
// seconds between two looks; the valve's pin; the name of the sequence that waters. Requests: anything is
// answered with {"rain_mm": 4.2, "watering": false}.

#define CELERIAC_IMPLEMENTATION
#include <celeriac/kinode.hpp>

using namespace celeriac;
using namespace std::chrono_literals;

namespace {

struct Settings {
  std::string url;
  double enough_mm = 2;
  std::chrono::seconds every = 15min;
  int valve_pin = 8;
  std::string sequence = "Water the garden";
};

Settings settings() {
  Settings made;
  made.url = view(celeriac_argument(0));
  if (const auto mm = celeriac_argument(1); mm.len > 0) made.enough_mm = celeriac_number(mm);
  if (const auto every = celeriac_argument(2); every.len > 0)
    made.every = std::chrono::seconds(static_cast<int>(celeriac_number(every)));
  if (const auto pin = celeriac_argument(3); pin.len > 0)
    made.valve_pin = static_cast<int>(celeriac_number(pin));
  if (const auto name = celeriac_argument(4); name.len > 0) made.sequence = view(name);
  return made;
}

/// What is expected; nothing if nobody can tell.
std::optional<double> expected_rain(const std::string& url) {
  const auto question = JsonWriter()
                            .object()
                            .key("HttpRequest")
                            .object()
                            .key("method")
                            .value("GET")
                            .key("url")
                            .value(url)
                            .key("headers")
                            .object()
                            .end_object()
                            .end_object()
                            .end_object()
                            .str();
  const auto answer = kinode::Request("our@http-client:distro:sys", question).await(30s);
  const auto head = answer.json()["Ok.HttpResponse"];
  if (!answer || head["status"].number() != 200) return std::nullopt;
  const auto body = kinode::blob();
  const auto rain = Json(body.value_or(""))["rain_mm"];
  if (!rain) return std::nullopt;
  return rain.number();
}

bool is_in(const std::string& list, int number) {
  const Json numbers(list);
  for (int i = 0;; ++i) {
    const auto at = numbers[std::to_string(i)];
    if (!at) return false;
    if (static_cast<int>(at.number()) == number) return true;
  }
}

/// {"pause": {"process": 12}}, {"run": …}
bool ask_sequence(const char* what, int process) {
  const auto body =
      JsonWriter().object().key(what).object().key("process").value(process).end_object().end_object().str();
  const auto answer = kinode::Request("our@sequences:distro:sys", body).await(60s);
  const bool done = answer && !answer.json()["error"];
  if (!done) kinode::print("A watering sequence could not be paused, or could not go on.");
  return done;
}

class Watcher {
 public:
  explicit Watcher(Settings settings) : settings_(std::move(settings)) {}

  void look() {
    if (const auto rain = expected_rain(settings_.url))
      rain_mm_ = *rain;
    else
      kinode::print("The weather service does not answer; the last forecast stands.", 1);
    const bool dry = rain_mm_ < settings_.enough_mm;
    if (dry != watering_)
      kinode::print(dry ? "Dry weather: watering goes on." : "Enough rain is coming: watering pauses.");
    watering_ = dry;
    hold_runs();
    if (!watering_ && farm_write_pin(settings_.valve_pin, 0) != farm_ok) kinode::print(view(farm_error()));
    kinode::set_timer(settings_.every, "look");
  }

  /// Pauses what waters, or lets go on what was paused here. Whom we have paused is our state: a run that a
  /// person has paused stays as it is.
  void hold_runs() {
    const auto question = JsonWriter()
                              .object()
                              .key("list")
                              .object()
                              .key("name")
                              .value(settings_.sequence)
                              .end_object()
                              .end_object()
                              .str();
    const auto answer = kinode::Request("our@sequences:distro:sys", question).await(10s);
    const auto runs = answer.json()["processes"];
    if (!runs) return;  // nobody tells now: whom we have paused stays our state until the next look
    const std::string held = kinode::state().value_or("[]");
    JsonWriter holding;
    holding.array();
    for (int i = 0;; ++i) {
      const auto run = runs[std::to_string(i)];
      if (!run) break;
      const int process = static_cast<int>(run["id"].number());
      const bool rests = run["state"].is("paused"), ours = rests && is_in(held, process);
      const bool stays_ours = watering_ ? ours && !ask_sequence("run", process)
                                        : ours || (!rests && ask_sequence("pause", process));
      if (stays_ours) holding.value(process);
    }
    holding.end_array();
    if (const auto now = holding.str(); now != held) kinode::set_state(now);
  }
  [[nodiscard]] std::string report() const {
    return JsonWriter()
        .object()
        .key("rain_mm")
        .value(rain_mm_)
        .key("watering")
        .value(watering_)
        .end_object()
        .str();
  }

 private:
  Settings settings_;
  double rain_mm_ = 0;
  bool watering_ = true;
};

}  // namespace

void kinode_main(kinode_address) {
  Watcher watcher(settings());
  watcher.look();
  for (;;) {
    const auto item = kinode::receive();
    if (item.wants_response())
      kinode::respond(watcher.report());
    else if (item.from("timer:distro:sys"))
      watcher.look();
  }
}
