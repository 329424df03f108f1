// Devices of the kernel, files of the configuration, groups of the user.

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/Config.hpp>
#include <CLI/ConfigFwd.hpp>
#include <CLI/Error.hpp>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <format>
#include <fstream>
#include <sstream>

#include "console/doctor/gather.hpp"

namespace celeriac::console::doctor {
namespace fs = std::filesystem;
using protocol::Json;

namespace {

constexpr const char* configuration_place = "etc/celeriac";

std::string group_name(gid_t id) {
  const group* row = ::getgrgid(id);
  return row != nullptr ? row->gr_name : std::to_string(id);
}

/// Entries of a directory in order, a bounded number of them.
std::vector<fs::path> entries(const fs::path& directory, std::size_t most, auto&& wanted) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator at(directory, error), end; !error && at != end && found.size() < most;
       at.increment(error))
    if (wanted(at->path().filename().string())) found.push_back(at->path());
  std::ranges::sort(found);
  return found;
}

std::vector<Device> devices(const fs::path& root, std::initializer_list<std::string_view> prefixes) {
  std::vector<Device> found;
  for (const auto& path : entries(root / "dev", max_devices, [&](const std::string& name) {
         return std::ranges::any_of(prefixes,
                                    [&](std::string_view prefix) { return name.starts_with(prefix); });
       })) {
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0) continue;
    found.push_back({.path = fs::path("/dev") / path.filename(),
                     .group = group_name(info.st_gid),
                     .usable = ::faccessat(AT_FDCWD, path.c_str(), R_OK | W_OK, AT_EACCESS) == 0});
  }
  return found;
}

std::string trouble_of_json(const std::string& text) {
  try {
    [[maybe_unused]] const Json parsed = Json::parse(text);
    return {};
  } catch (const Json::parse_error& error) {
    // "[json.exception.parse_error.101] parse error at line 2, column 5: …"
    const std::string_view what = error.what();
    const auto at = what.find("at line");
    return "this is no JSON, " + std::string(at == what.npos ? what : what.substr(at));
  }
}

std::string trouble_of_options(const std::string& text) {
  try {
    std::istringstream stream(text);
    [[maybe_unused]] const auto items = CLI::ConfigTOML().from_config(stream);
  } catch (const CLI::Error& error) {
    return error.what();
  }
  // The reader is lenient: a line that assigns nothing would be taken for a switch.
  std::istringstream lines(text);
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    const auto first = line.find_first_not_of(" \t\r");
    if (first == line.npos || line[first] == '#' || line[first] == ';' || line[first] == '[') continue;
    if (!line.contains('='))
      return std::format("line {} is no `name = value`: {}", number, line.substr(first, 60));
  }
  return {};
}

ConfigurationFile look_at(const fs::path& path) {
  ConfigurationFile file{.path = path};
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (!error && size > max_file_bytes) {
    file.trouble = "it is too large for a configuration";
    return file;
  }
  std::ifstream stream(path, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(stream), {});
  if (error || !stream) {
    file.readable = false;
    file.trouble = error ? error.message() : std::strerror(EACCES);
    return file;
  }
  file.trouble = path.extension() == ".json" ? trouble_of_json(text) : trouble_of_options(text);
  return file;
}

}  // namespace

Person this_person() {
  Person person;
  const uid_t user = ::geteuid();
  person.root = user == 0;
  const passwd* account = ::getpwuid(user);
  person.name = account != nullptr ? account->pw_name : std::to_string(user);
  std::vector<gid_t> ids(static_cast<std::size_t>(std::max(0, ::getgroups(0, nullptr))));
  if (!ids.empty())
    ids.resize(static_cast<std::size_t>(std::max(0, ::getgroups(static_cast<int>(ids.size()), ids.data()))));
  ids.push_back(::getegid());
  for (const gid_t id : ids) person.groups.push_back(group_name(id));
  if (account != nullptr) {
    int count = 0;
    const std::string name = account->pw_name;
    const gid_t own = account->pw_gid;
    ::getgrouplist(name.c_str(), own, nullptr, &count);
    std::vector<gid_t> all(static_cast<std::size_t>(count));
    if (::getgrouplist(name.c_str(), own, all.data(), &count) >= 0)
      for (const gid_t id : all) person.in_account.push_back(group_name(id));
  }
  return person;
}

void look_at_files(const Surroundings& at, Facts& facts) {
  facts.serial_ports = devices(at.root, {"ttyACM", "ttyUSB", "ttyAMA"});
  facts.gpio_chips = devices(at.root, {"gpiochip"});
  facts.configuration = at.root / configuration_place;
  for (const auto& path : entries(facts.configuration, max_files, [](const std::string& name) {
         return name.ends_with(".conf") || name.ends_with(".json");
       }))
    facts.files.push_back(look_at(path));
}

}  // namespace celeriac::console::doctor
