// The whole VM, as clients and the hypervisor see it.

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/vm/house.hpp"
#include "vm/photos.hpp"
#include "vm/services/system_service.hpp"

using namespace celeriac::vm;
using namespace celeriac::vm::testing;

namespace {

/// A client that speaks bytes.
class RawClient {
 public:
  explicit RawClient(const std::filesystem::path& socket) : descriptor_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket.string().copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }
  ~RawClient() { ::close(descriptor_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  void send(std::string_view bytes) {
    REQUIRE(::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0);
  }
  /// What has come so far.
  std::string received() {
    char buffer[4096];
    const auto size = ::recv(descriptor_, buffer, sizeof buffer, MSG_DONTWAIT);
    return size > 0 ? std::string(buffer, static_cast<std::size_t>(size)) : std::string();
  }

 private:
  int descriptor_;
};

std::string frame(std::uint16_t channel, std::string_view space, std::string_view wire,
                  std::string_view payload) {
  std::string bytes(celeriac::protocol::request_header_size, '\0');
  celeriac::protocol::encode_request_header(bytes.data(), celeriac::protocol::Channel{channel}, space, wire,
                                            static_cast<std::uint16_t>(payload.size()));
  return bytes + std::string(payload);
}

}  // namespace

TEST_CASE("a client submits a sequence, runs it, and waits for its end") {
  House house;
  house.until_linked();
  const auto code = house.code(sequence({write_pin(8), move_relative(5)}, 3, "both"));
  const auto id = house.start(code);
  CHECK(house.stat(id)["state"] == "ready");
  CHECK(house.stat(id)["started"].is_null());
  const auto end = house.send("PROC.WAIT"_op, {{"id", id}});
  CHECK(house.status("PROC.RUN"_op, {{"id", id}}) == Status::ok);
  house.until_held();
  CHECK(house.hypervisor->held[0].fields["pin"] == 8);
  auto stat = house.stat(id);
  CHECK(stat["state"] == "waiting");
  CHECK(stat["name"] == "both");
  CHECK(stat["code"] == code);
  CHECK(stat["step"] == 1);
  CHECK(stat["steps"] == 2);
  CHECK(stat["started"].is_number());
  house.hypervisor->take().responder.ok();
  house.until_held();
  CHECK(house.hypervisor->held[0].operation->long_name == "SYS.MOVE_RELATIVE");
  house.hypervisor->take().responder.ok();
  house.until([&] { return end->has_value(); });
  CHECK((*end)->ok());
  CHECK(house.stat(id)["state"] == "done");
  const auto list = house.ask("PROC.LIST"_op).document().value();
  CHECK(list["processes"].size() == 1);
}

TEST_CASE("a bad document is answered with all that is wrong with it, and where") {
  House house;
  std::uint16_t id = 0;
  auto document = sequence({write_pin(8), node("write_pinn", {{"pin_number", 1}}), node("wait")});
  const auto closed = house.submit(document, id);
  CHECK(Status{closed.status} == Status::invalid_code);
  const auto error = closed.error();
  CHECK(error.path.starts_with("/body/1"));
  CHECK(error.details["diagnostics"].size() >= 2);
  CHECK(house.status("PROC.START"_op, {{"id", id}}) == Status::wrong_state);
}

TEST_CASE("code survives a restart") {
  House house;
  const auto id = house.code(sequence({nothing()}, 12, "kept"));
  house.stop_vm();
  house.start_vm();
  house.client = house.connect();
  const auto codes = house.ask("CODE.LIST"_op).document().value()["codes"];
  REQUIRE(codes.size() == 1);
  CHECK(codes[0]["id"] == id);
  CHECK(codes[0]["name"] == "kept");
  const auto process = house.run(id);
  CHECK(house.status("PROC.WAIT"_op, {{"id", process}}) == Status::ok);
}

TEST_CASE("a sequence that was not compiled since the restart is, when execute names it") {
  House house;
  house.code(sequence({nothing()}, 12, "inner"));
  const auto outer = house.code(sequence({execute(12), nothing()}));
  house.stop_vm();
  house.start_vm();
  house.client = house.connect();
  CHECK(house.status("PROC.WAIT"_op, {{"id", house.run(outer)}}) == Status::ok);
}

TEST_CASE("a move in progress is aborted by its channel when its process is killed") {
  House house;
  house.until_linked();
  const auto id = house.run(house.code(sequence({move_relative(5)})));
  house.until_held();
  const auto killed = house.send("PROC.KILL"_op, {{"id", id}});
  house.until([&] { return !house.hypervisor->aborts.empty(); });
  auto held = house.hypervisor->take();
  CHECK(house.hypervisor->aborts[0]["channel"] == static_cast<int>(held.channel));
  CHECK_FALSE(killed->has_value());
  held.responder.fail({.status = Status::cancelled, .message = "Aborted."});
  house.until([&] { return killed->has_value(); });
  CHECK((*killed)->ok());
  CHECK(house.stat(id)["state"] == "killed");
  CHECK(house.status("PROC.WAIT"_op, {{"id", id}}) == Status::cancelled);
}

TEST_CASE("the lock register of the hypervisor ends what is in progress") {
  House house;
  house.until_linked();
  const auto id = house.run(house.code(sequence({wait(60'000)})));
  const auto end = house.send("PROC.WAIT"_op, {{"id", id}});
  house.hypervisor->registers.publish("locked", true);
  house.until([&] { return end->has_value(); });
  CHECK(Status{(*end)->status} == Status::locked);
  CHECK((*end)->error().message.starts_with("Canceled sequence due to emergency lock."));
}

TEST_CASE("a client that opens the lock register does not take it from the VM") {
  House house;
  house.until_linked();
  CHECK(house.read("locked")["value"] == false);
  const auto id = house.run(house.code(sequence({wait(60'000)})));
  house.hypervisor->registers.publish("locked", true);
  CHECK(house.status("PROC.WAIT"_op, {{"id", id}}) == Status::locked);
}

TEST_CASE("a lock that was on before the VM came is known, and a new run goes on until it is refused") {
  House house(false);
  house.start_hypervisor();
  house.hypervisor->registers.publish("locked", true);
  house.until_linked();
  const auto id = house.run(house.code(sequence({write_pin(8)})));
  house.until_held();
  house.hypervisor->take().responder.fail({.status = Status::locked, .message = "Locked."});
  CHECK(house.status("PROC.WAIT"_op, {{"id", id}}) == Status::locked);
}

TEST_CASE("requests of clients are passed on, payload and answer untouched") {
  House house;
  house.until_linked();
  const auto moved = house.send("SYS.READ_PIN"_op, {{"pin", 59}, {"mode", 1}});
  house.until_held();
  CHECK(house.hypervisor->held[0].fields == Json{{"pin", 59}, {"mode", 1}});
  house.hypervisor->take().responder.ok(512);
  house.until([&] { return moved->has_value(); });
  CHECK((*moved)->value == 512);
  CHECK(house.ask("SYS.READ_STATUS"_op).document().value() == Json{{"busy", false}});
}

TEST_CASE("the emergency stop of a client goes through at once, on channel 0") {
  House house;
  house.until_linked();
  house.run(house.code(sequence({move_relative(1)})));
  house.until_held();
  CHECK(house.status("SYS.EMERGENCY_LOCK"_op) == Status::ok);
  CHECK(house.hypervisor->heard.back() == "SYS.EMERGENCY_LOCK");
}

TEST_CASE("an abort of one request names our channel to the hypervisor") {
  House house;
  house.until_linked();
  const auto moved = house.send("SYS.MOVE_RELATIVE"_op, {{"x", 1}, {"y", 0}, {"z", 0}});
  const auto channel = house.last_channel;
  house.until_held();
  CHECK(house.status("SYS.ABORT"_op, {{"channel", static_cast<int>(channel)}}) == Status::ok);
  CHECK(house.hypervisor->aborts[0]["channel"] == static_cast<int>(house.hypervisor->held[0].channel));
  CHECK(house.status("SYS.ABORT"_op, {{"channel", 999}}) == Status::ok);
  CHECK(house.hypervisor->aborts.size() == 1);
}

TEST_CASE("what a client has asked for is cancelled when its stream ends") {
  House house;
  house.until_linked();
  house.send("SYS.MOVE_RELATIVE"_op, {{"x", 1}, {"y", 0}, {"z", 0}});
  house.until_held();
  house.client->close();
  house.until([&] { return !house.hypervisor->aborts.empty(); });
  CHECK(house.hypervisor->aborts[0]["channel"] == static_cast<int>(house.hypervisor->held[0].channel));
}

TEST_CASE("the VM keeps itself alive at the hypervisor while it holds something there") {
  House house;
  house.hypervisor->holds_something = true;
  house.until_linked();
  house.until([&] { return house.hypervisor->keep_alives >= 3; });
}

TEST_CASE("a VM that holds nothing at the hypervisor is silent until something is asked of the bot") {
  House house;
  house.hypervisor->answer_at_once = true;
  house.until_linked();
  const auto pass = [&](std::chrono::milliseconds time) {
    boost::asio::steady_timer later(house.io, time);
    bool passed = false;
    later.async_wait([&](const boost::system::error_code&) { passed = true; });
    house.until([&] { return passed; });
  };
  pass(3 * keep_alive_period);  // what the VM itself asks when it is linked is answered
  const auto said = house.hypervisor->keep_alives;
  pass(3 * keep_alive_period);
  CHECK(house.hypervisor->keep_alives == said);
  house.hypervisor->holds_something = true;
  house.ask("SYS.WRITE_PIN"_op, {{"pin", 8}, {"value", 1}, {"mode", 0}});
  house.until([&] { return house.hypervisor->keep_alives >= said + 3; });
}

TEST_CASE("what a client asks for is held by it, and released when its stream ends") {
  House house;
  house.until_linked();
  house.send("SYS.WRITE_PIN"_op, {{"pin", 8}, {"value", 1}, {"mode", 0}});
  house.until_held();
  const auto holder = house.hypervisor->held[0].holder;
  CHECK(holder > first_client_holder);
  house.client->close();
  house.until([&] { return !house.hypervisor->releases.empty(); });
  CHECK(house.hypervisor->releases[0] == FakeHypervisor::Release{holder, false});
}

TEST_CASE("a program's outputs are released when it is killed, and left to the VM when it ends by itself") {
  for (const bool killed : {true, false}) {
    House house;
    house.until_linked();
    house.hypervisor->answer_at_once = true;
    const auto code = house.code(killed ? sequence({write_pin(8), wait(60'000)}) : sequence({write_pin(8)}));
    const auto id = house.start(code);
    house.ask("PROC.RUN"_op, {{"id", id}});
    house.until([&] { return !house.hypervisor->heard.empty(); });
    if (killed) house.ask("PROC.KILL"_op, {{"id", id}});
    house.until([&] { return !house.hypervisor->releases.empty(); });
    CHECK(house.hypervisor->releases[0] == FakeHypervisor::Release{id, !killed});
  }
}

TEST_CASE("requests that are passed on are bounded, and the emergency stop is not") {
  House house;
  house.until_linked();
  for (std::size_t i = 0; i < max_forwarded; ++i) house.send("SYS.READ_PIN"_op, {{"pin", 59}, {"mode", 1}});
  CHECK(house.status("SYS.READ_PIN"_op, {{"pin", 59}, {"mode", 1}}) == Status::overloaded);
  CHECK(house.status("SYS.EMERGENCY_LOCK"_op) == Status::ok);
}

TEST_CASE("a list of processes that no answer can hold is refused") {
  House house(false);
  const Sequence long_one{CodeId{1}, Code::make(sequence({nothing()}).dump()).value()};
  for (int i = 0; i < 60'000; ++i)
    REQUIRE(house.vm->loop().start(long_one, {.name = std::string(200, 'n'), .priority = 0}));
  CHECK(house.status("PROC.LIST"_op) == Status::out_of_resources);
  CHECK(house.stat(60'000)["state"] == "ready");
}

TEST_CASE("without a hypervisor everything that needs the bot is `offline`, and the rest works") {
  House house(false);
  CHECK(house.status("SYS.HOME"_op, {{"axis", 0}}) == Status::offline);
  const auto reply = house.ask("SYS.WRITE_PIN"_op, {{"pin", 1}, {"value", 1}, {"mode", 0}});
  CHECK(reply.error().message.contains("celeriac-hal"));
  const auto id = house.run(house.code(sequence({write_pin(8)})));
  CHECK(house.status("PROC.WAIT"_op, {{"id", id}}) == Status::offline);
  CHECK(house.status("PROC.WAIT"_op, {{"id", house.run(house.code(sequence({wait(1), nothing()})))}}) ==
        Status::ok);
  CHECK(house.status("REGISTER.NEW"_op, {{"name", "position"}}) == Status::offline);
}

TEST_CASE("a hypervisor that goes fails what it was asked, and is found again when it comes back") {
  House house;
  house.until_linked();
  const auto code = house.code(sequence({write_pin(8)}));
  const auto end = house.send("PROC.WAIT"_op, {{"id", house.run(code)}});
  house.until_held();
  house.hypervisor.reset();
  house.until([&] { return end->has_value(); });
  CHECK(Status{(*end)->status} == Status::offline);
  house.until([&] { return !house.vm->hypervisor().connected(); });
  house.start_hypervisor();
  house.hypervisor->answer_at_once = true;
  house.until_linked();
  CHECK(house.status("PROC.WAIT"_op, {{"id", house.run(code)}}) == Status::ok);
  const auto waiting = house.run(house.code(sequence({wait(60'000)})));
  house.hypervisor->registers.publish("locked", true);
  CHECK(house.status("PROC.WAIT"_op, {{"id", waiting}}) == Status::locked);
}

TEST_CASE("more operations than the window are sent as answers come") {
  House house;
  house.until_linked();
  const auto code = house.code(sequence({write_pin(8)}));
  for (std::size_t i = 0; i < operation_window + 10; ++i) house.run(code);
  house.until_held(operation_window);
  CHECK(house.vm->hypervisor().queued() == 10);
  while (!house.hypervisor->held.empty()) house.hypervisor->take().responder.ok();
  house.until_held(10);
  while (!house.hypervisor->held.empty()) house.hypervisor->take().responder.ok();
  house.until([&] { return house.vm->loop().table().live() == 0; });
}

TEST_CASE("registers of the hypervisor are read afresh and watched through the VM") {
  std::vector<Json> seen;
  celeriac::protocol::Dispatcher dispatcher(celeriac::protocol::Server::both);
  dispatcher.on("REGISTER.SET"_op, [&](auto& request, auto responder) {
    seen.push_back(request.arguments.value("value"));
    responder.ok();
  });
  House house;
  house.until_linked();
  CHECK(house.read("position")["value"] == Json{{"x", 1}, {"y", 2}, {"z", 3}});
  house.hang_up();
  house.client = house.connect(&dispatcher);
  const auto opened = house.ask("REGISTER.NEW"_op, {{"name", "position"}});
  CHECK(house.status("REGISTER.WATCH"_op, {{"id", opened.value}}) == Status::ok);
  house.hypervisor->registers.publish("position", Json{{"x", 9}, {"y", 2}, {"z", 3}});
  house.until([&] { return !seen.empty() && seen.back()["x"] == 9; });
  CHECK(house.status("REGISTER.NEW"_op, {{"name", "nobody"}}) == Status::not_found);
}

TEST_CASE("process.N is the document of PROC.STAT, watched as the process goes") {
  std::vector<Json> seen;
  celeriac::protocol::Dispatcher dispatcher(celeriac::protocol::Server::both);
  dispatcher.on("REGISTER.SET"_op, [&](auto& request, auto responder) {
    seen.push_back(request.arguments.value("value"));
    responder.ok();
  });
  House house;
  house.until_linked();
  const auto id = house.start(house.code(sequence({write_pin(8)})));
  house.hang_up();
  house.client = house.connect(&dispatcher);
  const auto name = "process." + std::to_string(id);
  CHECK(house.read(name)["value"]["state"] == "ready");
  const auto opened = house.ask("REGISTER.NEW"_op, {{"name", name}});
  house.ask("REGISTER.WATCH"_op, {{"id", opened.value}});
  house.ask("PROC.RUN"_op, {{"id", id}});
  house.until_held();
  house.until([&] { return !seen.empty() && seen.back()["state"] == "waiting"; });
  house.hypervisor->take().responder.ok();
  house.until([&] { return seen.back()["state"] == "done"; });
  CHECK(house.status("REGISTER.NEW"_op, {{"name", "process.9999"}}) == Status::not_found);
  CHECK(house.status("REGISTER.NEW"_op, {{"name", "process.0" + std::to_string(id)}}) == Status::not_found);
}

TEST_CASE("status is the hypervisor's tree with processes and vm in it") {
  House house;
  house.until_linked();
  house.run(house.code(sequence({wait(60'000)})));
  house.ask("CODE.LIST"_op);
  const auto status = house.read("status")["value"];
  CHECK(status["busy"] == false);
  CHECK(status["processes"].size() == 1);
  CHECK(status["vm"]["processes"] == 1);
  CHECK(status["vm"]["hypervisor"] == "connected");
}

TEST_CASE("messages of sequences go into the log, filled in") {
  House house;
  house.until_linked();
  const auto id = house.run(house.code(sequence({message("at {{ x }}, pin {{ pin8 }}", "success")})));
  CHECK(house.status("PROC.WAIT"_op, {{"id", id}}) == Status::ok);
  const auto entry = house.read("log")["value"];
  CHECK(entry["message"] == "at 1, pin 1");
  CHECK(entry["type"] == "success");
  CHECK(entry["source"] == "process " + std::to_string(id));
}

TEST_CASE("a process that fails says so in the log") {
  House house(false);
  const auto id = house.run(house.code(sequence({write_pin(8)}, 0, "water")));
  house.ask("PROC.WAIT"_op, {{"id", id}});
  const auto entry = house.read("log")["value"];
  CHECK(entry["message"].get<std::string>().starts_with("water failed: "));
  CHECK(entry["path"] == "/body/0");
  CHECK(entry["level"] == "error");
}

TEST_CASE("log entries of the hypervisor are the VM's too") {
  House house;
  house.until_linked();
  house.ask("CODE.LIST"_op);
  house.until([&] {
    house.hypervisor->registers.log({{"message", "stalled"}, {"source", "hal"}});
    house.io.poll();
    return house.read("log")["value"].is_object();
  });
  CHECK(house.read("log")["value"]["message"] == "stalled");
}

TEST_CASE("operations of the VM itself, for clients") {
  House house(false);
  CHECK(house.status("SYS.WAIT"_op, {{"milliseconds", 1}}) == Status::ok);
  CHECK(house.status("SYS.SET_USER_ENV"_op, {{"config", "greeting"}, {"value", "hello"}}) == Status::ok);
  CHECK(house.status("SYS.EXIT"_op, {{"code", 0}}) == Status::wrong_state);
  CHECK(house.status("SYS.SEND_MESSAGE"_op,
                     {{"message", "hi {{ x }}"}, {"message_type", "info"}, {"channels", Json::array()}}) ==
        Status::ok);
  CHECK(house.read("log")["value"]["message"] == "hi ");
  const auto shouted = house.ask("SYS.SEND_MESSAGE"_op,
                                 {{"message", "hi"}, {"message_type", "shout"}, {"channels", Json::array()}});
  CHECK(shouted.error().message.contains("success"));
  CHECK(house.status("SYS.SYNC"_op) == Status::wrong_state);  // no account
}

TEST_CASE("names and priorities of processes are kept and shown") {
  House house(false);
  const auto code = house.code(sequence({nothing()}, 0, "plain"));
  const auto reply = house.ask("PROC.START"_op, {{"id", code}, {"name", "evening"}, {"priority", -3}});
  CHECK(house.stat(reply.value)["name"] == "evening");
  CHECK(house.stat(reply.value)["priority"] == -3);
  CHECK(house.status("PROC.START"_op, {{"id", 77}}) == Status::not_found);
}

TEST_CASE("bad bytes on one stream are answered, and others notice nothing") {
  House house;
  RawClient bad(house.directory / "vm.sock");
  bad.send(std::string("\0\7procRUN  \0\0\r\n", 15));  // a namespace in lower case
  bad.send(frame(8, "PROC", "FLY", ""));
  bad.send(frame(9, "PROC", "STAT", "x"));
  std::string answers;
  house.until([&] {
    house.io.poll();
    answers += bad.received();
    return answers.contains(std::string("\0\x08\0\1", 4)) && answers.contains(std::string("\0\x09\0\2", 4));
  });
  CHECK(answers.starts_with(std::string("\0\7\0\2", 4)));
  bad.send(std::string(200, '\xff'));
  bad.send(frame(10, "CODE", "WRITE", "no buffer is open"));
  CHECK(house.status("CODE.LIST"_op) == Status::ok);
}

TEST_CASE("JSON nested very deep, cut text and invalid UTF-8 are invalid code and nothing worse") {
  House house(false);
  const auto send_text = [&](std::string_view text) {
    const auto id = house.ask("CODE.CREATE"_op).value;
    const auto opened = house.send("CODE.OPEN"_op, {{"id", id}});
    const auto channel = house.last_channel;
    house.until([&] { return opened->has_value(); });
    for (std::size_t at = 0; at < text.size(); at += 60'000)
      house.ask_on(channel, "CODE.WRITE"_op, text.substr(at, 60'000));
    return Status{house.ask_on(channel, "CODE.CLOSE"_op, celeriac::protocol::encode_id(id)).status};
  };
  CHECK(send_text(std::string(100'000, '[')) == Status::invalid_code);
  CHECK(send_text(R"({"kind":"sequence")") == Status::invalid_code);
  CHECK(send_text("{\"kind\":\"\xff\xfe\"}") == Status::invalid_code);
  CHECK(send_text("") == Status::invalid_code);
  CHECK(send_text(R"({"kind":"coordinate","args":{"x":1,"y":2,"z":3}})") == Status::invalid_code);
}

TEST_CASE("a photo of the hypervisor's becomes an image, whoever has taken it") {
  House house;
  house.until([&] { return house.hypervisor->registers.watched("photos"); });
  house.hypervisor->registers.append("photos", {{"path", "/var/lib/my bot/photos/a.jpg"},
                                                {"name", "a.jpg"},
                                                {"time", 1'700'000'000'123},
                                                {"position", {{"x", 100.0}, {"y", 200.5}, {"z", nullptr}}}});
  const auto images = [&] {
    return house.ask("ASSET.LIST"_op, {{"kind", "image"}}).document().value()["items"];
  };
  house.until([&] { return !images().empty(); });
  CHECK(images()[0] == Json{{"id", -1},
                            {"attachment_url", "file:///var/lib/my%20bot/photos/a.jpg"},
                            {"created_at", "2023-11-14T22:13:20.123Z"},
                            {"attachment_processed_at", "2023-11-14T22:13:20.123Z"},
                            {"meta", {{"name", "a.jpg"}, {"x", 100.0}, {"y", 200.5}}}});
  for (const Json& strange :
       {Json(), Json("photo"), Json{{"path", 5}}, Json{{"path", "/a.jpg"}, {"time", "now"}}})
    CHECK(image_of(strange).is_null());
}

TEST_CASE("of too many images the oldest of our own go, and the account's stay") {
  Assets assets;
  REQUIRE(assets.put(AssetKind::image, {{"id", 7}, {"attachment_url", "https://x"}}));
  for (std::size_t i = 0; i < max_photo_images + 2; ++i)
    keep_photo(assets, {{"path", "/a.jpg"}, {"name", std::to_string(i)}, {"time", i}});
  CHECK(assets.all(AssetKind::image).size() == max_photo_images + 1);
  CHECK(assets.find(AssetKind::image, 7) != nullptr);
  CHECK(assets.find(AssetKind::image, -2) == nullptr);
  CHECK(assets.find(AssetKind::image, -3) != nullptr);
}

TEST_CASE("a VM that is told to end lets processes finish their step, and the next one lists them") {
  House house;
  house.until_linked();
  const auto id = house.start(house.code(sequence({write_pin(8), write_pin(9)}, 3, "two pins")));
  const auto end = house.send("PROC.WAIT"_op, {{"id", id}});
  CHECK(house.status("PROC.RUN"_op, {{"id", id}}) == Status::ok);
  house.until_held();
  bool closed = false;
  house.vm->close(std::chrono::minutes(1), [&] { closed = true; });
  CHECK(house.status("PROC.START"_op, {{"id", 1}}) == Status::wrong_state);
  CHECK_FALSE(closed);
  house.hypervisor->take().responder.ok();
  house.until([&] { return closed && end->has_value(); });
  CHECK(Status{(*end)->status} == Status::cancelled);

  house.stop_vm();
  house.start_vm();
  house.client = house.connect();
  const auto stat = house.stat(id);
  CHECK(stat["state"] == "killed");
  CHECK(stat["name"] == "two pins");
  CHECK(stat["path"] == "/body/1");
  CHECK(stat["error"]["code"] == "interrupted");

  // Once is enough.
  house.stop_vm();
  house.start_vm();
  house.client = house.connect();
  CHECK(house.status("PROC.STAT"_op, {{"id", id}}) == Status::not_found);
}

TEST_CASE(
    "a VM that ended without warning: the next one says what was in progress, and nothing of what was not") {
  House house;
  house.until_linked();
  const auto code = house.code(sequence({write_pin(8)}, 3, "one pin"));
  const auto over = house.start(code), waiting = house.start(code), never = house.start(code);
  CHECK(house.status("PROC.RUN"_op, {{"id", over}}) == Status::ok);
  house.until_held();
  house.hypervisor->take().responder.ok();
  CHECK(house.status("PROC.WAIT"_op, {{"id", over}}) == Status::ok);
  CHECK(house.status("PROC.RUN"_op, {{"id", waiting}}) == Status::ok);
  house.until_held();

  {
    auto disk = Image::open(house.directory / "image.sqlite").value();
    house.until([&] {
      const auto left = interruptions_of(Json::parse(disk->note("interrupted").value(), nullptr, false));
      return left.size() == 1 && number(left.front().id) == waiting;
    });
  }

  house.stop_vm();  // without close(): what was written so far is all that there is
  house.start_vm();
  house.client = house.connect();
  const auto stat = house.stat(waiting);
  CHECK(stat["state"] == "killed");
  CHECK(stat["name"] == "one pin");
  CHECK(stat["error"]["code"] == "interrupted");
  CHECK(stat["error"]["message"].get<std::string>().contains("ended without warning"));
  CHECK(house.status("PROC.STAT"_op, {{"id", over}}) == Status::not_found);
  CHECK(house.status("PROC.STAT"_op, {{"id", never}}) == Status::not_found);
}
