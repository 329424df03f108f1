#include "console/tui/command_run.hpp"

#include <CLI/App.hpp>
#include <algorithm>
#include <format>
#include <ostream>
#include <streambuf>
#include <utility>

#include "console/command_line.hpp"
#include "console/text.hpp"
#include "console/tui/command_words.hpp"
#include "console/values.hpp"
#include "protocol/payload.hpp"
#include "protocol/words.hpp"

namespace celeriac::console::tui {
namespace asio = boost::asio;
using protocol::Error;
using protocol::Json;
using protocol::Operation;
using protocol::Reply;
using protocol::Result;

namespace {

/// A stream whose lines are said one by one.
class LineBuffer final : public std::streambuf {
 public:
  explicit LineBuffer(std::function<void(std::string_view)> say) : say_(std::move(say)) {}
  ~LineBuffer() override {
    if (!line_.empty()) end_line();
    if (beyond_ > 0) say_(std::format("… and {} more lines", beyond_));
  }
  LineBuffer(const LineBuffer&) = delete;
  LineBuffer& operator=(const LineBuffer&) = delete;

 protected:
  int_type overflow(int_type byte) override {
    if (traits_type::eq_int_type(byte, traits_type::eof())) return traits_type::not_eof(byte);
    if (byte == '\n')
      end_line();
    else if (line_.size() < longest_line)
      line_ += traits_type::to_char_type(byte);
    return byte;
  }

 private:
  static constexpr std::size_t longest_line = 4096;
  void end_line() {
    const std::string line = std::exchange(line_, {});
    if (said_ == most_output_lines)
      ++beyond_;
    else if (++said_; true)
      say_(line);
  }
  std::function<void(std::string_view)> say_;
  std::string line_;
  std::size_t said_ = 0, beyond_ = 0;
};

void say_reply(const Say& say, const Operation& operation, const Reply& reply) {
  say(Level::info,
      std::format("{}: ok{}", operation.long_name,
                  reply.value != 0 && reply.data.empty() ? std::format(", value {}", reply.value) : ""));
  const auto document = reply.document();
  if (!document || document->empty()) return;
  // One line a member; `celeriac call` shows the whole tree.
  for (const auto& [name, value] : document->items())
    say(Level::info, std::format("  {} {}", name, json_line(value)));
}

asio::awaitable<void> call(const Operation& operation, std::vector<std::string> words, const Hosts& hosts,
                           const Names& names, const Say& say) {
  const auto fields = fields_of_words(operation, words, names);
  auto payload =
      fields ? protocol::encode(operation, *fields) : Result<std::string>(std::unexpected(fields.error()));
  if (!payload) {
    say(Level::error, payload.error().message);
    co_return;
  }
  // What the hypervisor serves goes straight to it: it works without the VM, and is this console's own there.
  const bool direct = operation.server == protocol::Server::hypervisor && hosts.hypervisor != nullptr;
  const auto client = direct ? hosts.hypervisor : hosts.vm;
  if (client == nullptr) {
    say(Level::error, "There is no connection to who serves this.");
    co_return;
  }
  const auto reply = co_await client->send(operation, std::move(*payload), patience(operation));
  if (reply)
    say_reply(say, operation, *reply);
  else
    say(Level::error, std::format("{}: {}", operation.long_name, reply.error().message));
}

std::string unknown(const std::string& word) {
  std::vector<std::string> known;
  for (const auto& row : commands()) known.emplace_back(row.name.substr(0, row.name.find(' ')));
  for (const auto& row : protocol::operations()) known.emplace_back(row.long_name);
  const auto close = protocol::closest(word, known);
  return std::format("There is no command or operation \"{}\".{}", printable(word),
                     close.empty() ? " Tab lists them." : std::format(" Did you mean \"{}\"?", close));
}

asio::awaitable<void> command(World& world, GlobalOptions options, std::vector<std::string> words,
                              const Say& say) {
  LineBuffer out_lines([&](std::string_view line) { say(Level::info, line); });
  LineBuffer err_lines([&](std::string_view line) { say(Level::error, line); });
  std::ostream out(&out_lines), err(&err_lines);
  World inside{.io = world.io, .out = out, .err = err};
  inside.environment = world.environment;
  inside.programs = world.programs;
  inside.now = world.now;

  Action action;
  const auto parser = make_parser(options, [&](Action chosen) { action = std::move(chosen); });
  try {
    std::ranges::reverse(words);
    parser->parse(std::move(words));  // CLI11 takes them from the back
  } catch (const CLI::Success&) {
    out << parser->help();
    co_return;
  } catch (const CLI::ParseError& error) {
    err << printable(error.what()) << '\n';
    co_return;
  }
  Context context(inside, options);
  co_await action(context);
}

}  // namespace

asio::awaitable<void> run_line(World& world, GlobalOptions options, Hosts hosts, Names names,
                               std::string line, Say say) {
  auto words = words_of(line);
  if (words.empty()) co_return;
  if (words[0] == "celeriac") words.erase(words.begin());  // as it stands in the help
  if (words.empty()) co_return;
  if (const auto why = not_in_here(words)) {
    say(Level::error, *why);
    co_return;
  }
  const bool is_command = std::ranges::any_of(
      commands(), [&](const Command& row) { return row.name.substr(0, row.name.find(' ')) == words[0]; });
  if (const auto* operation = called_by(words))
    co_await call(*operation, std::move(words), hosts, names, say);
  else if (is_command || words[0].starts_with('-'))
    co_await command(world, std::move(options), std::move(words), say);
  else
    say(Level::error, unknown(words[0]));
}

}  // namespace celeriac::console::tui
