#pragma once
// The reference interpreter: walks a document as JSON, step by step, and does what each node says, with
// nothing compiled, resumed, shared or remembered. It is slow and short on purpose.

#include <random>
#include <utility>

#include "tests/reference/tiny_world.hpp"

namespace celeriac::reference {

class TreeWalker {
 public:
  TreeWalker(const Account& account, TinyWorld& world) : account_(account), world_(world) {}

  /// Runs the account's root to its end.
  Ending run();

 private:
  /// A run ends early by this.
  struct Failure {
    std::string reason;
    std::vector<std::string> others = {};
  };
  /// label → value node
  using Scope = std::map<std::string, Json>;
  using Place = std::array<double, 3>;
  using Visit = void (TreeWalker::*)(const Json& node, const Scope& scope);
  struct Row {
    const char* kind;
    Visit visit;
  };
  static const Row rows[];

  void sequence(const Json& document, const Scope& given, bool given_wins);
  void request(const Json& document);
  void body(const Json& document, const Scope& scope);
  void step(const Json& node, const Scope& scope);
  void branch(const Json& node, const Scope& scope);

  void visit_nothing(const Json& node, const Scope& scope);
  void visit_operation(const Json& node, const Scope& scope);
  void visit_if(const Json& node, const Scope& scope);
  void visit_execute(const Json& node, const Scope& scope);
  void visit_assertion(const Json& node, const Scope& scope);
  void visit_lua(const Json& node, const Scope& scope);
  void visit_move(const Json& node, const Scope& scope);
  void visit_move_absolute(const Json& node, const Scope& scope);
  void visit_write_pin(const Json& node, const Scope& scope);
  void visit_read_pin(const Json& node, const Scope& scope);
  void visit_toggle_pin(const Json& node, const Scope& scope);
  void visit_send_message(const Json& node, const Scope& scope);
  void visit_set_user_env(const Json& node, const Scope& scope);
  void visit_script(const Json& node, const Scope& scope);
  void visit_update_resource(const Json& node, const Scope& scope);
  void visit_resource_update(const Json& node, const Scope& scope);
  void visit_change_ownership(const Json& node, const Scope& scope);
  void visit_gpio(const Json& node, const Scope& scope);

  double operate(std::string_view operation, const Json& fields = Json::object());
  ScriptValues lua(const std::string& code);
  double lua_number(const std::string& code);
  [[nodiscard]] static const Json& value_of(const Scope& scope, const std::string& label);
  [[nodiscard]] Place place_of(const Json& value, const char* refusal);
  [[nodiscard]] double operand(const Json& operand, std::size_t axis, const Scope& scope);
  void go(const Place& to, const Place& speed);
  void go_in_order(const Place& to, const Place& speed, const std::string& order);
  [[nodiscard]] int pin_of(const Json& named_pin) const;
  void read_back(int pin, int mode);
  [[nodiscard]] protocol::Result<std::vector<std::int64_t>> members(const std::string& label,
                                                                    const Json& group,
                                                                    std::uint64_t random) const;
  [[noreturn]] static void fail(std::string reason) { throw Failure{std::move(reason), {}}; }
  template <class T>
  static T must(protocol::Result<T> result) {
    if (!result) fail(result.error().message);
    return std::move(*result);
  }

  const Account& account_;
  TinyWorld& world_;
};

}  // namespace celeriac::reference
