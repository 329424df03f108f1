#include "console/completion.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cstdio>
#include <cstdlib>
#include <format>

#include "console/command.hpp"
#include "protocol/operations.hpp"
#include "tests/console/fake_host.hpp"

namespace celeriac::console {
namespace {

/// What bash offers after these words; the last one is being typed.
std::string offered(const test::TemporaryDirectory& directory, const std::string& words) {
  const auto script = directory.file("completion", bash_completion());
  const auto ask = directory.file(
      "ask", std::format("source {}\nCOMP_WORDS=({})\nCOMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))\n"
                         "compopt() {{ :; }}\n_celeriac\necho \"${{COMPREPLY[*]}}\"\n",
                         script, words));
  std::string text;
  FILE* output = ::popen(std::format("bash {} 2>&1", ask).c_str(), "r");
  REQUIRE(output != nullptr);
  char buffer[512];
  while (std::fgets(buffer, sizeof buffer, output) != nullptr) text += buffer;
  ::pclose(output);
  while (text.ends_with('\n') || text.ends_with(' ')) text.pop_back();
  return text;
}

}  // namespace

TEST_CASE("the completion is a script that bash accepts") {
  test::TemporaryDirectory directory;
  const auto script = directory.file("completion", bash_completion());
  CHECK(std::system(std::format("bash -n {}", script).c_str()) == 0);
}

TEST_CASE("the completion knows every command and every operation") {
  const std::string script = bash_completion();
  for (const auto& command : commands()) CHECK(script.contains(std::format("    \"{}\") ", command.name)));
  for (const auto& operation : protocol::operations()) CHECK(script.contains(operation.long_name));
}

TEST_CASE("bash completes commands, groups, operations, fields, registers and options") {
  test::TemporaryDirectory directory;
  CHECK(offered(directory, "celeriac sta") == "status");
  CHECK(offered(directory, "celeriac --dir /tmp sta") == "status");
  CHECK(offered(directory, "celeriac pin ''") == "read write toggle");
  CHECK(offered(directory, "celeriac call SYS.HO") == "SYS.HOME");
  CHECK(offered(directory, "celeriac call SYS.HOME ''") == "axis= speed=");
  CHECK(offered(directory, "celeriac watch pos") == "position");
  CHECK(offered(directory, "celeriac move --sp") == "--speed");
  CHECK(offered(directory, "celeriac home --js") == "--json");
}

}  // namespace celeriac::console
