#pragma once
// The account's sequences in the code store: a code whose document has an id above 0 is the account's.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "vm/sequences/code_store.hpp"
#include "vm/sync/sync_world.hpp"

namespace celeriac::vm {

class CodeShelf final : public SequenceShelf {
 public:
  explicit CodeShelf(CodeStore& store) : store_(store) {}

  /// Also looks into the store anew: what it finds is what the other calls go by.
  [[nodiscard]] std::set<std::int64_t> ids() const override;
  [[nodiscard]] bool holds(std::int64_t id, const std::string& text) const override;
  void put(std::int64_t id, std::string text, Done done) override;
  void remove(std::int64_t id, Done done) override;

 private:
  struct Copy {
    CodeId code{};
    std::string sha256;
  };
  void remove_next(std::vector<Copy> copies, Done done);

  CodeStore& store_;
  mutable std::map<std::int64_t, std::vector<Copy>> copies_;  // by the account's id; the newest last
};

}  // namespace celeriac::vm
