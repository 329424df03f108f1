#include "guest/instances.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <format>

#include "protocol/payload.hpp"
#include "wasm/guest_limits.hpp"

namespace celeriac::guest {
using protocol::Request;
using protocol::Responder;
using protocol::Result;
using protocol::Status;
using namespace protocol::literals;

namespace {

std::vector<std::string> texts(const protocol::Arguments& arguments, const char* field) {
  const auto& value = arguments.value(field);
  return value.is_array() ? value.get<std::vector<std::string>>() : std::vector<std::string>{};
}

/// Of `limits.messages_per_second`.
constexpr double most_messages_per_second = 1e9;

Result<StartOrder> order_of(const Request& request) {
  const auto& arguments = request.arguments;
  StartOrder order{
      .identity = {.process = arguments.id(),
                   .address = arguments.string("address"),
                   .path = arguments.string("path"),
                   .arguments = texts(arguments, "arguments"),
                   .topics = texts(arguments, "topics"),
                   .exchanges = texts(arguments, "exchanges"),
                   .directories = texts(arguments, "directories"),
                   .restored = arguments.has("restore") && arguments.value("restore").get<bool>()},
      .module = arguments.string("module"),
      .abi = arguments.string("abi"),
      .limits = {}};
  const auto& given = arguments.value("limits");
  auto code = wasm::guest_limits(given);
  if (!code) return protocol::fail(code.error().status, "GUEST.START: " + code.error().message);
  order.limits = *code;
  if (!given.is_object() || !given.contains("messages_per_second")) return order;
  const auto& rate = given["messages_per_second"];
  if (!rate.is_number() || !(rate.get<double>() >= 1 && rate.get<double>() <= most_messages_per_second))
    return protocol::fail(
        Status::malformed,
        std::format("GUEST.START: limits.messages_per_second must be a number from 1 to {}.",
                    most_messages_per_second));
  order.messages_per_second = rate.get<double>();
  return order;
}

std::string megabytes(std::uint64_t bytes) {
  return std::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

}  // namespace

Instances::Instances(boost::asio::io_context& io, Modules& modules, const MemoryWatch& watch,
                     InstancesOptions options)
    : watch_(watch),
      options_(options),
      surroundings_{io, nullptr, modules, *this, options.personality_for, options.stack_bytes} {}

Instances::~Instances() = default;

void Instances::serve(protocol::Dispatcher& dispatcher) {
  const auto on = [&](const protocol::Operation& operation, void (Instances::*handler)(Request&, Responder)) {
    dispatcher.on(operation, [this, handler](Request& request, Responder responder) {
      (this->*handler)(request, std::move(responder));
    });
  };
  on("GUEST.START"_op, &Instances::start);
  on("GUEST.KILL"_op, &Instances::kill);
  on("GUEST.PAUSE"_op, &Instances::pause);
  on("GUEST.RESUME"_op, &Instances::resume);
}

void Instances::start(Request& request, Responder responder) {
  const std::uint16_t id = request.arguments.id();
  if (table_.contains(id))
    return responder.fail({.status = Status::wrong_state,
                           .message = std::format("Process {} exists in this worker already.", id)});
  if (table_.size() >= options_.most)
    return responder.fail(
        {.status = Status::out_of_resources,
         .message = std::format("A worker of this package runs at most {} processes.", options_.most)});
  if (watch_.above_high_water())
    return responder.fail(
        {.status = Status::out_of_resources,
         .message = std::format("The processes of this package use {} of {}: there is no room for another.",
                                megabytes(watch_.used()), megabytes(watch_.limit()))});
  auto order = order_of(request);
  if (!order) return responder.fail(order.error());
  std::shared_ptr<Instance> made;
  try {
    made = std::make_shared<Instance>(surroundings_, std::move(*order));
  } catch (const std::bad_alloc&) {
    return responder.fail({.status = Status::out_of_resources,
                           .message = "There is no memory left for another process of this package."});
  }
  table_.emplace(id, Row{made, std::move(responder), {}});
  boost::asio::post(surroundings_.io, [made] {
    if (!made->has_ended()) made->run();
  });
}

/// The row that a request names; answers it and returns nullptr if there is none.
Instances::Row* Instances::find(const Request& request, Responder& responder) {
  const auto found = table_.find(request.arguments.id());
  if (found != table_.end()) return &found->second;
  responder.fail({.status = Status::not_found,
                  .message = std::format("There is no process {} in this worker.", request.arguments.id())});
  return nullptr;
}

void Instances::kill(Request& request, Responder responder) {
  Row* const row = find(request, responder);
  if (row == nullptr) return;
  row->killers.push_back(std::move(responder));
  const auto instance = row->instance;  // it may be gone from the table in a moment
  instance->kill({How::killed, ""});
}

void Instances::pause(Request& request, Responder responder) {
  Row* const row = find(request, responder);
  if (row == nullptr) return;
  row->instance->pause([responder = std::move(responder)]() mutable { responder.ok(); });
}

void Instances::resume(Request& request, Responder responder) {
  Row* const row = find(request, responder);
  if (row == nullptr) return;
  const auto instance = row->instance;
  responder.ok();
  instance->resume();
}

void Instances::started(Instance& instance) {
  auto& starter = table_.at(instance.identity().process).starter;
  starter->ok();
  starter.reset();
}

void Instances::ended(Instance& instance) {
  const auto found = table_.find(instance.identity().process);
  Row row = std::move(found->second);
  table_.erase(found);
  if (row.starter) {
    row.starter->fail(instance.refusal());
  } else {
    static const auto& operation = "GUEST.ENDED"_op;
    auto payload = protocol::encode(operation, {{"id", instance.identity().process},
                                                {"how", name(instance.end().how)},
                                                {"message", instance.end().message},
                                                {"output", instance.error_end()}});
    if (payload)
      surroundings_.session->request(operation, *payload, [](const protocol::Reply&) {});
    else
      spdlog::error("GUEST.ENDED cannot be said: {}", payload.error().message);
  }
  for (auto& killer : row.killers) killer.ok();
}

std::string Instances::largest() const {
  const auto found = std::ranges::max_element(
      table_, {}, [](const auto& entry) { return entry.second.instance->memory_bytes(); });
  return found == table_.end() ? "" : found->second.instance->identity().address;
}

void Instances::wants_turn(Instance& instance) {
  turns_.push_back(instance.weak_from_this());
  if (turns_.size() == 1) boost::asio::post(surroundings_.io, [this] { next_turn(); });
}

void Instances::next_turn() {
  end_largest();
  const auto instance = turns_.front().lock();
  if (instance) instance->take_turn();  // it may want another one
  turns_.pop_front();
  if (!turns_.empty()) boost::asio::post(surroundings_.io, [this] { next_turn(); });
}

/// Ends the largest instance when the memory of the worker runs short.
void Instances::end_largest() {
  if (!watch_.above_high_water() || table_.empty()) return;
  const auto largest = std::ranges::max_element(
      table_, {}, [](const auto& entry) { return entry.second.instance->memory_bytes(); });
  const auto instance = largest->second.instance;
  auto message = std::format(
      "It used the most memory, {}, when the processes of its package used {} of the {} that they may use.",
      megabytes(instance->memory_bytes()), megabytes(watch_.used()), megabytes(watch_.limit()));
  spdlog::warn("{} is ended: {}", instance->identity().address, message);
  instance->kill({How::trap, std::move(message)});
}

}  // namespace celeriac::guest
