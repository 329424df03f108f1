#include "tests/celeryscript/compiler_host.hpp"

#include <format>
#include <limits>
#include <stdexcept>

#include "celeryscript/compiler.hpp"
#include "celeryscript/imports.hpp"
#include "celeryscript/parser.hpp"

namespace celeriac::testing {
namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

celeryscript::Parsed parsed(const std::string& json) {
  auto made = celeryscript::parse(json);
  if (made.document.root == nullptr) throw std::runtime_error("no document: " + json);
  return made;
}

}  // namespace

celeryscript::Program compiled(const std::string& json) {
  auto program = celeryscript::compile(parsed(json).document);
  if (!program) throw std::runtime_error(program.error().message + " at " + program.error().path);
  return std::move(*program);
}

protocol::Error refusal(const std::string& json) {
  const auto program = celeryscript::compile(parsed(json).document);
  if (program) throw std::runtime_error("it compiles: " + json);
  return program.error();
}

std::string sequence(const std::string& steps) {
  return R"({"kind":"sequence","args":{"version":20180209,"locals":{"kind":"scope_declaration","args":{}}},"body":[)" +
         steps + "]}";
}

Host::Host() : x(unknown), y(unknown), z(unknown), value_(unknown), place_{unknown, unknown, unknown} {}

std::vector<std::string> Host::run(const celeryscript::Program& program) {
  wasm::Engine engine;
  const wasm::HostCall call{
      .call =
          [](void* self, wasm::ImportIndex import, std::span<const wasm::Value> arguments) noexcept {
            static_cast<Host*>(self)->carry_out(import, arguments);
          },
      .context = this,
      .offers = celeryscript::offers};
  auto instance = wasm::Instance::create(engine, program.module, call);
  if (!instance) throw std::runtime_error(instance.error().message);
  program_ = &program;
  instance_ = instance->get();
  log_.clear();
  if (instance_->steps() != program.steps.size()) throw std::runtime_error("the module and its map differ");

  for (celeryscript::StepIndex at = program.steps.empty() ? celeryscript::end : 0; at != celeryscript::end;) {
    if (program.steps.at(static_cast<std::size_t>(at)).reads_inputs) {
      const double inputs[] = {value_, place_[0], place_[1], place_[2]};
      for (std::size_t i = 0; i < std::size(inputs); ++i) {
        instance_->set_global(instance_->find_global(celeryscript::input_globals[i]).value(), inputs[i]);
      }
    } else {
      for (const char* name : celeryscript::input_globals) {
        instance_->set_global(instance_->find_global(name).value(), 1e9);  // must not be looked at
      }
    }
    calls_ = 0;
    const auto next = instance_->call(at);
    if (!next) throw std::runtime_error(next.error().message);
    if (calls_ > 1) throw std::runtime_error("one step asked for two operations");
    at = *next;
  }
  return std::move(log_);
}

void Host::carry_out(wasm::ImportIndex import, std::span<const wasm::Value> arguments) {
  const wasm::Import& asked = instance_->imports()[static_cast<std::size_t>(import)];
  const auto target = celeryscript::find_import(asked);
  std::string line = asked.space + "." + asked.name;
  ++calls_;
  const auto text = [&](std::size_t i) {
    return program_->tables.texts.at(static_cast<std::size_t>(arguments[i].i32()));
  };
  if (target->operation == nullptr) return carry_out_own(target->call, std::move(line), arguments);
  if (target->operation->long_name == "REGISTER.READ") {
    line += " " + text(0);
    const auto found = registers.find(text(0));
    value_ = found == registers.end() ? unknown : found->second;
    if (text(0) == "position") place_[0] = x, place_[1] = y, place_[2] = z;
  } else {
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      const auto& field = target->operation->fields[i];
      const bool is_text =
          field.type == protocol::FieldType::text || field.type == protocol::FieldType::texts;
      line += asked.parameters[i] == wasm::ValueType::f64
                  ? std::format(" {}={}", field.name, arguments[i].f64())
              : is_text ? std::format(" {}={}", field.name, text(i))
                        : std::format(" {}={}", field.name, arguments[i].i32());
    }
    if (asked.name == "MOVE_ABSOLUTE") {
      x = arguments[0].f64();
      y = arguments[1].f64();
      z = arguments[2].f64();
    }
  }
  log_.push_back(std::move(line));
}

void Host::carry_out_own(celeryscript::HostCall call, std::string line,
                         std::span<const wasm::Value> arguments) {
  using enum celeryscript::HostCall;
  const auto& tables = program_->tables;
  const auto handle = [&](std::size_t i) { return static_cast<std::size_t>(arguments[i].i32()); };
  switch (call) {
    case leg:
      return this->leg(arguments);
    case note:
    case pin_was_read:
      return;
    case pin:
      value_ = pins.at(tables.pins.at(handle(0)).id);
      return;
    case pin_value:
      line += std::format(" {}", tables.pins.at(handle(0)).id);
      break;
    case lua:
      line += " " + tables.scripts.at(handle(0));
      value_ = scripts[tables.scripts.at(handle(0))];
      break;
    case assertion: {
      const std::string& code =
          tables.scripts.at(static_cast<std::size_t>(tables.assertions.at(handle(0)).script));
      line += " " + code;
      value_ = scripts[code];
      break;
    }
    case evaluate: {
      const std::string node = celeryscript::to_node(tables.operands.at(handle(0))).dump();
      line += " " + node;
      value_ = operands.at(node);
      for (double& axis : place_) axis = value_;
      break;
    }
    case random:
    case soil_height:
      line += std::format(" {}", arguments[0].f64());
      value_ = -200;
      break;
    case execute:
      line += std::format(" {}", arguments[0].i32());
      break;
    case update:
    case script:
      line += std::format(" {}", arguments[0].i32());
      break;
    case abort:
      line += " " + tables.texts.at(handle(0));
      break;
  }
  log_.push_back(std::move(line));
}

/// Where a leg goes: everywhere at once, or up, across and down.
void Host::leg(std::span<const wasm::Value> arguments) {
  const double target[3] = {arguments[0].f64(), arguments[1].f64(), arguments[2].f64()};
  const auto number = static_cast<int>(arguments[3].f64());
  value_ = 0;
  for (std::size_t axis = 0; axis < 3; ++axis) place_[axis] = target[axis];
  if (arguments[4].i32() == celeryscript::no_handle) return;
  if (program_->tables.texts.at(static_cast<std::size_t>(arguments[4].i32())) != "safe_z")
    throw std::runtime_error("this host knows only safe_z");
  log_.emplace_back("REGS.READ position");
  if (number != 1) place_[0] = x, place_[1] = y;
  if (number == 1) place_[2] = z;
  if (number == 0) {
    log_.emplace_back("REGS.READ config.safe_height");
    const auto found = registers.find("config.safe_height");
    place_[2] = found == registers.end() ? 0 : found->second;
  }
  value_ = number == 2 ? 0 : number + 1;
}

}  // namespace celeriac::testing
