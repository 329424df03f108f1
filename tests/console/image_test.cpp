// image at the command line, against a host in the same process.

#include <catch2/catch_test_macros.hpp>

#include "protocol/envelope.hpp"
#include "protocol/othismo.hpp"
#include "tests/console/blob_host.hpp"

namespace celeriac::console {
using protocol::Json;
using protocol::OthismoMessage;
using test::BlobHost;
using namespace protocol::literals;

TEST_CASE("image ls lists modules and objects") {
  BlobHost host;
  host.serve(
      "IMAGE.LIST"_op,
      {{"objects",
        {{{"path", "/garden/counter"}, {"kind", "instance"}, {"bytes", 65'536}, {"module", "/m/counter"}},
         {{"path", "/m/counter"}, {"kind", "module"}, {"bytes", 312}}}}});
  CHECK(host.celeriac({"image", "ls", "/"}).out ==
        "PATH             KIND      SIZE     OF\n"
        "/garden/counter  instance  65.5 kB  /m/counter\n"
        "/m/counter       module    312 B\n");
  CHECK(host.asked.back().second == Json{{"prefix", "/"}});
  host.serve("IMAGE.LIST"_op, {{"objects", Json::array()}});
  CHECK(host.celeriac({"image", "ls"}).out == "there is nothing in the namespace\n");
}

TEST_CASE("image import sends a module to a path, or to one made from the file's name") {
  BlobHost host;
  host.serve("IMAGE.IMPORT"_op, 0);
  const auto file = host.directory.file("counter.wasm", "bytes");
  CHECK(host.celeriac({"image", "import", file}).out == "/othismo/modules/counter is in the image\n");
  CHECK(host.blobs.at(1) == "bytes");
  CHECK(host.asked.back().second ==
        Json{{"id", BlobHost::process}, {"blob", 1}, {"path", "/othismo/modules/counter"}});
  CHECK(host.celeriac({"image", "import", file, "/m/c"}).status == 0);
  CHECK(host.asked.back().second["path"] == "/m/c");
  CHECK(host.celeriac({"image", "import", "/nowhere"}).err.contains("Cannot read /nowhere"));
}

TEST_CASE("image instantiate, rm, export and compact say what has come of them") {
  BlobHost host;
  host.serve("IMAGE.INSTANTIATE"_op, 61'441);
  host.serve("IMAGE.REMOVE"_op, 0);
  host.serve("IMAGE.EXPORT"_op, 0);
  host.serve("IMAGE.COMPACT"_op, {{"before", 2000}, {"after", 1000}});
  CHECK(host.celeriac({"image", "instantiate", "/m/c", "/garden/c", "--abi", "othismo/1"}).out ==
        "/garden/c runs, as process 61441\n");
  CHECK(host.asked.back().second == Json{{"module", "/m/c"}, {"path", "/garden/c"}, {"abi", "othismo/1"}});
  CHECK(host.celeriac({"image", "rm", "/a", "/b"}).out == "/a is removed\n/b is removed\n");
  CHECK(host.celeriac({"image", "export", "/tmp/copy.sqlite"}).out ==
        "the whole image is in /tmp/copy.sqlite\n");
  CHECK(host.celeriac({"image", "export", "copy.sqlite"}).status == 0);
  CHECK(host.asked.back().second["file"].get<std::string>().starts_with("/"));
  CHECK(host.celeriac({"image", "compact"}).out == "2.0 kB before, 1.0 kB now\n");
}

TEST_CASE("image check says whether the image is whole, and fails if it is not") {
  BlobHost host;
  host.serve("IMAGE.CHECK"_op,
             {{"whole", true}, {"bytes", 4096}, {"free_bytes", 0}, {"findings", Json::array()}});
  CHECK(host.celeriac({"image", "check"}).out == "the image is whole: 4.1 kB, of which 0 B are free\n");
  host.serve("IMAGE.CHECK"_op, {{"whole", false}, {"findings", Json::array({"Page 7 is never used."})}});
  const auto damaged = host.celeriac({"image", "check"});
  CHECK(damaged.status == 1);
  CHECK(damaged.out == "the image is damaged\n  Page 7 is never used.\n");
}

namespace {

/// Answers MESSAGE.AWAIT with an item.
void answer_with(BlobHost& host, const protocol::Item& item, OthismoMessage& sent) {
  host.vm.dispatcher.on("MESSAGE.AWAIT"_op,
                        [item, &sent](protocol::Request& request, protocol::Responder responder) {
                          CHECK(request.arguments.id() == BlobHost::process);
                          const auto message = protocol::decode_outgoing(request.arguments.text()).value();
                          CHECK(message.format == protocol::Format::othismo);
                          CHECK(message.expects == 30'000);
                          sent = protocol::read_othismo(message.body).value();
                          responder.forward({.value = 1, .data = protocol::encode(item)});
                        });
}

}  // namespace

TEST_CASE("image send shows the reply of an object") {
  BlobHost host;
  OthismoMessage sent;
  protocol::Item item;
  item.type = protocol::ItemType::response;
  item.body = protocol::write_othismo(
      {.send_to = "/", .parts = {OthismoMessage::Part::of("counter.add.response", {{"count", 5}})}});
  answer_with(host, item, sent);
  CHECK(host.celeriac({"image", "send", "/garden/counter", "counter.add", "by=2", "note=so"}).out ==
        "counter.add.response: count 5\n");
  CHECK(sent.send_to == "/garden/counter");
  REQUIRE(sent.parts.size() == 1);
  CHECK(sent.parts[0].name == "counter.add");
  CHECK(sent.parts[0].json() == Json{{"by", 2}, {"note", "so"}});
  CHECK(host.celeriac({"--json", "image", "send", "/garden/counter", "counter.add"}).json() ==
        Json{{"counter.add.response", {{"count", 5}}}});
}

TEST_CASE("image send tells why there is no reply, or that the object says no") {
  BlobHost host;
  OthismoMessage sent;
  protocol::Item item;
  item.type = protocol::ItemType::error;
  item.failure = protocol::Failure::no_target;
  item.explanation = "There is nothing at /garden/counter.";
  answer_with(host, item, sent);
  const auto failed = host.celeriac({"image", "send", "/garden/counter", "counter.add"});
  CHECK(failed.status == 1);
  CHECK(failed.err.contains("There is nothing at /garden/counter."));
  item.type = protocol::ItemType::response;
  item.body =
      protocol::write_othismo({.send_to = "/",
                               .parts = {OthismoMessage::Part::of(
                                   "othismo.error", {{"code", "guest_trap"}, {"message", "It trapped."}})}});
  answer_with(host, item, sent);
  CHECK(host.celeriac({"--json", "image", "send", "/garden/counter", "counter.add"}).json()["code"] ==
        "guest_trap");
  CHECK(host.celeriac({"image", "send", "garden", "counter.add"}).status != 0);
  CHECK(host.celeriac({"image", "send", "/garden/counter", "counter.add", "by"}).status == 2);
}

}  // namespace celeriac::console
