#include "tests/guest/abi/mutated_calls.hpp"

#include <format>
#include <random>

#include "protocol/frame.hpp"
#include "tests/guest/abi/kinode_fixture.hpp"

namespace celeriac::guest::testing {
namespace {

class Madness {
 public:
  explicit Madness(std::uint64_t seed) : random_(seed) {}

  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  bool one_in(std::uint64_t count) { return below(count) == 0; }

  /// A number as a pointer, a length or a discriminant might be: good more often than chance would have it.
  std::uint32_t word() {
    switch (below(8)) {
      case 0:
      case 1:
        return static_cast<std::uint32_t>(below(4));
      case 2:
        return static_cast<std::uint32_t>(below(200));
      case 3:
        return return_area;
      case 4:
      case 5:
        return parameters + 8 * static_cast<std::uint32_t>(below(16));
      case 6:
        return 0x1000 + static_cast<std::uint32_t>(below(0x400));
      default:
        return static_cast<std::uint32_t>(random_());
    }
  }
  void spoil(std::string& text) {
    for (auto hits = below(4); hits > 0 && !text.empty(); --hits)
      text[below(text.size())] = static_cast<char>(random_());
  }

 private:
  std::mt19937_64 random_;
};

protocol::Item some_item(Madness& madness) {
  auto item = madness.one_in(3) ? an_error() : madness.one_in(2) ? a_response() : a_request();
  if (madness.one_in(2)) item.metadata = "{}";
  if (madness.one_in(2)) item.context = "context";
  if (madness.one_in(2)) item.expects = 5'000;
  if (madness.one_in(3)) item.capabilities = {{"n.os@a:b:c.os", "1"}, {"n.os@a:b:c.os", "2"}};
  if (madness.one_in(3)) item.blob = protocol::BlobInfo{.mime = "a/b", .size = madness.below(300)};
  if (madness.one_in(4)) item.format = static_cast<protocol::Format>(madness.below(4));
  return item;
}

/// What the kernel might answer, and sometimes what it never would.
protocol::Reply some_reply(Madness& madness, const FakeGuest::Asked& asked) {
  protocol::Reply reply{.value = static_cast<std::uint16_t>(1 + madness.below(64))};
  if (madness.one_in(10)) {
    reply.status = static_cast<std::uint16_t>(1 + madness.below(16));
    return reply;
  }
  if (asked.operation == "MESSAGE.RECEIVE" || asked.operation == "MESSAGE.AWAIT")
    reply.data = encode(some_item(madness));
  else if (asked.operation == "GUEST.SPAWN")
    reply.data = protocol::to_bson({{"process", "kid:pkg:me.os"}});
  else if (asked.operation == "GUEST.GET_ON_EXIT")
    reply.data = protocol::to_bson({{"on_exit", madness.one_in(2) ? "restart" : "none"}});
  else if (asked.operation == "CAPABILITY.LIST")
    reply.data = protocol::to_bson({{"capabilities", {{{"issuer", "n.os@a:b:c"}, {"params", "1"}}}}});
  else
    reply.data.assign(madness.below(300), 'x');
  if (madness.one_in(8)) madness.spoil(reply.data);
  return reply;
}

/// Good parameters for everything that takes some, so that a few spoilt bytes reach far.
void write_parameters(Kinode& kinode, Madness& madness) {
  Kinode::Request request{.inherit = madness.one_in(2), .metadata = "meta"};
  if (madness.one_in(2)) request.capabilities = {kinode.capability("1"), kinode.capability("2")};
  const auto blob = madness.one_in(2) ? kinode.blob("a/b", "bytes") : Arena::none();
  const auto target = kinode.address("our", "other");
  if (madness.one_in(2))
    kinode.write(
        types::sent,
        kinode.arena.record({target, kinode.request(request), kinode.arena.some(Value::text("ctx")), blob}),
        parameters);
  else
    kinode.write(types::addressed_request, kinode.arena.record({target, kinode.request(request), blob}),
                 parameters);
}

/// Why what has gone out is not what the kernel reads; "" if it is.
std::string flaw(const FakeGuest::Asked& asked) {
  if (asked.payload.size() > protocol::max_payload)
    return std::format("{} of {} bytes", asked.operation, asked.payload.size());
  const auto body = std::string_view(asked.payload).substr(2);
  if (asked.operation == "MESSAGE.SEND" || asked.operation == "MESSAGE.AWAIT" ||
      asked.operation == "MESSAGE.RESPOND") {
    const auto message = protocol::decode_outgoing(body);
    return message ? "" : std::format("{}: {}", asked.operation, message.error().message);
  }
  const auto* operation = protocol::find_operation(asked.operation);
  const auto arguments = protocol::Arguments::decode(*operation, asked.payload);
  return arguments ? "" : std::format("{}: {}", asked.operation, arguments.error().message);
}

void spoil_one(Madness& madness, MutationOutcome& outcome) {
  Kinode kinode;
  kinode.guest.record_calls = false;
  kinode.guest.answer = [&](const FakeGuest::Asked& asked) { return some_reply(madness, asked); };
  kinode.guest.bytes.resize(std::size_t{32} * 1024);
  const bool wild = madness.one_in(3);
  if (wild) {
    for (std::uint32_t at = return_area; at < 0x1400; at += 4) kinode.guest.store(at, madness.word());
  } else {
    write_parameters(kinode, madness);
    for (auto hits = madness.below(4); hits > 0; --hits)
      kinode.guest.store(parameters + 4 * static_cast<std::uint32_t>(madness.below(40)), madness.word());
    if (madness.one_in(4))
      kinode.guest.bytes[0x1000 + madness.below(0x100)] = static_cast<std::uint8_t>(madness.below(256));
  }
  if (madness.one_in(16))
    kinode.guest.add_export("cabi_realloc", {},
                            [&](std::span<const Slot>) { return std::vector<Slot>{madness.word()}; });
  const auto functions = kinode.process.functions();
  const auto& function = functions[madness.below(functions.size())];
  std::vector<Slot> arguments;
  for (const auto type : function.type.parameters)
    arguments.push_back(type == wasm::NumberType::i64 ? madness.below(~0ULL) : madness.word());
  if (!arguments.empty() && !wild && !madness.one_in(4)) {
    arguments.front() = parameters;
    if (arguments.size() > 1) arguments.back() = return_area;
  }
  std::vector<Slot> results(function.type.results.size());
  try {
    function.call(kinode.process, kinode.guest, arguments, results);
    ++outcome.returned;
  } catch (const Trap& trap) {
    ++outcome.trapped;
    if (!trap.why.starts_with(function.field) && outcome.broken.empty())
      outcome.broken = std::format("a trap of {} says \"{}\"", function.field, trap.why);
  } catch (const Ended&) {
    ++outcome.returned;  // proc_exit
  }
  outcome.asked += kinode.guest.asked.size();
  for (const auto& asked : kinode.guest.asked)
    if (auto what = flaw(asked); !what.empty() && outcome.broken.empty()) outcome.broken = std::move(what);
}

}  // namespace

MutationOutcome spoil_kinode_calls(std::uint64_t seed, std::uint64_t count) {
  MutationOutcome outcome;
  for (std::uint64_t i = 0; i < count && outcome.broken.empty(); ++i) {
    Madness madness(seed + i);
    try {
      spoil_one(madness, outcome);
    } catch (const std::exception& error) {
      outcome.broken = error.what();
    }
    if (!outcome.broken.empty()) outcome.broken = std::format("seed {}: {}", seed + i, outcome.broken);
  }
  return outcome;
}

}  // namespace celeriac::guest::testing
