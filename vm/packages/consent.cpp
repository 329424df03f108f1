#include "vm/packages/consent.hpp"

#include <algorithm>
#include <cctype>
#include <format>

#include "protocol/operations.hpp"
#include "protocol/words.hpp"

namespace celeriac::vm {

using nlohmann::json;
using protocol::shown;

namespace {

/// Operations whose words in the table are for those who know the protocol. {} is the pin or the GPIO line.
struct OperationWords {
  std::string_view long_name;
  std::string_view one;    ///< with a pin; or of an operation without pins
  std::string_view every;  ///< without a pin
};
constexpr OperationWords operation_words[] = {
    {"SYS.READ_PIN", "may read {}", "may read every pin"},
    {"SYS.WRITE_PIN", "may switch {}", "may switch every pin, whatever is connected to it"},
    {"SYS.TOGGLE_PIN", "may switch {} over", "may switch every pin over, whatever is connected to it"},
    {"SYS.SET_SERVO_ANGLE", "may turn the servo on {}", "may turn every servo"},
    {"SYS.SET_PIN_IO_MODE", "may make {} an input or an output", "may make every pin an input or an output"},
    {"SYS.READ_LINE", "may read {}", "may read every GPIO line of the computer: buttons and lights"},
    {"SYS.WRITE_LINE", "may switch {}",
     "may switch every GPIO output of the computer, whatever is connected to it"},
    {"SYS.TAKE_PHOTO", "may take photos", ""},
    {"SYS.READ_STATUS", "may read where the machine is and what it does", ""},
    {"SYS.EMERGENCY_LOCK", "may stop everything and lock the machine", ""},
    {"SYS.EMERGENCY_UNLOCK", "may end an emergency stop", ""},
    {"SYS.CONFIG_UPDATE", "may change the settings of the host and the firmware", ""},
    {"SYS.CONFIG_READ", "may read the settings of the host and the firmware", ""},
    {"SYS.SEND_MESSAGE", "may write into the log", ""},
    {"SYS.JOG", "may move the machine by hand: for as long as it likes", ""},
};

/// Services of the system: what it means to be allowed to send to them.
struct ServiceWords {
  std::string_view service;
  std::string_view words;
};
constexpr ServiceWords service_words[] = {
    {"kernel", "may command the kernel: start, stop and empower any process, which is everything there is"},
    {"timer", "may use timers"},
    {"vfs", "may ask for files"},
    {"sequences",
     "may send requests about sequences and their processes, each of which needs a right of its own"},
    {"hardware", "may send requests to the hardware, each of which needs a right of its own"},
    {"http-server", "may talk to the web server"},
    {"http-client", "may fetch from the web, from any address"},
    {"mqtt", "may use the MQTT broker"},
    {"net", "may use the network between nodes"},
};

std::string lower_first(std::string_view text) {
  std::string made(text);
  if (!made.empty()) made[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(made[0])));
  return made;
}

/// "goes to 0" of "Goes to 0."
std::string phrase(const protocol::Operation& operation) {
  auto summary = operation.summary.substr(0, operation.summary.find(';'));
  while (summary.ends_with('.') || summary.ends_with(' ')) summary.remove_suffix(1);
  return lower_first(summary);
}

std::string with_pin(std::string_view words, const std::string& pin) {
  std::string made(words);
  if (const auto at = made.find("{}"); at != std::string::npos) made.replace(at, 2, pin);
  return made;
}

std::string text_of(const json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// "data" of the process's own package, else the whole name.
std::string drive_words(const ProcessName& holder, const std::string& drive) {
  const std::string own = std::format("/{}/", holder.package_id());
  return drive.starts_with(own) ? std::format("in its own drive {}", shown(drive.substr(own.size())))
                                : std::format("in the drive {} of somebody else", shown(drive, 100));
}

std::string files(const ProcessName& holder, const json& params) {
  const auto kind = text_of(params, "kind");
  if (kind != "read" && kind != "write") return {};
  const std::string verb = kind == "read" ? "may read" : "may change";
  if (const auto drive = text_of(params, "drive"); !drive.empty())
    return std::format("{} the files {}", verb, drive_words(holder, drive));
  if (const auto file = text_of(params, "file"); !file.empty())
    return std::format("{} a file that was handed to it ({})", verb, shown(file));
  return {};
}

std::string topic(const json& params) {
  const auto name = text_of(params, "topic");
  const auto kind = text_of(params, "kind");
  if (name.empty()) return {};
  if (kind == "subscribe") return std::format("hears what is published on the topic \"{}\"", shown(name));
  if (kind == "publish") return std::format("may publish on the topic \"{}\"", shown(name));
  return {};
}

std::string messaging_to(const ProcessName& issuer) {
  if (issuer == system_name(issuer.process))
    for (const auto& row : service_words)
      if (row.service == issuer.process) return std::string(row.words);
  return std::format("may send messages to {}", shown(issuer.text(), 200));
}

}  // namespace

std::string Consent::hardware(const json& params) const {
  const auto name = text_of(params, "operation");
  const auto* operation = protocol::find_operation(name);
  if (operation == nullptr) return {};
  const auto pin_field = params.find("pin");
  const bool one_pin = pin_field != params.end() && pin_field->is_number_integer();
  std::string pin;
  if (one_pin) {
    const auto number = pin_field->get<std::int64_t>();
    const std::string label = pin_label_ ? pin_label_(number) : "";
    pin = label.empty() ? std::format("pin {}", number) : std::format("pin {}, the {}", number, shown(label));
  }
  const auto line = text_of(params, "line");
  if (!line.empty()) pin = std::format("the GPIO line {}", shown(line));
  for (const auto& row : operation_words) {
    if (row.long_name != name) continue;
    return !pin.empty() || row.every.empty() ? with_pin(row.one, pin) : std::string(row.every);
  }
  if (operation->motion) return std::format("may move the machine: it {}", phrase(*operation));
  return std::format("may do {}, which {}{}", name, phrase(*operation), pin.empty() ? "" : ", on " + pin);
}

std::string Consent::predicate(const ProcessName& holder, const ProcessName& issuer,
                               std::string_view params) const {
  const auto value = json::parse(params, nullptr, false);
  if (issuer == system_name("kernel") && value == "network")
    return "talks over the network with other machines";
  if (value == "messaging") return issuer == holder ? "may send messages to itself" : messaging_to(issuer);
  std::string words;
  if (value.is_object()) {
    if (issuer == system_name("hardware")) words = hardware(value);
    if (issuer == system_name("vfs")) words = files(holder, value);
    if (issuer == system_name("topic")) words = topic(value);
    if (issuer == system_name("http-server") && !text_of(value, "path").empty())
      words = std::format("serves web pages below {}", shown(text_of(value, "path"), 100));
    if (issuer == system_name("mqtt") && !text_of(value, "exchange").empty())
      words = std::format("may exchange messages by MQTT as \"{}\"", shown(text_of(value, "exchange")));
    if (value.value("root", json()) == true)
      words = std::format("may do everything that {} can", shown(issuer.text(), 200));
  }
  if (!words.empty()) return words;
  return std::format("holds the right {} of {}", shown(params, 200), shown(issuer.text(), 200));
}

std::string Consent::sentence(std::string_view subject, const ProcessName& holder, const ProcessName& issuer,
                              std::string_view params) const {
  return std::format("{} {}.", shown(subject), predicate(holder, issuer, params));
}

std::string Consent::gift(const ManifestProcess& process, const ManifestCapability& given) const {
  if (given.params == messaging_params)
    return std::format("lets {} send messages to it", shown(given.process.text(), 200));
  return std::format("gives {} the right {} of {}", shown(given.process.text(), 200),
                     shown(given.params, 200), process.name.process);
}

std::vector<std::string> Consent::wants(const Manifest& manifest) const {
  std::vector<std::string> made;
  for (const auto& process : manifest.processes) {
    std::string subject = process.name.process;
    const auto say = [&](const std::string& words) {
      made.push_back(std::format("{} {}.", subject, words));
      subject = "It";
    };
    for (const auto& wanted : process.wants) {
      // That a service may be asked says nothing beside what may be asked of it.
      const bool explained = wanted.params == messaging_params &&
                             wanted.process == system_name(wanted.process.process) &&
                             std::ranges::any_of(process.wants, [&](const ManifestCapability& other) {
                               return other.process == wanted.process && other.params != messaging_params;
                             });
      const bool matter_of_course = wanted.process == process.name && wanted.params == messaging_params;
      if (!explained && !matter_of_course) say(predicate(process.name, wanted.process, wanted.params));
    }
    for (const auto& given : process.gives) {
      const bool own = given.process.package_id() == process.name.package_id() ||
                       (given.process == system_name("http-server") && !process.http.empty());
      if (!own || given.params != messaging_params) say(gift(process, given));
    }
    if (process.is_public) say("can be reached by every process");
    if (process.ahead_of_time) say("is compiled to machine code before it runs");
    if (process.on_exit.kind == OnExit::Kind::restart) say("is started again when it ends");
  }
  return made;
}

}  // namespace celeriac::vm
