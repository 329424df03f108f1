#include "console/parameter_backup.hpp"

#include <cerrno>
#include <cmath>
#include <cstring>
#include <format>
#include <fstream>

#include "console/text.hpp"
#include "console/whole_file.hpp"
#include "protocol/words.hpp"

namespace celeriac::console {
namespace {

namespace fs = std::filesystem;
using protocol::Json;
using protocol::Result;
using protocol::Status;

constexpr const char* mark = "celeriac_parameters";
constexpr int version = 1;
/// A backup of all 117 takes 4 kB.
constexpr std::uintmax_t max_backup_bytes = 1024 * 1024;
/// Complaints about one file that are shown.
constexpr std::size_t max_complaints = 10;

std::string text_at(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Json member(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? Json(nullptr) : *found;
}

bool out_of_range(const Json& value, const Json& entry) {
  if (!value.is_number() || std::trunc(value.get<double>()) != value.get<double>()) return true;
  const auto lowest = member(entry, "lowest"), highest = member(entry, "highest");
  return (lowest.is_number() && value.get<double>() < lowest.get<double>()) ||
         (highest.is_number() && value.get<double>() > highest.get<double>());
}

// What is wrong with one entry of the file; "" if nothing is.
std::string complaint(const std::string& name, const Json& value, const Json& about) {
  const auto entry = about.find(name);
  if (entry == about.end()) {
    std::vector<std::string> names;
    for (const auto& [known, ignored] : about.items()) names.push_back(known);
    const std::string_view near = protocol::closest(name, names);
    return std::format("there is no parameter \"{}\"{}", protocol::shown(name),
                       near.empty() ? "" : std::format(" (did you mean \"{}\"?)", near));
  }
  if (!out_of_range(value, *entry)) return {};
  const auto range = range_text(*entry);
  return std::format("{} cannot be {}{}", name, brief(value), range.empty() ? "" : ": it is " + range);
}

std::unexpected<protocol::Error> no_backup(const fs::path& path, std::string_view why) {
  return protocol::fail(Status::malformed,
                        std::format("{} is no backup of parameters: {} `celeriac param backup FILE` "
                                    "writes one.",
                                    path.string(), why));
}

}  // namespace

Result<void> write_backup(const fs::path& path, const ParameterBackup& backup) {
  const Json document{{mark, version},
                      {"created", backup.created},
                      {"board", backup.board},
                      {"firmware", backup.firmware},
                      {"parameters", backup.parameters}};
  return write_whole(path, document.dump(2) + '\n');
}

Result<ParameterBackup> read_backup(const fs::path& path, const Json& about) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  std::ifstream file(path, std::ios::binary);
  if (error || !file)
    return protocol::fail(Status::not_found, std::format("{} cannot be read: {}.", path.string(),
                                                         error ? error.message() : std::strerror(errno)));
  if (size > max_backup_bytes) return no_backup(path, "it is too large.");
  const auto document = Json::parse(file, nullptr, false);
  if (document.is_discarded()) return no_backup(path, "it is not JSON.");
  if (!document.is_object() || !document.contains(mark))
    return no_backup(path, std::format("it has no \"{}\".", mark));
  if (document[mark] != version)
    return no_backup(
        path, std::format("its version is {}, and this program knows {}.", brief(document[mark]), version));
  const auto parameters = member(document, "parameters");
  if (!parameters.is_object()) return no_backup(path, "it has no \"parameters\".");

  std::vector<std::string> complaints;
  for (const auto& [name, value] : parameters.items())
    if (auto found = complaint(name, value, about); !found.empty()) complaints.push_back(std::move(found));
  if (!complaints.empty()) {
    std::string text;
    for (std::size_t i = 0; i < std::min(complaints.size(), max_complaints); ++i)
      text += std::format("{}{}", i == 0 ? "" : "; ", complaints[i]);
    if (complaints.size() > max_complaints)
      text += std::format("; and {} more", complaints.size() - max_complaints);
    return protocol::fail(Status::malformed,
                          std::format("{}: {}. Nothing was written.", path.string(), text));
  }
  return ParameterBackup{.created = text_at(document, "created"),
                         .board = text_at(document, "board"),
                         .firmware = text_at(document, "firmware"),
                         .parameters = parameters};
}

std::vector<ParameterChange> changes(const Json& from, const Json& to, const Json& about) {
  std::vector<ParameterChange> found;
  for (const auto& [name, value] : to.items()) {
    const auto entry = member(about, name.c_str());
    if (value.is_null() || (entry.is_object() && member(entry, "writable") == false)) continue;
    auto before = member(from, name.c_str());
    if (before != value) found.push_back({name, std::move(before), value});
  }
  return found;
}

std::string change_table(const std::vector<ParameterChange>& list, const std::string& from,
                         const std::string& to, const Json& about) {
  std::vector<std::vector<std::string>> rows{{"NAME", from, "", to, "UNIT", "RANGE"}};
  for (const auto& change : list) {
    const auto entry = member(about, change.name.c_str());
    rows.push_back({printable(change.name), change.from.is_null() ? "-" : brief(change.from), "->",
                    change.to.is_null() ? "-" : brief(change.to),
                    entry.is_object() ? text_at(entry, "unit") : "", range_text(entry)});
  }
  return table(rows);
}

std::string range_text(const Json& entry) {
  if (!entry.is_object()) return {};
  const auto lowest = member(entry, "lowest"), highest = member(entry, "highest");
  if (lowest == 0 && highest == 1) return "0 or 1";
  if (lowest.is_number() && highest.is_number())
    return std::format("{} to {}", brief(lowest), brief(highest));
  if (lowest.is_number()) return std::format("from {}", brief(lowest));
  return {};
}

}  // namespace celeriac::console
