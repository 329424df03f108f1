#include "guest/abi/canonical/handles.hpp"

#include <format>

#include "guest/abi/guest.hpp"

namespace celeriac::guest::canonical {

HandleTable::Entry& HandleTable::find(const ResourceType& type, std::uint32_t handle) {
  if (handle == 0 || handle > entries_.size() || !entries_[handle - 1].resource)
    throw Trap{
        std::format("there is nothing behind the handle {}, which should be of a {}.", handle, type.name)};
  auto& entry = entries_[handle - 1];
  if (entry.type != &type)
    throw Trap{std::format("the handle {} is of a {}, not of a {}.", handle, entry.type->name, type.name)};
  return entry;
}

std::uint32_t HandleTable::insert(const ResourceType& type, std::unique_ptr<Resource> resource) {
  if (size() >= max_handles)
    throw Trap{std::format("it holds {} resources, and has not dropped enough of them for one more {}.",
                           max_handles, type.name)};
  std::uint32_t handle = 0;
  if (free_.empty()) {
    entries_.emplace_back();
    handle = static_cast<std::uint32_t>(entries_.size());
  } else {
    handle = free_.back();
    free_.pop_back();
  }
  entries_[handle - 1] = {&type, std::move(resource), 0};
  return handle;
}

Resource& HandleTable::lend(const ResourceType& type, std::uint32_t handle) {
  auto& entry = find(type, handle);
  ++entry.lends;
  return *entry.resource;
}

void HandleTable::give_back(std::uint32_t handle) noexcept {
  --entries_[handle - 1].lends;
}

std::unique_ptr<Resource> HandleTable::take(const ResourceType& type, std::uint32_t handle) {
  auto& entry = find(type, handle);
  if (entry.lends != 0)
    throw Trap{std::format("the {} of handle {} is given away while it is lent to the same call.", type.name,
                           handle)};
  auto resource = std::move(entry.resource);
  free_.push_back(handle);
  return resource;
}

void HandleTable::clear() noexcept {
  entries_.clear();
  free_.clear();
}

}  // namespace celeriac::guest::canonical
