// What steps ask of the host itself: other sequences, values, pins by name, scripts.

#include <array>
#include <cmath>
#include <format>
#include <random>
#include <utility>

#include "vm/sequences/failure.hpp"
#include "vm/sequences/route.hpp"
#include "vm/sequences/scopes.hpp"
#include "vm/sequences/step_loop.hpp"

namespace celeriac::vm {

using celeryscript::DataValue;
using celeryscript::HostCall;
using celeryscript::OperandUse;
using protocol::Error;
using protocol::Result;
using protocol::Status;

namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

/// Names of the registers `pins.0` …, which a waiting process points at.
const std::string& pin_register(int pin) {
  static const auto names = [] {
    std::array<std::string, 256> made;
    for (std::size_t i = 0; i < made.size(); ++i) made[i] = std::format("pins.{}", i);
    return made;
  }();
  return names[static_cast<std::size_t>(pin) % names.size()];
}

const std::string position_register = "position";
const std::string safe_height_register = "config.safe_height";

std::string shown(const DataValue& value) {
  return celeryscript::to_node(value).dump();
}

Error cannot_use(const DataValue& value, OperandUse use) {
  return {.status = Status::failed,
          .message = use == OperandUse::location
                         ? std::format("Unexpected location or offset: {}", shown(value))
                         : std::format("Can't handle numeric conversion for {}", shown(value))};
}

}  // namespace

const std::array<StepLoop::Carry, 14> StepLoop::host_calls_ = [] {
  std::array<Carry, 14> made{};
  const auto set = [&](HostCall call, Carry carry) { made[std::to_underlying(call)] = carry; };
  set(HostCall::execute, &StepLoop::carry_execute);
  set(HostCall::evaluate, &StepLoop::carry_evaluate);
  set(HostCall::random, &StepLoop::carry_random);
  set(HostCall::soil_height, &StepLoop::carry_soil_height);
  set(HostCall::leg, &StepLoop::carry_leg);
  set(HostCall::pin, &StepLoop::carry_pin);
  set(HostCall::pin_value, &StepLoop::carry_pin_value);
  set(HostCall::pin_was_read, &StepLoop::carry_pin_was_read);
  set(HostCall::lua, &StepLoop::carry_lua);
  set(HostCall::assertion, &StepLoop::carry_assertion);
  set(HostCall::update, &StepLoop::carry_update);
  set(HostCall::script, &StepLoop::carry_script);
  set(HostCall::note, &StepLoop::carry_note);
  set(HostCall::abort, &StepLoop::carry_abort);
  return made;
}();

void StepLoop::carry_host(Process& process, Code& code) {
  process.operation = nullptr;
  (this->*host_calls_[std::to_underlying(code.asked_call().host)])(process, code);
}

/// An entry of a table of the program, by the handle that is an argument.
template <class Entry>
const Entry& StepLoop::entry(const Code& code, const std::vector<Entry>& table, std::size_t argument) {
  return table.at(static_cast<std::size_t>(code.asked().arguments[argument].i32()));
}

// ---- sequences -----------------------------------------------------------------------------------

void StepLoop::carry_execute(Process& process, Code& code) {
  const auto sequence_id = code.asked().arguments[0].i32();
  const auto passed = code.asked().arguments[1].i32();
  if (locked_) {
    return fail(process, {.status = Status::wrong_state,
                          .message = "Device is locked. Unlock the bot before a sequence calls another."});
  }
  const bool last_step = !has_more(process.top);
  if (last_step && ++process.calls_in_a_row > max_calls_in_a_row)
    return fail(process, endless_calls(*code.name(), max_calls_in_a_row));
  if (!last_step && process.depth() + 1 >= max_depth) return fail(process, too_deep(*code.name(), max_depth));
  process.given = nullptr;
  if (passed != celeryscript::no_handle) {
    auto scope = pass_on(entry(code, code.program().tables.applications, 1), process.top.scope.get());
    if (!scope) return fail(process, scope.error());
    process.given = std::make_unique<celeryscript::Scope>(std::move(*scope));
  }
  // A ticket of its own: an answer that comes later must find this call and no other.
  ++process.serial;
  auto found = world_.find_sequence(sequence_id, process.ticket());
  if (!found) {
    process.state = State::waiting;
    process.waiting = Waiting::code;
    return report(process);
  }
  if (!*found) return fail(process, sequence_not_found(found->error()));
  enter(process, std::move(**found));
}

bool StepLoop::begin(Process& process) {
  Frame& frame = process.top;
  frame.begun = true;
  const auto given = std::exchange(process.given, nullptr);
  const celeryscript::Program& program = frame.code->program();
  if (!program.locals.empty() || given) {
    auto bound = bind(program, given ? std::move(*given) : celeryscript::Scope(), process.given_wins,
                      world_.assets(), world_.wall_clock(), world_.random());
    if (!bound) {
      if (bound.error().code == "no_value") {
        world_.log(
            process,
            {{"type", "error"},
             {"channels", {"toast"}},
             {"message", std::format("No value provided for {}", bound.error().details.value("label", ""))}});
      }
      auto error = step_failed(process, bound.error());
      error->path = bound.error().path;  // no step has begun
      end(process, State::failed, std::move(error));
      return false;
    }
    frame.scope = std::move(bound->scope);
    frame.iteration = std::move(bound->iteration);
    if (frame.iteration && frame.iteration->members.empty()) {  // nothing to do, and nothing to tell
      frame.iteration = nullptr;
      frame.next = celeryscript::end;
      return true;
    }
  }
  process.given_wins = false;
  world_.entered(process);
  return true;
}

bool StepLoop::next_member(Process& process) {
  Frame& frame = process.top;
  world_.completed(process);
  if (frame.iteration == nullptr || frame.iteration->at + 1 >= frame.iteration->members.size()) return false;
  ++frame.iteration->at;
  frame.scope = with_member(*frame.scope, *frame.iteration);
  disown(process, process.depth());
  frame.variables = nullptr;
  frame.next = frame.code->program().steps.empty() ? celeryscript::end : 0;
  world_.entered(process);
  return true;
}

// ---- values --------------------------------------------------------------------------------------

void StepLoop::carry_evaluate(Process& process, Code& code) {
  const auto use = static_cast<OperandUse>(code.asked().arguments[1].i32());
  const DataValue* value = &entry(code, code.program().tables.operands, 0);
  if (const auto* identifier = std::get_if<celeryscript::Identifier>(value)) {
    const auto found = look_up(process.top.scope.get(), identifier->label);
    if (!found) return fail(process, found.error());
    value = *found;
  }
  if (const auto* number = std::get_if<double>(value); number != nullptr && use == OperandUse::operand) {
    process.x = process.y = process.z = process.value = *number;
  } else if (const auto* place = std::get_if<celeryscript::Coordinate>(value)) {
    set_place(process, *place);
  } else if (const auto* point = std::get_if<celeryscript::PointReference>(value)) {
    const auto at = world_.assets().place_of(*point);
    if (!at) return fail(process, at.error());
    set_place(process, *at);
  } else if (const auto* tool = std::get_if<celeryscript::ToolReference>(value)) {
    const auto slot = world_.assets().slot_of_tool(tool->id);
    if (!slot) return fail(process, slot.error());
    set_place(process, slot->place);
    if (slot->gantry_mounted) read(process, position_register, Waiting::gantry);
  } else {
    fail(process, cannot_use(*value, use));
  }
}

void StepLoop::set_place(Process& process, const celeryscript::Coordinate& place) {
  process.x = place.x;
  process.y = place.y;
  process.z = place.z;
}

void StepLoop::carry_random(Process& process, Code& code) {
  const double variance = code.asked().arguments[0].f64();
  std::mt19937_64 generator(world_.random());
  const auto limit = static_cast<std::int64_t>(variance);
  process.value = static_cast<double>(std::uniform_int_distribution(-limit, limit)(generator));
}

void StepLoop::carry_soil_height(Process& process, Code& code) {
  const double x = code.asked().arguments[0].f64(), y = code.asked().arguments[1].f64();
  const SoilHeight soil = world_.assets().soil_height(x, y);
  if (!soil.interpolated) {
    world_.log(process, {{"type", "warn"},
                         {"verbosity", 3},
                         {"message", std::format("Need at least 3 soil height samples to interpolate. Using "
                                                 "default soil height: {:g}",
                                                 soil.z)}});
  }
  process.value = soil.z;
}

// The target is kept as the place; what the leg does not reach is replaced by where the axis is.
void StepLoop::carry_leg(Process& process, Code& code) {
  const auto& arguments = code.asked().arguments;
  set_place(process, {arguments[0].f64(), arguments[1].f64(), arguments[2].f64()});
  process.leg = static_cast<std::int32_t>(arguments[3].f64());
  process.handle = arguments[4].i32();
  if (order_of(process).empty()) {
    process.value = 0;  // one leg, all axes together
    return;
  }
  read(process, position_register, Waiting::leg);
}

std::string StepLoop::order_of(const Process& process) const {
  if (process.handle != celeryscript::no_handle)
    return process.top.code->program().tables.texts.at(static_cast<std::size_t>(process.handle));
  const auto set = world_.assets().field(AssetKind::fbos_config, "default_axis_order");
  const std::string order = set.is_string() ? set.get<std::string>() : std::string();
  return order == safe_z_route || route(order, false) ? order : std::string();
}

bool StepLoop::take_leg(Process& process, const celeryscript::Coordinate& here) {
  constexpr std::int32_t number_bits = celeryscript::leg_goes_up - 1;
  const std::string order = order_of(process);
  const std::int32_t leg = process.leg & number_bits;
  if (order == safe_z_route) {
    constexpr std::int32_t up = 0, across = 1, down = 2;
    process.value = leg == down ? 0 : leg + 1;
    if (leg != across) process.x = here.x, process.y = here.y;
    if (leg == across) process.z = here.z;
    if (leg != up) return true;
    read(process, safe_height_register, Waiting::safe_height);
    return false;
  }
  const bool goes_up =
      leg == 0 ? std::abs(process.z) < std::abs(here.z) : (process.leg & celeryscript::leg_goes_up) != 0;
  const auto legs = route(order, goes_up);
  const auto at = static_cast<std::size_t>(leg);
  if (!legs || at >= legs->size()) {  // the order was changed during the move: go the rest at once
    process.value = 0;
    return true;
  }
  const std::string& axes = (*legs)[at];
  if (!axes.contains('x')) process.x = here.x;
  if (!axes.contains('y')) process.y = here.y;
  if (!axes.contains('z')) process.z = here.z;
  process.value = at + 1 == legs->size() ? 0 : leg + 1 + (goes_up ? celeryscript::leg_goes_up : 0);
  return true;
}

// ---- pins ----------------------------------------------------------------------------------------

Result<NamedPin> StepLoop::named_pin(const celeryscript::PinName& name) const {
  return world_.assets().named_pin(name.type == "Sensor" ? AssetKind::sensor : AssetKind::peripheral,
                                   name.id);
}

void StepLoop::carry_pin(Process& process, Code& code) {
  const auto pin = named_pin(entry(code, code.program().tables.pins, 0));
  if (!pin) return fail(process, pin.error());
  process.value = pin->pin;
}

void StepLoop::carry_pin_value(Process& process, Code& code) {
  const auto pin = named_pin(entry(code, code.program().tables.pins, 0));
  if (!pin) return fail(process, pin.error());
  read(process, pin_register(pin->pin), Waiting::value);
}

void StepLoop::carry_pin_was_read(Process& process, Code& code) {
  const auto& arguments = code.asked().arguments;
  world_.pin_was_read(process, static_cast<int>(arguments[0].f64()), arguments[1].i32(), arguments[2].f64());
}

// ---- scripts and resources -----------------------------------------------------------------------

void StepLoop::carry_lua(Process& process, Code& code) {
  const bool number =
      code.asked().arguments[1].i32() == static_cast<std::int32_t>(celeryscript::LuaUse::number);
  run_script(process, entry(code, code.program().tables.scripts, 0),
             number ? Waiting::lua_number : Waiting::lua);
}

void StepLoop::carry_assertion(Process& process, Code& code) {
  const celeryscript::Assertion& assertion = entry(code, code.program().tables.assertions, 0);
  process.handle = code.asked().arguments[0].i32();
  run_script(process, code.program().tables.scripts.at(static_cast<std::size_t>(assertion.script)),
             Waiting::assertion);
}

void StepLoop::run_script(Process& process, const std::string& code, Waiting waiting) {
  process.calls_in_a_row = 0;
  wait_for(process, waiting);
  const auto serial = process.serial;
  expect(process, serial, world_.run_lua(process, code, process.ticket()));
}

void StepLoop::script_done(Ticket ticket, Result<LuaResult> result) {
  Process* process = waiting_for(ticket);
  if (process == nullptr) return;
  process->call = 0;
  if (process->killing) return end(*process, State::killed, killed(*process));
  if (process->waiting == Waiting::assertion) {
    if (judge(*process, result)) resume(*process);
    return;
  }
  if (!result) return fail(*process, result.error());
  if (process->waiting == Waiting::lua_number) {
    if (result->count != 1 || !result->first.is_number()) {
      return fail(*process,
                  {.status = Status::failed,
                   .message = std::format(
                       "Expected Lua to return number, got {}",
                       result->count == 1 ? result->first.dump() : std::format("{} values", result->count)),
                   .code = "lua_value"});
    }
    process->value = result->first.get<double>();
  }
  resume(*process);
}

/// Whether the sequence goes on after an assertion; says so in the log.
bool StepLoop::judge(Process& process, const Result<LuaResult>& result) {
  struct Outcome {
    std::string_view type, text;
  };
  constexpr Outcome failures[] = {{"abort", "failed, aborting"},
                                  {"abort_recover", "failed, recovering and aborting"},
                                  {"continue", "failed, continuing execution"},
                                  {"recover", "failed, recovering and continuing"}};
  const celeryscript::Assertion& assertion =
      process.top.code->program().tables.assertions.at(static_cast<std::size_t>(process.handle));
  const bool passed = result && result->count == 1 && result->first.is_boolean() && result->first.get<bool>();
  const auto* failure = std::ranges::find(failures, assertion.type, &Outcome::type);
  const std::string_view text = !result  ? "failed to evaluate, aborting"
                                : passed ? "passed, continuing execution"
                                         : failure->text;
  world_.log(process, {{"type", "assertion"},
                       {"verbosity", 2},
                       {"message", std::format("{} {}", assertion.header, text)},
                       {"meta", {{"assertion_passed", passed}, {"assertion_type", assertion.type}}}});
  if (!result) {
    fail(process, result.error());
    return false;
  }
  if (!passed && assertion.type == "abort") {
    fail(process,
         {.status = Status::failed,
          .message = std::format("Assertion failed (aborting): {} did not return true.", assertion.header),
          .code = "assertion_failed"});
    return false;
  }
  process.value = passed ? 1 : 0;
  return true;
}

void StepLoop::script_rests(Ticket ticket) {
  Process* process = waiting_for(ticket);
  if (process == nullptr || !process->pausing) return;
  process->pausing = false;
  process->state = State::paused;  // it still waits for its script
  report(*process);
  if (process->owed) give_pauses(*process);
}

void StepLoop::carry_update(Process& process, Code& code) {
  process.calls_in_a_row = 0;
  const celeryscript::ResourceUpdate& update = entry(code, code.program().tables.updates, 0);
  const DataValue* resource = &update.resource;
  if (const auto* identifier = std::get_if<celeryscript::Identifier>(resource)) {
    const auto found = look_up(process.top.scope.get(), identifier->label);
    if (!found) return fail(process, found.error());
    resource = *found;
  }
  wait_for(process, Waiting::operation);
  const auto serial = process.serial;
  expect(process, serial, world_.update(process, *resource, update, process.ticket()));
}

void StepLoop::carry_script(Process& process, Code& code) {
  process.calls_in_a_row = 0;
  wait_for(process, Waiting::operation);
  const auto serial = process.serial;
  expect(process, serial,
         world_.run_script(process, entry(code, code.program().tables.calls, 0), process.ticket()));
}

void StepLoop::carry_note(Process& process, Code& code) {
  if (!world_.logs_every_step()) return;
  world_.log(process,
             {{"type", "info"}, {"verbosity", 2}, {"message", entry(code, code.program().tables.texts, 0)}});
}

void StepLoop::carry_abort(Process& process, Code& code) {
  fail(process, {.status = Status::failed,
                 .message = entry(code, code.program().tables.texts, 0),
                 .code = "assertion_failed"});
}

}  // namespace celeriac::vm
