// Weather watcher, a process of Kinode in C++. It asks a weather service how much rain is expected, and while
// that is more than the plants need, it keeps the water off: it closes the valve, and whoever opens it
// meanwhile finds it closed again at the next look.
//
// Arguments (the manifest's): the URL, which answers JSON with a number "rain_mm"; how many mm are enough;
// seconds between two looks; the valve's pin. Requests: anything is answered with {"rain_mm": 4.2,
// "watering": false}.

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
};

Settings settings() {
  Settings made;
  made.url = view(celeriac_argument(0));
  if (const auto mm = celeriac_argument(1); mm.len > 0) made.enough_mm = celeriac_number(mm);
  if (const auto every = celeriac_argument(2); every.len > 0)
    made.every = std::chrono::seconds(static_cast<int>(celeriac_number(every)));
  if (const auto pin = celeriac_argument(3); pin.len > 0)
    made.valve_pin = static_cast<int>(celeriac_number(pin));
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
    if (!watering_ && farm_write_pin(settings_.valve_pin, 0) != farm_ok) kinode::print(view(farm_error()));
    kinode::set_timer(settings_.every, "look");
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
