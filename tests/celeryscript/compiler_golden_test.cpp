// The text form of compiled sequences, as files: golden/compiler/NAME.json gives NAME.wat.
// After a change that is meant, CELERIAC_UPDATE_GOLDEN=1 writes them anew; read the difference.

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/celeryscript/compiler_host.hpp"
#include "tests/wasm/wabt.hpp"
#include "wasm/wat.hpp"

using namespace celeriac;

namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("sequences compile to the text that is kept beside them, and wat2wasm takes it") {
  int compared = 0;
  for (const auto& entry : std::filesystem::directory_iterator(CELERIAC_GOLDEN_DIRECTORY)) {
    if (entry.path().extension() != ".json") continue;
    INFO(entry.path().filename().string());
    const auto program = testing::compiled(read_file(entry.path()));
    CHECK(testing::wasm_validate(program.module) == "");
    const std::string text = wasm::to_wat(program.module).value();
    auto golden = entry.path();
    golden.replace_extension(".wat");
    if (std::getenv("CELERIAC_UPDATE_GOLDEN") != nullptr) std::ofstream(golden) << text;
    CHECK(text == read_file(golden));
    CHECK(testing::wasm_validate(testing::wat2wasm(text)) == "");
    ++compared;
  }
  CHECK(compared == 4);
}
