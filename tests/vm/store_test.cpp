// The code store, the image that keeps it, and messages.

#include <stdlib.h>

#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>
#include <functional>

#include "tests/vm/sequences.hpp"
#include "vm/messages.hpp"
#include "vm/sequences/code_store.hpp"

using namespace celeriac::vm;
using namespace celeriac::vm::testing;
using celeriac::protocol::Channel;
using celeriac::protocol::Result;
using celeriac::protocol::Status;
using nlohmann::json;

namespace {

class Directory {
 public:
  Directory() {
    std::string name = (std::filesystem::temp_directory_path() / "celeriac-vm-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] std::filesystem::path image() const { return path_ / "image.sqlite"; }

 private:
  std::filesystem::path path_;
};

/// A store on a fresh image; open_again() is a restart.
struct Bench {
  Directory directory;
  boost::asio::io_context io;
  std::unique_ptr<Image> image;
  std::unique_ptr<Worker> worker;
  std::unique_ptr<CodeStore> store;

  Bench() { open_again(); }
  void open_again() {
    store.reset();
    worker.reset();
    image = Image::open(directory.image()).value();
    worker = std::make_unique<Worker>(io);
    store = CodeStore::open(*worker, *image).value();
  }
  /// Runs the loop until the answer is there.
  template <class T>
  Result<T> answer_of(const std::function<void(std::move_only_function<void(Result<T>)>)>& ask) {
    std::optional<Result<T>> answer;
    ask([&](Result<T> given) { answer = std::move(given); });
    while (!answer) {
      io.restart();
      io.run_one();
    }
    return std::move(*answer);
  }
  Result<void> close(OpenBuffers& buffers, Channel channel, CodeId id) {
    return answer_of<void>([&](auto done) { store->close(buffers, channel, id, std::move(done)); });
  }
  Result<void> remove(CodeId id) {
    return answer_of<void>([&](auto done) { store->remove(id, std::move(done)); });
  }
  Result<Sequence> load(CodeId id) {
    return answer_of<Sequence>([&](auto loaded) { store->load(id, std::move(loaded)); });
  }
  Result<void> keep(CodeId id, const json& document) {
    OpenBuffers buffers;
    REQUIRE(store->open(buffers, Channel{7}, id));
    REQUIRE(store->write(buffers, Channel{7}, document.dump()));
    return close(buffers, Channel{7}, id);
  }
  CodeId code(const json& document) {
    const auto id = store->create().value();
    REQUIRE(keep(id, document));
    return id;
  }
};

Status status_of(const auto& result) {
  return result ? Status::ok : result.error().status;
}

}  // namespace

TEST_CASE("ids begin at 1 and are not given again soon") {
  Bench bench;
  const auto first = bench.store->create().value();
  CHECK(number(first) == 1);
  REQUIRE(bench.remove(first));
  CHECK(number(bench.store->create().value()) == 2);
}

TEST_CASE("a code that has never been closed cannot be loaded") {
  Bench bench;
  CHECK(status_of(bench.load(bench.store->create().value())) == Status::wrong_state);
  CHECK(status_of(bench.load(CodeId{99})) == Status::not_found);
}

TEST_CASE("write needs the channel that opened") {
  Bench bench;
  OpenBuffers buffers;
  const auto id = bench.store->create().value();
  CHECK(status_of(bench.store->write(buffers, Channel{1}, "{")) == Status::wrong_state);
  REQUIRE(bench.store->open(buffers, Channel{1}, id));
  CHECK(status_of(bench.store->write(buffers, Channel{2}, "{")) == Status::wrong_state);
  CHECK(status_of(bench.store->open(buffers, Channel{1}, CodeId{9})) == Status::not_found);
}

TEST_CASE("close needs a code that is open on the stream") {
  Bench bench;
  OpenBuffers buffers;
  const auto id = bench.store->create().value();
  const auto other = bench.store->create().value();
  CHECK(status_of(bench.close(buffers, Channel{1}, id)) == Status::wrong_state);
  CHECK(status_of(bench.close(buffers, Channel{1}, CodeId{9})) == Status::not_found);
  REQUIRE(bench.store->open(buffers, Channel{1}, id));
  CHECK(status_of(bench.close(buffers, Channel{1}, other)) == Status::wrong_state);
  REQUIRE(bench.store->write(buffers, Channel{1}, sequence(json::array()).dump()));
  CHECK(bench.close(buffers, Channel{1}, id));
  CHECK(status_of(bench.store->write(buffers, Channel{1}, "{")) == Status::wrong_state);
}

TEST_CASE("close may come on another channel, if the code is open on one only") {
  Bench bench;
  OpenBuffers buffers;
  const auto id = bench.store->create().value();
  REQUIRE(bench.store->open(buffers, Channel{1}, id));
  REQUIRE(bench.store->write(buffers, Channel{1}, sequence(json::array()).dump()));
  REQUIRE(bench.store->open(buffers, Channel{2}, id));
  CHECK(status_of(bench.close(buffers, Channel{3}, id)) == Status::wrong_state);
  CHECK(status_of(bench.close(buffers, Channel{2}, id)) == Status::invalid_code);  // its own, which is empty
  CHECK(bench.close(buffers, Channel{3}, id));
}

TEST_CASE("chunks are appended, cut anywhere") {
  Bench bench;
  OpenBuffers buffers;
  const auto id = bench.store->create().value();
  REQUIRE(bench.store->open(buffers, Channel{1}, id));
  for (const char c : sequence({nothing()}).dump()) REQUIRE(bench.store->write(buffers, Channel{1}, {&c, 1}));
  CHECK(bench.close(buffers, Channel{1}, id));
}

TEST_CASE("until the next close the old contents serve, and after a bad one too") {
  Bench bench;
  const auto id = bench.code(sequence({nothing()}, 0, "old"));
  OpenBuffers buffers;
  REQUIRE(bench.store->open(buffers, Channel{1}, id));
  REQUIRE(bench.store->write(buffers, Channel{1}, "{\"kind\": \"sequenze\"}"));
  CHECK(*bench.load(id)->code->name() == "old");
  const auto closed = bench.close(buffers, Channel{1}, id);
  CHECK(status_of(closed) == Status::invalid_code);
  CHECK_FALSE(closed.error().message.empty());
  CHECK(*bench.load(id)->code->name() == "old");
  REQUIRE(bench.keep(id, sequence({nothing()}, 0, "new")));
  CHECK(*bench.load(id)->code->name() == "new");
  CHECK(bench.store->list().size() == 1);
}

TEST_CASE("a stream that ends drops its buffers, and gives their bytes back") {
  Bench bench;
  const auto id = bench.store->create().value();
  const std::string chunk(65535, ' ');
  for (int round = 0; round < 3; ++round) {
    std::vector<std::unique_ptr<OpenBuffers>> streams;
    Result<void> written;
    for (int i = 0; written; ++i) {
      if (i % 200 == 0) {
        streams.push_back(std::make_unique<OpenBuffers>());
        REQUIRE(bench.store->open(*streams.back(), Channel{1}, id));
      }
      written = bench.store->write(*streams.back(), Channel{1}, chunk);
    }
    CHECK(status_of(written) == Status::overloaded);
    CHECK(streams.size() >= max_buffered_bytes / (200 * chunk.size()));
  }
}

TEST_CASE("the size of a code, the codes and the open buffers of a stream are bounded") {
  Bench bench;
  OpenBuffers buffers;
  const auto id = bench.store->create().value();
  REQUIRE(bench.store->open(buffers, Channel{1}, id));
  const std::string chunk(65535, ' ');
  std::size_t size = 0;
  for (; size + chunk.size() <= max_code_bytes; size += chunk.size())
    REQUIRE(bench.store->write(buffers, Channel{1}, chunk));
  CHECK(status_of(bench.store->write(buffers, Channel{1}, chunk)) == Status::out_of_resources);
  for (std::uint16_t channel = 2; channel <= max_open_buffers; ++channel)
    REQUIRE(bench.store->open(buffers, Channel{channel}, id));
  CHECK(status_of(bench.store->open(buffers, Channel{1000}, id)) == Status::overloaded);
  for (std::size_t count = 1; count < max_codes; ++count) REQUIRE(bench.store->create());
  CHECK(status_of(bench.store->create()) == Status::out_of_resources);
}

TEST_CASE("a removed code is gone, for an open buffer too") {
  Bench bench;
  const auto id = bench.code(sequence({nothing()}));
  const auto running = bench.load(id).value();
  OpenBuffers buffers;
  REQUIRE(bench.store->open(buffers, Channel{1}, id));
  REQUIRE(bench.remove(id));
  CHECK(status_of(bench.remove(id)) == Status::not_found);
  CHECK(status_of(bench.close(buffers, Channel{1}, id)) == Status::not_found);
  CHECK(bench.store->list().empty());
  CHECK(running.code->program().steps.size() == 1);
}

TEST_CASE("equal sources are compiled once") {
  Bench bench;
  const auto first = bench.code(sequence({nothing()}));
  const auto second = bench.code(sequence({nothing()}));
  CHECK(bench.load(first)->code == bench.load(second)->code);
}

TEST_CASE("codes survive a restart, and what has never been closed does not") {
  Bench bench;
  bench.code(sequence({write_pin(8)}, 42, "water"));
  const auto before = bench.store->list().at(0);
  const auto empty = bench.store->create().value();
  bench.open_again();
  const auto after = bench.store->list();
  REQUIRE(after.size() == 1);
  CHECK(after[0].name == "water");
  CHECK(after[0].kind == "sequence");
  CHECK(after[0].sha256 == before.sha256);
  CHECK(after[0].created == before.created);
  CHECK(after[0].resource_id == 42);
  CHECK(bench.load(before.id)->code->program().steps.size() == 1);
  CHECK(status_of(bench.load(empty)) == Status::not_found);
}

TEST_CASE("a sequence is found by its resource's id, the latest first, and else by the code's id") {
  Bench bench;
  const auto plain = bench.code(sequence({nothing()}, 0, "plain"));
  const auto older = bench.code(sequence({nothing()}, 42, "older"));
  const auto newer = bench.code(sequence({nothing()}, 42, "newer"));
  const auto find = [&](std::int64_t id) { return bench.store->find_sequence(id, [](auto) {}); };
  CHECK(find(42)->value().id == newer);
  CHECK(find(number(plain))->value().id == plain);
  REQUIRE(bench.remove(newer));
  CHECK(find(42)->value().id == older);
  const auto missing = find(1'000'000)->error();
  CHECK(missing.status == Status::not_found);
  CHECK(missing.message.starts_with("sequence not found"));
}

TEST_CASE("the hash is SHA-256") {
  Bench bench;
  const auto id = bench.store->create().value();
  OpenBuffers buffers;
  const std::string source = R"({"kind":"rpc_request","args":{"label":"a"},"body":[]})";
  REQUIRE(bench.store->open(buffers, Channel{1}, id));
  REQUIRE(bench.store->write(buffers, Channel{1}, source));
  REQUIRE(bench.close(buffers, Channel{1}, id));
  CHECK(bench.store->list()[0].sha256 == "25606b7bd96be09cf50225b8aa6a43ef45a8b49cda7631ca737a9a5156e65ae7");
  CHECK(bench.store->list()[0].bytes == source.size());
}

TEST_CASE("a source is read back as it was written, and a code without contents has none") {
  Bench bench;
  const auto id = bench.store->create().value();
  const auto read = [&] {
    return bench.answer_of<std::string>([&](auto answer) { bench.store->read(id, std::move(answer)); });
  };
  CHECK(status_of(read()) == Status::wrong_state);
  OpenBuffers buffers;
  const std::string source = R"({"kind": "rpc_request", "args": {"label": "ä"}, "body": []}  )";
  REQUIRE(bench.store->open(buffers, Channel{1}, id));
  REQUIRE(bench.store->write(buffers, Channel{1}, source));
  REQUIRE(bench.close(buffers, Channel{1}, id));
  CHECK(read().value() == source);
}

// ---- image ---------------------------------------------------------------------------------------

TEST_CASE("a file that is no database, or another program's, is refused with its name") {
  Directory directory;
  {
    std::ofstream(directory.image())
        << "this is a text file, and a long one, so that it is no empty database at all";
  }
  const auto text = Image::open(directory.image());
  REQUIRE_FALSE(text);
  CHECK(text.error().message.contains("image.sqlite"));
  std::filesystem::remove(directory.image());
  {
    auto other = Database::open(directory.image());
    REQUIRE(other->run("CREATE TABLE cats (name TEXT)"));
  }
  const auto cats = Image::open(directory.image());
  REQUIRE_FALSE(cats);
  CHECK(cats.error().message.contains("another program"));
}

TEST_CASE("an image of a newer version, or a damaged one, is refused") {
  Directory directory;
  REQUIRE(Image::open(directory.image()));
  {
    auto database = Database::open(directory.image());
    REQUIRE(database->run("PRAGMA user_version = 99"));
  }
  CHECK(Image::open(directory.image()).error().message.contains("version is 99"));
  {
    auto database = Database::open(directory.image());
    REQUIRE(database->run("PRAGMA user_version = 2; PRAGMA journal_mode = DELETE"));
  }
  std::fstream file(directory.image(), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(4096);
  file << std::string(2048, '\x55');
  file.close();
  CHECK_FALSE(Image::open(directory.image()));
}

// ---- messages ------------------------------------------------------------------------------------

TEST_CASE("numbers in texts: whole ones have no decimals, others one") {
  CHECK(format_number(3) == "3");
  CHECK(format_number(-3) == "-3");
  CHECK(format_number(2.54) == "2.5");
  CHECK(format_number(-0.0) == "0");
  CHECK(format_number(1e20) == "100000000000000000000");
}

TEST_CASE("a message says which registers it needs, and shows their values") {
  const std::string text = "at {{ x }}, {{y}} with {{ pin8 }}/{{ pin9 }}; {{ nobody }}{{ NULL }}.";
  CHECK(registers_of(text) == std::vector<std::string>{"position", "pins.8", "pins.9"});
  const std::map<std::string, json> values{{"position", {{"x", 1}, {"y", 2.26}, {"z", nullptr}}},
                                           {"pins.8", 1}};
  CHECK(render(text, values, 0) == "at 1, 2.3 with 1/; .");
}

TEST_CASE("the time in a message is UTC to the microsecond") {
  CHECK(render("{{ CURRENT_TIME }}", {}, 1'747'258'620'123'456) == "2025-05-14 21:37:00.123456Z");
}

TEST_CASE("braces that are no names stay as they are") {
  for (const std::string text : {"{{", "{{ }}", "{{ a b }}", "{ x }", "{{ x", "}}", "{{ x-y }}"})
    CHECK(render(text, {}, 0) == text);
  CHECK(render("{{{ x }}}", {{"position", {{"x", 5}}}}, 0) == "{5}");
}

TEST_CASE("pins in one message are bounded") {
  std::string text;
  for (int pin = 0; pin < 70; ++pin) text += std::format("{{{{ pin{} }}}}", pin);
  CHECK(registers_of(text).size() == max_message_pins);
}

TEST_CASE("an unknown type of message is refused, and the legal ones are named") {
  CHECK(check_message_type("fun"));
  const auto refused = check_message_type("shout");
  CHECK(refused.error().message.contains("success"));
}
