#include "vm/packages/manifest.hpp"

#include <algorithm>
#include <format>
#include <functional>
#include <set>

#include "protocol/othismo.hpp"
#include "protocol/words.hpp"
#include "vm/files/drive_path.hpp"
#include "vm/packages/digest.hpp"
#include "vm/packages/json_text.hpp"

namespace celeriac::vm {

using nlohmann::json;
using protocol::fail;
using protocol::Result;
using protocol::shown;
using protocol::Status;

namespace {

/// The system's own, and where the kernel puts objects and clients.
constexpr std::string_view reserved[] = {"othismo:local", "console:local"};
constexpr std::string_view system_publisher = "sys";
/// Bytes of one text of a manifest: a topic, an argument.
constexpr std::size_t max_text = 1024;

std::unexpected<protocol::Error> bad(std::string_view what) {
  return fail(Status::malformed, std::format("manifest.json: {}.", what));
}

std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

class Reading {
 public:
  Reading(const Metadata& metadata, Manifest& manifest) : metadata_(metadata), manifest_(manifest) {}

  Result<void> process(const json& entry) {
    if (!entry.is_object()) return bad("each of its entries is an object, a process");
    entry_ = &entry;
    now_ = {.name = {text_of(entry, "process_name"), metadata_.package, metadata_.publisher}, .module = {}};
    if (auto good = check_name(now_.name); !good)
      return bad(std::format("process_name: {}", without_stop(good.error().message)));
    if (!names_.insert(now_.name).second)
      return bad(std::format("it has the process {} twice", now_.name.process));
    if (auto good = module(); !good) return good;
    if (auto on_exit = read_manifest_on_exit(entry.value("on_exit", json())); on_exit)
      now_.on_exit = std::move(*on_exit);
    else
      return bad(std::format("{}: {}", now_.name.process, without_stop(on_exit.error().message)));
    for (const auto& [key, value] : entry.items()) {
      const auto row = std::ranges::find(rows(), key, &Row::key);
      if (row == rows().end())
        warn(std::format("the key \"{}\" is not known", shown(key)));
      else if (row->read != nullptr)
        if (auto good = (this->*row->read)(value); !good) return good;
    }
    want_own_drive();
    manifest_.processes.push_back(std::move(now_));
    return {};
  }

 private:
  struct Row {
    std::string_view key;
    Result<void> (Reading::*read)(const json& value);  ///< nullptr: read before
  };
  static std::span<const Row> rows();

  static std::string without_stop(std::string sentence) {
    if (sentence.ends_with('.')) sentence.pop_back();
    return sentence;
  }
  void warn(const std::string& what) {
    if (manifest_.warnings.size() < max_manifest_warnings)
      manifest_.warnings.push_back(std::format("{}: {}.", now_.name.process, what));
  }
  [[nodiscard]] std::unexpected<protocol::Error> wrong(std::string_view key, std::string_view what) const {
    return bad(std::format("{}: {} {}", now_.name.process, key, what));
  }

  Result<void> module() {
    std::string path = text_of(*entry_, "process_wasm_path");
    if (path.starts_with('/')) path.erase(0, 1);
    const auto place = DrivePath::parse(std::format("/{}/{}/{}", metadata_.id(), package_drive, path));
    if (path.empty() || !place || place->rest != path)
      return wrong("process_wasm_path", "is no path below pkg/");
    now_.module = std::move(path);
    return {};
  }

  // ---- what it wants and gives ----

  void want(ProcessName issuer, const json& params) {
    ManifestCapability wanted{std::move(issuer), params.dump(-1, ' ', false, json::error_handler_t::replace)};
    if (!std::ranges::contains(now_.wants, wanted)) now_.wants.push_back(std::move(wanted));
  }
  void give(ProcessName to, const json& params) {
    ManifestCapability given{std::move(to), params.dump(-1, ' ', false, json::error_handler_t::replace)};
    if (!std::ranges::contains(now_.gives, given)) now_.gives.push_back(std::move(given));
  }
  void want_service(std::string_view service, const json& params) { want(system_name(service), params); }

  void want_drive(const std::string& drive, bool writes) {
    want_service("vfs", {{"kind", "read"}, {"drive", drive}});
    if (writes) want_service("vfs", {{"kind", "write"}, {"drive", drive}});
  }
  void want_own_drive() { want_drive(std::format("/{}/{}", metadata_.id(), package_drive), true); }

  Result<void> networking(const json& value) {
    if (!value.is_boolean()) return wrong("request_networking", "must be true or false");
    now_.networking = value.get<bool>();
    if (now_.networking) want_service("kernel", "network");
    return {};
  }
  Result<void> is_public(const json& value) {
    if (!value.is_boolean()) return wrong("public", "must be true or false");
    now_.is_public = value.get<bool>();
    return {};
  }

  Result<void> capabilities(std::string_view key, const json& value,
                            const std::function<void(ProcessName, const json&)>& take) {
    if (!value.is_array()) return wrong(key, "must be a list");
    if (value.size() > max_manifest_entries)
      return wrong(key, std::format("has more than {} entries", max_manifest_entries));
    for (const json& each : value) {
      const bool object = each.is_object() && each.contains("params") && each.size() == 2;
      const auto name = parse_process_name(object             ? text_of(each, "process")
                                           : each.is_string() ? each.get<std::string>()
                                                              : std::string());
      const json params = object ? each["params"] : json("messaging");
      if (!name || params.dump(-1, ' ', false, json::error_handler_t::replace).size() > max_params_bytes)
        warn(
            std::format("{} has an entry that is left out, {}: it must be \"process:package:publisher\" or "
                        "{{\"process\": …, \"params\": …}}",
                        key, shown(each.dump(-1, ' ', false, json::error_handler_t::replace), 80)));
      else
        take(*name, params);
    }
    return {};
  }
  Result<void> request_capabilities(const json& value) {
    return capabilities("request_capabilities", value,
                        [this](ProcessName name, const json& params) { want(std::move(name), params); });
  }
  Result<void> grant_capabilities(const json& value) {
    return capabilities("grant_capabilities", value,
                        [this](ProcessName name, const json& params) { give(std::move(name), params); });
  }

  // ---- what Celeriac adds ----

  /// A list of texts; entries that are none are reported and skipped.
  Result<std::vector<std::string>> texts(std::string_view key, const json& value) {
    if (!value.is_array()) return wrong(key, "must be a list of texts");
    if (value.size() > max_manifest_entries)
      return wrong(key, std::format("has more than {} entries", max_manifest_entries));
    std::vector<std::string> made;
    for (const json& each : value) {
      if (!each.is_string() || each.get_ref<const std::string&>().empty() ||
          each.get_ref<const std::string&>().size() > max_text)
        warn(std::format("{} has an entry that is left out: it must be a text, of {} bytes at most", key,
                         max_text));
      else if (auto text = each.get<std::string>(); !std::ranges::contains(made, text))
        made.push_back(std::move(text));
    }
    return made;
  }

  Result<void> abi(const json& value) {
    if (!value.is_string()) return wrong("abi", "must be a text");
    now_.abi = value.get<std::string>();
    return {};
  }
  Result<void> path(const json& value) {
    if (!value.is_string() || !protocol::check_path(value.get<std::string>()) ||
        value.get_ref<const std::string&>().size() > max_path_bytes)
      return wrong("path", "is no path of an object, like /garden/counter");
    now_.path = value.get<std::string>();
    for (const std::string_view system : {"/sys", "/proc", "/code", "/topic"})
      if (now_.path == system || now_.path.starts_with(std::string(system) + '/'))
        return wrong("path", std::format("is below {}, which is the system's", system));
    return {};
  }
  Result<void> ahead_of_time(const json& value) {
    if (!value.is_boolean()) return wrong("ahead_of_time", "must be true or false");
    now_.ahead_of_time = value.get<bool>();
    return {};
  }
  Result<void> arguments(const json& value) {
    // Arguments may be empty, and may stand there twice.
    if (!value.is_array() || value.size() > max_manifest_entries ||
        !std::ranges::all_of(value, [](const json& each) { return each.is_string(); }))
      return wrong("arguments", "must be a list of texts");
    now_.configuration["arguments"] = value;
    return {};
  }
  Result<void> topics(const json& value) { return topic_list("topics", "subscribe", value); }
  Result<void> publish(const json& value) { return topic_list("publish", "publish", value); }
  Result<void> topic_list(std::string_view key, std::string_view kind, const json& value) {
    const auto names = texts(key, value);
    if (!names) return std::unexpected(names.error());
    for (const auto& topic : *names) want_service("topic", {{"topic", topic}, {"kind", kind}});
    if (kind == "subscribe") now_.configuration["topics"] = *names;
    return {};
  }
  Result<void> exchanges(const json& value) {
    const auto names = texts("exchanges", value);
    if (!names) return std::unexpected(names.error());
    now_.configuration["exchanges"] = *names;
    for (const auto& name : *names)
      if (name.starts_with("mqtt:")) {
        want_service("mqtt", "messaging");
        want_service("mqtt", {{"exchange", name}});
      }
    return {};
  }
  Result<void> http(const json& value) {
    auto paths = texts("http", value);
    if (!paths) return std::unexpected(paths.error());
    for (const auto& each : *paths) {
      if (!each.starts_with('/')) {
        warn(std::format("http has an entry that is left out, \"{}\": a path begins with /", shown(each)));
        continue;
      }
      want_service("http-server", "messaging");
      want_service("http-server", {{"path", each}});
      now_.http.push_back(each);
    }
    if (!now_.http.empty()) give(system_name("http-server"), "messaging");
    return {};
  }
  Result<void> directories(const json& value) {
    if (!value.is_array() || value.size() > max_manifest_entries)
      return wrong("directories", "must be a list of drives");
    std::vector<std::string> drives;
    for (const json& each : value) {
      const bool reads_only = each.is_object() && text_of(each, "access") == "read";
      std::string drive = each.is_object()   ? text_of(each, "drive")
                          : each.is_string() ? each.get<std::string>()
                                             : "";
      if (is_drive_name(drive)) drive = std::format("/{}/{}", metadata_.id(), drive);
      const auto place = DrivePath::parse(drive);
      if (!place || !place->rest.empty()) {
        warn(
            std::format("directories has an entry that is left out, {}: it must be a drive, \"data\" or "
                        "\"/package:publisher/data\"",
                        shown(each.dump(-1, ' ', false, json::error_handler_t::replace), 80)));
        continue;
      }
      want_drive(place->drive_text(), !reads_only);
      drives.push_back(place->drive_text());
    }
    now_.configuration["directories"] = drives;
    return {};
  }
  Result<void> limits(const json& value) {
    if (!value.is_object()) return wrong("limits", "must be an object of numbers");
    auto limits = json::object();
    for (const auto& [key, number] : value.items()) {
      constexpr std::string_view known[] = {"memory_pages", "depth",         "fuel",
                                            "table",        "message_bytes", "messages_per_second"};
      if (!std::ranges::contains(known, key))
        warn(std::format("limits has no \"{}\": there are {}", shown(key), protocol::joined(known)));
      else if (!number.is_number_unsigned() || number.get<std::uint64_t>() == 0 ||
               number.get<std::uint64_t>() > 1'000'000'000)
        return wrong("limits", std::format("has a {} that is no number from 1 to 1000000000", key));
      else
        limits[key] = number;
    }
    now_.configuration["limits"] = std::move(limits);
    return {};
  }

  const Metadata& metadata_;
  Manifest& manifest_;
  const json* entry_ = nullptr;
  ManifestProcess now_;
  std::set<ProcessName> names_;
};

std::span<const Reading::Row> Reading::rows() {
  static constexpr Row table[] = {
      {"process_name", nullptr},
      {"process_wasm_path", nullptr},
      {"on_exit", nullptr},
      {"request_networking", &Reading::networking},
      {"request_capabilities", &Reading::request_capabilities},
      {"grant_capabilities", &Reading::grant_capabilities},
      {"public", &Reading::is_public},
      {"abi", &Reading::abi},
      {"path", &Reading::path},
      {"arguments", &Reading::arguments},
      {"topics", &Reading::topics},
      {"publish", &Reading::publish},
      {"exchanges", &Reading::exchanges},
      {"http", &Reading::http},
      {"directories", &Reading::directories},
      {"limits", &Reading::limits},
      {"ahead_of_time", &Reading::ahead_of_time},
  };
  return table;
}

}  // namespace

Result<Metadata> read_metadata(std::string_view text) {
  const auto document = read_json("metadata.json", text);
  if (!document) return std::unexpected(document.error());
  const json properties = document->is_object() ? document->value("properties", json()) : json();
  if (!properties.is_object())
    return fail(Status::malformed, "metadata.json: it needs \"properties\" with package_name and publisher.");
  Metadata made{.package = text_of(properties, "package_name"),
                .publisher = text_of(properties, "publisher"),
                .version = text_of(properties, "current_version"),
                .wit_version = {}};
  if (const auto wit = properties.find("wit_version"); wit != properties.end() && !wit->is_null())
    made.wit_version = wit->is_string() ? wit->get<std::string>() : wit->dump();
  if (auto good = check_name({"x", made.package, made.publisher}); !good)
    return fail(Status::malformed, std::format("metadata.json: {}", good.error().message));
  if (made.publisher.find_first_not_of('.') == std::string::npos || made.publisher == system_publisher ||
      std::ranges::contains(reserved, made.id()))
    return fail(Status::malformed, std::format("metadata.json: {} is the system's own.", made.id()));
  if (made.version.size() > max_text || made.wit_version.size() > max_text)
    return fail(Status::malformed, "metadata.json: its version is too long.");
  return made;
}

Result<Manifest> read_manifest(std::string_view text, const Metadata& metadata) {
  const auto document = read_json("manifest.json", text);
  if (!document) return std::unexpected(document.error());
  if (!document->is_array() || document->empty())
    return bad("it must be a list with an object for each process");
  if (document->size() > max_manifest_processes)
    return bad(std::format("it has more than {} processes", max_manifest_processes));
  Manifest made;
  Reading reading(metadata, made);
  for (const json& entry : *document)
    if (auto good = reading.process(entry); !good) return std::unexpected(std::move(good.error()));
  made.text = document->dump();
  made.hash = sha256_hex(made.text);
  return made;
}

}  // namespace celeriac::vm
