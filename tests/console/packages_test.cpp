// install, update, uninstall, packages and grants at the command line, against a host in the same process.

#include <catch2/catch_test_macros.hpp>
#include <fstream>

#include "console/package_source.hpp"
#include "protocol/package_file.hpp"
#include "tests/console/blob_host.hpp"
#include "tests/web/server.hpp"

namespace celeriac::console {
using protocol::Json;
using test::BlobHost;
using namespace protocol::literals;

namespace {

struct Host : BlobHost {
  Json package = {
      {"package", "soil:acme"},
      {"version", "1.1"},
      {"hash", "feed"},
      {"signed_by", "E7620F1842B4E81F"},
      {"trusted", true},
      {"wants", Json::array({"logger may read pin 59.", "It may move the machine: it goes to 0."})},
      {"warnings", Json::array()},
      {"installed", nullptr}};
  std::string file = directory.file("soil.celeriac", "the archive");
  std::string signature = directory.file("soil.celeriac.minisig", "the signature");

  Host() {
    vm.dispatcher.on("PACKAGE.INSPECT"_op, [this](protocol::Request& request, protocol::Responder responder) {
      asked.emplace_back("PACKAGE.INSPECT", request.arguments.fields());
      responder.document(package);
    });
    serve("PACKAGE.INSTALL"_op,
          {{"package", "soil:acme"},
           {"version", "1.1"},
           {"processes", Json::array({Json{{"process", "logger:soil:acme"}, {"id", 61'441}}})}});
  }
  void is_installed(const char* hash, const char* signer = "E7620F1842B4E81F") {
    package["installed"] = {{"version", "1.0"}, {"hash", hash}, {"signed_by", signer}};
  }
  [[nodiscard]] bool installed() const {
    return std::ranges::any_of(asked, [](const auto& each) { return each.first == "PACKAGE.INSTALL"; });
  }
};

}  // namespace

TEST_CASE("install shows what a package wants, and installs it when a person says yes") {
  Host host;
  host.celeriac.person_types("y\n");
  const auto outcome = host.celeriac({"install", host.file});
  CHECK(outcome.status == 0);
  CHECK(outcome.out ==
        "soil:acme 1.1, signed by the key E7620F1842B4E81F\n"
        "What it wants:\n"
        "  logger may read pin 59.\n"
        "  It may move the machine: it goes to 0.\n"
        "Install soil:acme 1.1? [y/N] "
        "soil:acme 1.1 is installed, and runs: logger:soil:acme\n");
  CHECK(host.blobs.at(1) == protocol::join_package_file("the signature", "the archive"));
  CHECK(host.asked.back() ==
        std::pair<std::string, Json>(
            "PACKAGE.INSTALL",
            {{"id", BlobHost::process}, {"blob", 1}, {"approved", "feed"}, {"unsigned_too", false}}));
}

TEST_CASE("install leaves everything as it is when a person says no, or anything else") {
  for (const char* answer : {"n\n", "\n", "perhaps\n", ""}) {
    Host host;
    host.celeriac.person_types(answer);
    const auto outcome = host.celeriac({"install", host.file});
    CHECK(outcome.status == 1);
    CHECK(outcome.err.contains("Nothing was installed."));
    CHECK_FALSE(host.installed());
  }
}

TEST_CASE("where nobody can be asked, install wants --yes") {
  Host host;
  const auto refused = host.celeriac({"install", host.file});
  CHECK(refused.status == 1);
  CHECK(refused.err.contains("--yes"));
  CHECK(refused.out.contains("logger may read pin 59."));
  CHECK_FALSE(host.installed());
  CHECK(host.celeriac({"--json", "install", host.file}).json()["code"] == "not_approved");
  CHECK(host.celeriac({"--json", "install", host.file, "--yes"}).json()["processes"][0]["process"] ==
        "logger:soil:acme");
  CHECK(host.installed());
}

TEST_CASE(
    "a package that nobody has signed is only installed with --unsigned, one of a strange key only with "
    "--key") {
  Host host;
  host.package["trusted"] = false;
  auto outcome = host.celeriac({"install", host.file, "--yes", "--unsigned"});
  CHECK(outcome.err.contains("which the host does not trust"));
  host.package["signed_by"] = "";
  outcome = host.celeriac({"install", host.file, "--yes"});
  CHECK(outcome.err.contains("is not signed"));
  CHECK_FALSE(host.installed());
  CHECK(host.celeriac({"install", host.file, "--yes", "--unsigned"}).status == 0);
  CHECK(host.asked.back().second["unsigned_too"] == true);
}

TEST_CASE("a process that cannot be started is told of, and is a failure") {
  Host host;
  host.serve("PACKAGE.INSTALL"_op,
             {{"package", "soil:acme"},
              {"version", "1.1"},
              {"processes", Json::array({Json{{"process", "a:soil:acme"},
                                              {"error", {{"message", "It imports what nobody offers."}}}},
                                         Json{{"process", "b:soil:acme"}}})}});
  const auto outcome = host.celeriac({"install", host.file, "--yes"});
  CHECK(outcome.status == 1);
  CHECK(outcome.out.ends_with("soil:acme 1.1 is installed, and runs: b:soil:acme\n"));
  CHECK(outcome.err == "celeriac: a:soil:acme does not run: It imports what nobody offers.\n");
}

TEST_CASE("the option --key is a public key, or the file that holds one") {
  Host host;
  const auto key_file = host.directory.file("acme.pub", "untrusted comment: x\nRWabc\n");
  CHECK(host.celeriac({"install", host.file, "--yes", "--key", "RWxyz"}).status == 0);
  CHECK(host.asked.back().second["key"] == "RWxyz");
  CHECK(host.celeriac({"install", host.file, "--yes", "--key", key_file}).status == 0);
  CHECK(host.asked.back().second["key"] == "untrusted comment: x\nRWabc\n");
}

TEST_CASE("90: update asks only when the manifest has changed, or another hand has signed it") {
  Host host;
  host.is_installed("feed");
  CHECK(host.celeriac({"update", host.file}).out == "soil:acme 1.1 is updated, and runs: logger:soil:acme\n");
  host.asked.clear();
  host.is_installed("beef");
  const auto changed = host.celeriac({"update", host.file});
  CHECK(changed.err.contains("--yes"));
  CHECK(changed.out.contains("in place of version 1.0"));
  CHECK_FALSE(host.installed());
  host.is_installed("feed", "0000000000000000");
  CHECK(host.celeriac({"update", host.file}).status == 1);
  CHECK_FALSE(host.installed());
  CHECK(host.celeriac({"update", host.file, "--yes"}).status == 0);
  host.asked.clear();
  host.package["installed"] = nullptr;
  CHECK(host.celeriac({"update", host.file, "--yes"}).err.contains("is not installed"));
  CHECK_FALSE(host.installed());
}

TEST_CASE("a large package goes over in pieces") {
  Host host;
  const std::string large(200'000, 'x');
  const auto file = host.directory.file("large.celeriac", large);
  CHECK(host.celeriac({"install", file, "--yes"}).status == 0);
  CHECK(host.writes == 4);
  CHECK(protocol::split_package_file(host.blobs.at(1)).archive == large);
  CHECK(protocol::split_package_file(host.blobs.at(1)).signature.empty());
}

TEST_CASE("install of a file that is not there, or of a directory, says so") {
  Host host;
  CHECK(host.celeriac({"install", "/nowhere/soil.celeriac"})
            .err.contains("Cannot read /nowhere/soil.celeriac"));
  CHECK(host.celeriac({"install", host.directory.path().string()}).err.contains("Cannot read"));
  CHECK_FALSE(host.installed());
}

TEST_CASE("install fetches a package from an address, and its signature from beside it") {
  Host host;
  web::testing::Server server(host.celeriac.io,
                              [](const web::testing::Heard& heard) -> std::optional<std::string> {
                                if (heard.line().starts_with("GET /soil.celeriac?v=1 "))
                                  return web::testing::reply(200, "the archive");
                                if (heard.line().starts_with("GET /soil.celeriac.minisig?v=1 "))
                                  return web::testing::reply(200, "the signature");
                                if (heard.line().starts_with("GET /bare.celeriac "))
                                  return web::testing::reply(200, "bare");
                                if (heard.line().starts_with("GET /broken "))
                                  return web::testing::reply(500, "");
                                return web::testing::reply(404, "");
                              });
  CHECK(host.celeriac({"install", server.url("/soil.celeriac?v=1"), "--yes"}).status == 0);
  CHECK(host.blobs.at(1) == protocol::join_package_file("the signature", "the archive"));
  CHECK(host.celeriac({"install", server.url("/bare.celeriac"), "--yes"}).status == 0);
  CHECK(host.blobs.at(2) == "bare");
  host.asked.clear();
  CHECK(host.celeriac({"install", server.url("/nothing"), "--yes"}).err.contains("There is nothing at"));
  CHECK(host.celeriac({"install", server.url("/broken"), "--yes"}).err.contains("status 500"));
  CHECK_FALSE(host.installed());
}

TEST_CASE("uninstall removes packages by name") {
  Host host;
  host.serve("PACKAGE.REMOVE"_op, 0);
  CHECK(host.celeriac({"uninstall", "soil:acme"}).out ==
        "soil:acme is removed; what its processes keep for themselves stays\n");
  CHECK(host.asked.back().second == Json{{"package", "soil:acme"}});
}

TEST_CASE("packages lists what is installed") {
  Host host;
  const Json soil{{"package", "soil:acme"},
                  {"version", "1.0"},
                  {"signed_by", ""},
                  {"processes", Json::array({"logger:soil:acme"})},
                  {"installed", 1'747'200'000'000}};
  host.serve("PACKAGE.LIST"_op, {{"packages", Json::array({soil})}});
  CHECK(host.celeriac({"packages"}).out ==
        "PACKAGE    VERSION  PROCESSES  SIGNED BY   INSTALLED\n"
        "soil:acme      1.0          1  nobody     2025-05-14\n");
  host.serve("PACKAGE.LIST"_op, {{"packages", Json::array()}});
  CHECK(host.celeriac({"packages"}).out == "no package is installed\n");
}

TEST_CASE("grants lists who may what, and takes away what has a number in the list") {
  Host host;
  const Json first{
      {"process", "logger:soil:acme"}, {"issuer", "n@hardware:distro:sys"}, {"params", "{\"a\":1}"}};
  Json told = first;
  told["says"] = "logger may read pin 59.";
  host.serve("GRANT.LIST"_op, {{"grants", Json::array({told, told})}});
  host.serve("GRANT.REVOKE"_op, 0);
  CHECK(host.celeriac({"grants", "soil:acme"}).out ==
        "NO.  PROCESS           WHAT\n"
        "  1  logger:soil:acme  logger may read pin 59.\n"
        "  2  logger:soil:acme  logger may read pin 59.\n");
  CHECK(host.asked.back().second == Json{{"package", "soil:acme"}});
  CHECK(host.celeriac({"grants", "--revoke", "3"}).err.contains("no number 3"));
  CHECK(host.celeriac({"grants", "--revoke", "1"}).out == "no longer: logger may read pin 59.\n");
  CHECK(host.asked.back() == std::pair<std::string, Json>("GRANT.REVOKE", first));
}

}  // namespace celeriac::console
