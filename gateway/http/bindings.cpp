#include "gateway/http/bindings.hpp"

#include <algorithm>
#include <format>

namespace celeriac::gateway {

using protocol::fail;
using protocol::Result;
using protocol::Status;

Result<std::string> normal_path(std::string_view path) {
  const auto wrong = [&](std::string_view why) {
    return fail(Status::malformed, std::format("\"{}\" is no path to serve: {}.", path.substr(0, 80), why));
  };
  if (!path.starts_with('/')) return wrong("it begins with a slash");
  if (path.size() > max_bound_path) return wrong("it is too long");
  if (path.contains("//")) return wrong("a segment is empty");
  if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  if (path.size() == 1) return std::string("/");
  for (std::size_t at = 0; at != std::string_view::npos;) {
    const auto end = path.find('/', at + 1);
    const auto segment = path.substr(at + 1, end == std::string_view::npos ? end : end - at - 1);
    if (segment == "." || segment == "..") return wrong("a segment of dots leads elsewhere");
    at = end;
  }
  if (std::ranges::any_of(
          path, [](unsigned char c) { return c <= ' ' || c == 0x7f || c == '?' || c == '#' || c == '\\'; }))
    return wrong("blanks, \"?\", \"#\" and backslashes do not belong into it");
  return std::string(path);
}

bool is_below(std::string_view path, std::string_view prefix) noexcept {
  if (prefix == "/") return true;
  return path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
}

Result<void> Bindings::bind(Binding binding) {
  const auto at = by_path_.find(binding.path);
  if (at != by_path_.end()) {
    if (at->second.owner != binding.owner)
      return fail(Status::denied, std::format("{} is served by {} already.", binding.path, at->second.owner));
    at->second = std::move(binding);
    return {};
  }
  const auto own =
      std::ranges::count_if(by_path_, [&](const auto& each) { return each.second.owner == binding.owner; });
  if (static_cast<std::size_t>(own) >= max_bindings_per_process || by_path_.size() >= max_bindings)
    return fail(Status::out_of_resources,
                std::format("{} cannot be bound: a process has at most {} paths, all together {}.",
                            binding.path, max_bindings_per_process, max_bindings));
  auto path = binding.path;
  by_path_.emplace(std::move(path), std::move(binding));
  return {};
}

Result<void> Bindings::unbind(std::string_view owner, std::string_view path) {
  const auto at = by_path_.find(path);
  if (at == by_path_.end() || at->second.owner != owner)
    return fail(Status::not_found, std::format("{} has not bound {}.", owner, path));
  by_path_.erase(at);
  return {};
}

std::size_t Bindings::remove(std::string_view owner) {
  return std::erase_if(by_path_, [&](const auto& each) { return each.second.owner == owner; });
}

const Binding* Bindings::find(std::string_view path) const {
  for (auto prefix = path;;) {
    if (const auto at = by_path_.find(prefix); at != by_path_.end()) return &at->second;
    if (prefix == "/") return nullptr;
    const auto slash = prefix.rfind('/');
    if (slash == std::string_view::npos) return nullptr;
    prefix = slash == 0 ? std::string_view("/") : prefix.substr(0, slash);
  }
}

nlohmann::json Bindings::document() const {
  auto made = nlohmann::json::array();
  for (const auto& [path, binding] : by_path_)
    made.push_back({{"path", path},
                    {"own_path", binding.own_path},
                    {"address", binding.address},
                    {"owner", binding.owner},
                    {"object", binding.object},
                    {"othismo", binding.format == protocol::Format::othismo},
                    {"authenticated", binding.authenticated},
                    {"local_only", binding.local_only}});
  return made;
}

void Bindings::restore(const nlohmann::json& document) {
  if (!document.is_array()) return;
  for (const auto& entry : document) {
    if (!entry.is_object()) continue;
    const auto text = [&](const char* key) {
      const auto at = entry.find(key);
      return at != entry.end() && at->is_string() ? at->get<std::string>() : std::string();
    };
    // What is not said is what is safer.
    const auto flag = [&](const char* key, bool otherwise) {
      const auto at = entry.find(key);
      return at != entry.end() && at->is_boolean() ? at->get<bool>() : otherwise;
    };
    auto path = normal_path(text("path"));
    if (!path || text("owner").empty() || text("address").empty()) continue;
    static_cast<void>(
        bind({.path = std::move(*path),
              .own_path = text("own_path"),
              .address = text("address"),
              .owner = text("owner"),
              .object = text("object"),
              .format = flag("othismo", false) ? protocol::Format::othismo : protocol::Format::kinode,
              .authenticated = flag("authenticated", true),
              .local_only = flag("local_only", true)}));
  }
}

}  // namespace celeriac::gateway
