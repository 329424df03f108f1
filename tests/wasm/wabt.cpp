#include "tests/wasm/wabt.hpp"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <format>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace celeriac::testing {
namespace {

/// A directory of its own, gone afterwards.
class Scratch {
 public:
  Scratch() {
    std::string pattern = (std::filesystem::temp_directory_path() / "celeriac-wabt-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
    path_ = pattern;
  }
  ~Scratch() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string file(const char* name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

void write(const std::string& path, const void* data, std::size_t size) {
  std::ofstream(path, std::ios::binary)
      .write(static_cast<const char*>(data), static_cast<std::streamsize>(size));
}

struct Outcome {
  std::string said;
  int status;
};
Outcome run(const std::string& command) {
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("cannot start " + command);
  std::string said;
  char buffer[512];
  for (std::size_t n; (n = fread(buffer, 1, sizeof buffer, pipe)) > 0;) said.append(buffer, n);
  return {std::move(said), pclose(pipe)};
}

/// What the command prints when it fails; "" when it succeeds.
std::string complaint(const std::string& command) {
  const Outcome outcome = run(command);
  return outcome.status == 0 ? "" : outcome.said + std::format(" (status {})", outcome.status);
}

}  // namespace

std::string wasm_validate(std::span<const std::uint8_t> module) {
  const Scratch scratch;
  write(scratch.file("module.wasm"), module.data(), module.size());
  return complaint("wasm-validate " + scratch.file("module.wasm"));
}

std::string wasm_interp(std::span<const std::uint8_t> module) {
  const Scratch scratch;
  write(scratch.file("module.wasm"), module.data(), module.size());
  return run("wasm-interp --run-all-exports --dummy-import-func " + scratch.file("module.wasm")).said;
}

std::vector<std::uint8_t> wat2wasm(const std::string& text) {
  const Scratch scratch;
  write(scratch.file("module.wat"), text.data(), text.size());
  const std::string said = complaint("wat2wasm --debug-names " + scratch.file("module.wat") + " -o " +
                                     scratch.file("module.wasm"));
  if (!said.empty()) throw std::runtime_error(said);
  std::ifstream in(scratch.file("module.wasm"), std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace celeriac::testing
