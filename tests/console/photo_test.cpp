// `celeriac photo` against a host in the same process.

#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <iterator>

#include "tests/console/fake_host.hpp"

namespace celeriac::console {
using protocol::Json;
using protocol::Status;
using test::CommandLine;
using test::FakeVm;
using test::TemporaryDirectory;

namespace {

/// A host that keeps one photo, or says why it has none.
struct Host {
  TemporaryDirectory directory;
  CommandLine celeriac{directory};
  FakeVm vm{celeriac.io, directory};
  std::string kept = directory.file("kept.jpg", "a picture");
  std::optional<protocol::Error> refuses;

  Host() {
    vm.dispatcher.on(*protocol::find_operation("SYS.TAKE_PHOTO"), [this](protocol::Request&,
                                                                         protocol::Responder responder) {
      if (refuses) return responder.fail(*refuses);
      responder.document({{"path", kept}, {"width", 640}, {"height", 480}, {"mime", "image/jpeg"}});
    });
  }
};

}  // namespace

TEST_CASE("photo prints where the picture is") {
  Host host;
  const auto outcome = host.celeriac({"photo"});
  CAPTURE(outcome.err);
  CHECK(outcome.status == 0);
  CHECK(outcome.out == host.kept + "\n");
  CHECK(host.celeriac({"photo", "--json"}).json()["width"] == 640);
}

TEST_CASE("photo copies the picture to a file") {
  Host host;
  const std::string copy = (host.directory.path() / "bed.jpg").string();
  CHECK(host.celeriac({"photo", copy}).out == copy + "\n");
  std::ifstream file(copy);
  CHECK(std::string(std::istreambuf_iterator<char>(file), {}) == "a picture");
}

TEST_CASE("photo takes the file as an option as well") {
  Host host;
  const std::string copy = (host.directory.path() / "bed.jpg").string();
  for (const char* option : {"--out", "-o"}) CHECK(host.celeriac({"photo", option, copy}).out == copy + "\n");
}

TEST_CASE("photo says where the picture is when it cannot be copied") {
  Host host;
  const auto outcome = host.celeriac({"photo", "/nowhere/bed.jpg"});
  CHECK(outcome.status != 0);
  CHECK(outcome.err.contains(host.kept));
  CHECK(outcome.err.contains("/nowhere/bed.jpg"));
}

TEST_CASE("photo tells why there is none") {
  Host host;
  host.refuses = {.status = Status::offline, .message = "No camera is configured."};
  const auto outcome = host.celeriac({"photo"});
  CAPTURE(outcome.err);
  CHECK(outcome.status != 0);
  CHECK(outcome.err.contains("No camera is configured."));
}

}  // namespace celeriac::console
