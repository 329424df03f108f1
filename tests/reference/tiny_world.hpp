#pragma once
// The machine that a reference run and a real run both work on: a position, pins, an account's assets, and a
// list of what was asked for. Everything happens at once, and the same way every time.

#include <array>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "protocol/error.hpp"
#include "protocol/operations.hpp"
#include "tests/reference/dice.hpp"
#include "vm/assets/assets.hpp"

namespace celeriac::reference {

using Json = nlohmann::json;

/// What an account holds, and what is to be run.
struct Account {
  vm::Assets assets;
  std::map<std::int64_t, Json> sequences;  ///< by id
  Json root;                               ///< a sequence or an rpc_request
  std::map<std::string, Json> given;       ///< what the root is started with: label → value node
  bool given_wins = false;                 ///< also over the root's own constants, as a farm event's
  std::array<double, 3> position{};        ///< of the machine at the start, mm; NaN: not known
  std::map<int, double> pins;              ///< values known at the start
  std::uint64_t seed = 0;                  ///< of the generator that moves and groups ask
  std::optional<std::size_t> fails_at;     ///< the machine fails at its so-manieth operation, from 0
};

/// What a script gives: the stand-in for Lua knows only a few texts.
struct ScriptValues {
  std::size_t count = 0;
  Json first;
};

class TinyWorld {
 public:
  explicit TinyWorld(const Account& account)
      : assets(account.assets),
        position(account.position),
        pins(account.pins),
        dice_(account.seed),
        fails_at_(account.fails_at) {}

  /// Writes the operation down and does it; fields that are optional may be left out.
  protocol::Result<double> operate(const protocol::Operation& operation, const Json& fields);
  protocol::Result<double> operate(std::string_view operation, const Json& fields = Json::object());
  /// `return 5`, `return true, 1`, `error("words")`: values, or an error as Lua gives it.
  protocol::Result<ScriptValues> lua(const std::string& code);
  /// An update of a resource, given as its node.
  protocol::Result<double> update(const Json& resource, const Json& properties);
  protocol::Result<double> script(const std::string& label, const Json& environment);
  void pin_was_read(int pin, int mode, double value);
  /// An entry of the log that belongs to the meaning of a step.
  void log(const std::string& type, const std::string& message);
  std::uint64_t random() { return dice_.bits(); }

  vm::Assets assets;
  std::array<double, 3> position;
  std::map<int, double> pins;
  double elapsed_ms = 0;
  bool locked = false;
  std::vector<std::string> lines;  ///< what was asked for, each with its time

 private:
  void write(std::string_view what, const std::string& details);
  void take_effect(const protocol::Operation& operation, const Json& fields);

  Dice dice_;
  std::size_t operations_ = 0;
  std::optional<std::size_t> fails_at_;
};

/// How a run ended.
struct Ending {
  bool good = true;
  std::string reason;               ///< begins as FarmBot's text for the situation
  std::vector<std::string> others;  ///< what else was wrong at that moment: as good a reason
};

}  // namespace celeriac::reference
