// trace: what the commands ask of the hypervisor's own program, and what they pass on.

#include <sys/stat.h>

#include <catch2/catch_test_macros.hpp>
#include <format>
#include <sstream>

#include "console/command_line.hpp"
#include "tests/console/fake_host.hpp"

namespace celeriac::console {
using test::TemporaryDirectory;

namespace {

/// A folder with a program in the place of celeriac-hal, and a command line that finds it.
struct FakeHypervisorProgram {
  explicit FakeHypervisorProgram(const std::string& script) {
    const auto path = directory.file("celeriac-hal", "#!/bin/sh\n" + script);
    ::chmod(path.c_str(), 0755);
    programs = std::filesystem::path(path).parent_path();
  }
  Exit run(std::vector<std::string> words) {
    World world{.io = io, .out = out, .err = err};
    world.programs = programs;
    words.insert(words.begin(), {"--dir", "/where/the/host/is"});
    return run_command_line(world, std::move(words));
  }

  TemporaryDirectory directory;
  std::filesystem::path programs;
  boost::asio::io_context io{1};
  std::ostringstream out, err;
};

}  // namespace

TEST_CASE("trace show asks the hypervisor's program for the recording of the host's folder") {
  FakeHypervisorProgram program("echo \"$@\"\n");
  CHECK(program.run({"trace", "show", "--since", "10m", "--all"}) == Exit::done);
  CHECK(program.out.str() == "trace show --dir /where/the/host/is --since 10m --all\n");
}

TEST_CASE("trace replay passes on the file, and the exit status that tells a difference") {
  FakeHypervisorProgram program("echo \"$@\"\nexit 1\n");
  CHECK(program.run({"trace", "replay", "fault.trace"}) == Exit::failed);
  CHECK(program.out.str() == "trace replay --dir /where/the/host/is -- fault.trace\n");
}

TEST_CASE("a recording that makes no sense is refused as any other bad argument") {
  FakeHypervisorProgram program("echo 'this is no recording' >&2\nexit 2\n");
  CHECK(program.run({"trace", "replay", "letter.txt"}) == Exit::refused);
  CHECK(program.err.str() == "this is no recording\n");
}

TEST_CASE("trace export without a file writes the recording to standard output as it is") {
  // Lines of a recording may be longer than the lines of a program that talks.
  FakeHypervisorProgram program(
      "while [ $# -gt 1 ]; do [ \"$1\" = --output ] && to=$2; shift; done\n"
      "head -c 40000 /dev/zero | tr '\\0' x >\"$to\"\necho done\n");
  CHECK(program.run({"trace", "export"}) == Exit::done);
  CHECK(program.out.str() == std::string(40000, 'x'));
}

TEST_CASE("trace export with a file says what was written") {
  FakeHypervisorProgram program("echo \"$@\"\n");
  CHECK(program.run({"trace", "export", "-o", "all.trace"}) == Exit::done);
  CHECK(program.out.str() == "trace export --dir /where/the/host/is --output all.trace\n");
}

TEST_CASE("without the hypervisor's program the trace commands say what is missing") {
  FakeHypervisorProgram program("");
  program.programs = "/nowhere";
  CHECK(program.run({"trace", "show"}) == Exit::failed);
  CHECK(program.err.str().find("celeriac-hal") != std::string::npos);
}

}  // namespace celeriac::console
