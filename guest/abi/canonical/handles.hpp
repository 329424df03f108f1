#pragma once
// The resources that an instance holds, and the numbers by which it knows them.
//
//            insert ──► held ◄────────────┐
//                        │ lend           │ give_back, when the call ends
//                        ├──► lent n times┘      take or drop: Trap
//                        └ take (an own parameter), drop ([resource-drop]) ──► gone; its number is used again
//
// One table for all types of an instance, as the specification has it now: a number is of one type, 0 is
// never used, freed numbers come back last in, first out. Whatever is left is released with the table.

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace celeriac::guest::canonical {

/// A type of resource. It is its address that counts.
struct ResourceType {
  std::string_view name;  ///< "message"
};

/// What stands behind a handle.
class Resource {
 public:
  virtual ~Resource() = default;
};

/// Resources that an instance may hold at once; making one more traps.
inline constexpr std::size_t max_handles = 16'384;

/// All of it throws Trap with a phrase that names handle and type; whoever serves the call puts the function
/// in front.
class HandleTable {
 public:
  /// A new handle that owns the resource.
  std::uint32_t insert(const ResourceType& type, std::unique_ptr<Resource> resource);
  /// A borrow parameter: the resource stays, and can be neither taken nor dropped until it is given back.
  Resource& lend(const ResourceType& type, std::uint32_t handle);
  void give_back(std::uint32_t handle) noexcept;
  /// An own parameter: the handle is gone, whatever the call returns.
  std::unique_ptr<Resource> take(const ResourceType& type, std::uint32_t handle);
  /// [resource-drop].
  void drop(const ResourceType& type, std::uint32_t handle) { take(type, handle); }
  /// Drops everything: the instance has ended.
  void clear() noexcept;

  [[nodiscard]] std::size_t size() const noexcept { return entries_.size() - free_.size(); }

 private:
  struct Entry {
    const ResourceType* type = nullptr;
    std::unique_ptr<Resource> resource;  // null: free
    std::uint32_t lends = 0;
  };
  Entry& find(const ResourceType& type, std::uint32_t handle);

  std::vector<Entry> entries_;  // handle 1 is the first
  std::vector<std::uint32_t> free_;
};

}  // namespace celeriac::guest::canonical
