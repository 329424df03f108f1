#include "guest/worker.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <format>
#include <string>
#include <string_view>
#include <vector>

#include "guest/sandbox/probe.hpp"
#include "guest/sandbox/sandbox.hpp"
#include "wasm/guest_compiler.hpp"

namespace celeriac::guest {
namespace {

constexpr std::string_view usage =
    "celeriac-guest [--socket N] [--instances N] [--memory BYTES] [--compiled DIRECTORY]\n"
    "    runs the modules of a package for the VM that has the other end of socket N (3)\n"
    "celeriac-guest --compile DIRECTORY [--pages N] [--table N] [--depth N] [--fuel N]\n"
    "    compiles the module on its standard input, and prints the path of the new file\n"
    "celeriac-guest --probe [--file PATH] [--connect PATH] [--descriptor N]\n"
    "    tries what its sandbox forbids, and shows the outcome as JSON\n";

struct Options {
  WorkerOptions worker;
  ProbeTargets targets;
  bool probe = false;
  std::string compile_into;
  wasm::GuestLimits limits;
};

/// A word of the command line that is followed by another one, and where that goes.
struct Word {
  std::string_view name;
  bool (*take)(Options& options, std::string_view value);
};

template <class Number>
bool number(std::string_view text, Number& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

constexpr Word words[] = {
    {"--socket", [](Options& to, std::string_view text) { return number(text, to.worker.socket); }},
    {"--instances", [](Options& to, std::string_view text) { return number(text, to.worker.instances); }},
    {"--memory", [](Options& to, std::string_view text) { return number(text, to.worker.memory); }},
    {"--compiled", [](Options& to, std::string_view text) { return to.worker.compiled = text, true; }},
    {"--compile", [](Options& to, std::string_view text) { return to.compile_into = text, true; }},
    {"--pages", [](Options& to, std::string_view text) { return number(text, to.limits.memory_pages); }},
    {"--table", [](Options& to, std::string_view text) { return number(text, to.limits.table_elements); }},
    {"--depth", [](Options& to, std::string_view text) { return number(text, to.limits.depth); }},
    {"--fuel", [](Options& to, std::string_view text) { return number(text, to.limits.fuel_slice); }},
    {"--descriptor", [](Options& to, std::string_view text) { return number(text, to.targets.descriptor); }},
    {"--file", [](Options& to, std::string_view text) { return to.targets.file = text, true; }},
    {"--connect", [](Options& to, std::string_view text) { return to.targets.socket = text, true; }},
};

bool read(int count, char** arguments, Options& options) {
  for (int i = 1; i < count; ++i) {
    const std::string_view argument = arguments[i];
    if (argument == "--probe") {
      options.probe = true;
    } else {
      const auto* const found = std::ranges::find(words, argument, &Word::name);
      if (found == std::end(words) || i + 1 == count || !found->take(options, arguments[++i])) return false;
    }
  }
  return true;
}

/// Compiles what is on the standard input. The status to exit with.
int compile(const Options& options) {
  const auto failed = [](const protocol::Error& error) {
    spdlog::error("{}", error.message);
    return error.status == protocol::Status::invalid_code ? refused_module_status : 1;
  };
  if (auto entered = enter_compiler_sandbox(options.compile_into); !entered) return failed(entered.error());
  std::vector<std::uint8_t> bytes(max_module_bytes + 1);
  bytes.resize(std::fread(bytes.data(), 1, bytes.size(), stdin));
  if (bytes.size() > max_module_bytes)
    return failed({.status = protocol::Status::invalid_code,
                   .message = std::format("A module has at most {} bytes.", max_module_bytes)});
  const auto path = wasm::compile_ahead_of_time(bytes, options.limits, options.compile_into);
  if (!path) return failed(path.error());
  std::puts(path->c_str());
  return 0;
}

}  // namespace

int run_program(int count, char** arguments, PersonalityFor personality_for) {
  Options options;
  options.worker.personality_for = personality_for;
  if (!read(count, arguments, options)) {
    std::fputs(usage.data(), stderr);
    return 2;
  }
  // Lines for the VM, which adds the time and the package.
  spdlog::set_default_logger(
      std::make_shared<spdlog::logger>("", std::make_shared<spdlog::sinks::stderr_sink_st>()));
  spdlog::set_pattern("%l: %v", spdlog::pattern_time_type::utc);
  if (options.probe) {
    std::puts(probe(options.targets).dump(1).c_str());
    return 0;
  }
  if (!options.compile_into.empty()) return compile(options);
  Allowance allowance{.instances = options.worker.instances,
                      .memory = options.worker.memory,
                      .stack = stack_bytes(options.worker),
                      .descriptors = {options.worker.socket},
                      .compiled = options.worker.compiled};
  const MemoryWatch watch(memory_limit(allowance));
  if (watch.descriptor() >= 0) allowance.descriptors.push_back(watch.descriptor());
  const auto walls = enter_sandbox(allowance);
  if (!walls) {
    spdlog::error("{}", walls.error().message);
    return 1;
  }
  for (const auto& missing : walls->missing) spdlog::warn("the sandbox of this worker has {}", missing);
  serve(options.worker, watch);
}

}  // namespace celeriac::guest
