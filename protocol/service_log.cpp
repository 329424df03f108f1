#include "protocol/service_log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/sinks/systemd_sink.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <format>
#include <iterator>
#include <memory>

#include "protocol/log_tap.hpp"

namespace celeriac::protocol {
namespace {

/// Types of log entries by the priorities of syslog(3).
struct Priority {
  std::string_view type;
  int number;
};
constexpr Priority priorities[] = {
    {"fatal", LOG_CRIT}, {"error", LOG_ERR}, {"warn", LOG_WARNING}, {"debug", LOG_DEBUG}};

int priority_of(const Json& entry) {
  auto type = entry.find("type");
  if (type == entry.end()) type = entry.find("level");
  if (type == entry.end() || !type->is_string()) return LOG_INFO;
  const auto* row = std::ranges::find(priorities, type->get_ref<const std::string&>(), &Priority::type);
  return row == std::end(priorities) ? LOG_INFO : row->number;
}

/// A field's name: capitals, digits and underscores.
std::string field_name(std::string_view key) {
  std::string name = "CELERIAC_";
  for (const char each : key) {
    const auto byte = static_cast<unsigned char>(each);
    name += std::isalnum(byte) != 0 ? static_cast<char>(std::toupper(byte)) : '_';
  }
  return name;
}

void send(const std::string& identifier, const std::vector<std::string>& fields) {
  std::vector<iovec> parts;
  parts.push_back({const_cast<char*>(identifier.data()), identifier.size()});  // only read
  for (const auto& field : fields) parts.push_back({const_cast<char*>(field.data()), field.size()});
  sd_journal_sendv(parts.data(), static_cast<int>(parts.size()));  // a journal that is away loses it
}

}  // namespace

std::vector<std::string> journal_fields(const Json& entry) {
  std::vector<std::string> fields;
  if (!entry.is_object()) return fields;
  fields.push_back("MESSAGE=" + entry.value("message", std::string()));
  fields.push_back(std::format("PRIORITY={}", priority_of(entry)));
  for (const auto& [key, value] : entry.items()) {
    if (key == "message" || value.is_structured() || value.is_null()) continue;
    if (fields.size() >= max_journal_fields + 2) break;
    const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    fields.push_back(field_name(key) + '=' + text.substr(0, max_journal_value));
  }
  return fields;
}

bool leads_to_journal(int descriptor, std::string_view journal_stream) {
  struct stat about{};
  if (journal_stream.empty() || ::fstat(descriptor, &about) != 0) return false;
  return std::format("{}:{}", about.st_dev, about.st_ino) == journal_stream;
}

bool start_service_log(const std::string& name, const std::string& pattern) {
  const char* stream = std::getenv("JOURNAL_STREAM");
  const bool to_journal = stream != nullptr && leads_to_journal(STDERR_FILENO, stream);
  spdlog::sink_ptr sink;
  if (to_journal)
    sink = std::make_shared<spdlog::sinks::systemd_sink_mt>(name);
  else
    sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  spdlog::set_default_logger(std::make_shared<spdlog::logger>(name, std::move(sink)));
  spdlog::set_pattern(pattern);
  return to_journal;
}

void journal_log_register(const std::string& name, std::string_view not_ours) {
  tap_log([identifier = "SYSLOG_IDENTIFIER=" + name, foreign = std::string(not_ours)](const Json& entry) {
    if (entry.is_object() && entry.value("source", Json()) == foreign) return;
    send(identifier, journal_fields(entry));
  });
}

}  // namespace celeriac::protocol
