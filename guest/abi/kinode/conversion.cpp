#include "guest/abi/kinode/conversion.hpp"

#include <algorithm>
#include <format>

#include "guest/abi/guest.hpp"
#include "protocol/words.hpp"

namespace celeriac::guest::kinode {
namespace {

using protocol::Capability;
using protocol::Failure;
using protocol::Item;
using protocol::ItemType;
using protocol::Outgoing;

constexpr std::int64_t milliseconds_per_second = 1000;

std::optional<std::int64_t> milliseconds(const Value* seconds) {
  if (seconds == nullptr) return std::nullopt;
  return static_cast<std::int64_t>(std::min(seconds->number(), max_expects_seconds)) *
         milliseconds_per_second;
}

/// Whole seconds that are not less.
std::uint64_t seconds(std::int64_t milliseconds) {
  return static_cast<std::uint64_t>((milliseconds + milliseconds_per_second - 1) / milliseconds_per_second);
}

std::optional<std::string> owned(std::optional<std::string_view> text) {
  return text ? std::optional<std::string>(*text) : std::nullopt;
}

[[noreturn]] void no_name(std::string_view what, std::string_view text) {
  throw Trap{std::format("the kernel names a process {}, which is no {}.", protocol::shown(text), what)};
}

Value response_value(Arena& arena, const Item& item) {
  return arena.record({Value::number(item.inherit), Value::text(item.body),
                       arena.optional_text(item.metadata), capability_list(arena, item.capabilities)});
}

}  // namespace

std::string process_text(const Value& process_id) {
  const auto name = process_id[0].text(), package = process_id[1].text(), publisher = process_id[2].text();
  std::string made;
  made.reserve(name.size() + package.size() + publisher.size() + 2);
  return made.append(name).append(1, ':').append(package).append(1, ':').append(publisher);
}

std::string address_text(const Value& address) {
  return std::string(address[0].text()).append(1, '@').append(process_text(address[1]));
}

std::vector<Capability> capabilities(const Value& list) {
  std::vector<Capability> made;
  made.reserve(list.items().size());
  for (const auto& one : list.items()) made.push_back({address_text(one[0]), std::string(one[1].text())});
  return made;
}

Outgoing outgoing_request(const Value& request) {
  Outgoing made;
  made.inherit = request[0].boolean();
  made.expects = milliseconds(request[1].some());
  made.metadata = owned(request[3].optional_text());
  made.capabilities = capabilities(request[4]);
  return made;
}

Outgoing outgoing_response(const Value& response) {
  Outgoing made;
  made.inherit = response[0].boolean();
  made.metadata = owned(response[2].optional_text());
  made.capabilities = capabilities(response[3]);
  return made;
}

Value process_value(Arena& arena, std::string_view process) {
  const auto first = process.find(':');
  const auto second = first == std::string_view::npos ? first : process.find(':', first + 1);
  if (second == std::string_view::npos) no_name("id of a process", process);
  return arena.record({Value::text(process.substr(0, first)),
                       Value::text(process.substr(first + 1, second - first - 1)),
                       Value::text(process.substr(second + 1))});
}

Value address_value(Arena& arena, std::string_view address) {
  const auto at = address.find('@');
  if (at == std::string_view::npos) no_name("address", address);
  return arena.record({Value::text(address.substr(0, at)), process_value(arena, address.substr(at + 1))});
}

Value capability_list(Arena& arena, const std::vector<Capability>& capabilities) {
  return arena.list(capabilities, [&](const Capability& one) {
    return arena.record({address_value(arena, one.issuer), Value::text(one.params)});
  });
}

Value request_value(Arena& arena, const protocol::Content& content, bool inherit,
                    std::optional<std::int64_t> expects) {
  return arena.record({Value::number(inherit),
                       expects ? arena.some(Value::number(seconds(*expects))) : Arena::none(),
                       Value::text(content.body), arena.optional_text(content.metadata),
                       capability_list(arena, content.capabilities)});
}

Value message_value(Arena& arena, const Item& item, bool with_context) {
  const bool response = item.type == ItemType::response || (item.type == ItemType::error && item.of_response);
  if (!response) return arena.of_case(0, request_value(arena, item, item.inherit, item.expects));
  const auto context = with_context ? arena.optional_text(item.context) : Arena::none();
  return arena.of_case(1, arena.record({response_value(arena, item), context}));
}

Value error_kind(Failure failure) {
  return Value::of_case(failure == Failure::offline ? 0 : 1);
}

}  // namespace celeriac::guest::kinode
