// Instances that live in one room by turns: some hundred bytes, their own pages of memory and their globals
// are all that each of them costs, where the engine would copy the code and reserve 12 GiB of address space
// for it.
//
// A guest may be in the middle of a call while another one lives in its room: the interpreter's stack, or the
// native one, refers to the room's code, memory and globals, all of which are the guest's own again before it
// goes on (GuestInstance::Contexts::enter).
//
// The engine's memory only grows. A guest that reads or writes between its own end and that of the largest of
// its siblings does not trap but finds zeros; they are its own, and are thrown away when it moves out. What
// the host sees as its memory ends where it should.

#include <sys/mman.h>

#include <algorithm>
#include <new>

#include "wasm/guest_contexts.hpp"

namespace celeriac::wasm {
namespace {

using protocol::Status;

/// Granularity in which zeros are left out of the initial memory.
constexpr std::size_t run_bytes = 4096;

std::uint64_t value_of(const WasmEdge_GlobalInstanceContext* global) noexcept {
  return static_cast<std::uint64_t>(WasmEdge_GlobalInstanceGetValue(global).Value);
}

std::unexpected<protocol::Error> no_memory() {
  return protocol::fail(Status::out_of_resources, "There is no memory left for the guest.");
}

}  // namespace

protocol::Result<SharedRoom> SharedRoom::open(GuestModule::Contexts& module) {
  auto opened = GuestRoom::open(module);
  if (!opened) return std::unexpected(std::move(opened.error()));
  SharedRoom made;
  made.room = *std::move(opened);
  GuestRoom& room = *made.room;
  for (const auto* global : room.globals) made.initial_globals.push_back(value_of(global));
  made.initial_pages = room.pages();
  const std::span memory(room.window(), room.window_bytes());
  for (std::size_t at = 0; at < memory.size(); at += run_bytes) {
    const auto run = memory.subspan(at, run_bytes);
    if (std::ranges::all_of(run, [](std::byte byte) { return byte == std::byte{0}; })) continue;
    made.initial_memory.push_back({at, {run.begin(), run.end()}});
  }
  if (!memory.empty()) madvise(memory.data(), memory.size(), MADV_DONTNEED);
  return made;
}

ParkedState::ParkedState(const SharedRoom& shared, std::int64_t first_fuel)
    : memory(shared.initial_pages * foreign::wasm_page_bytes),
      globals(shared.initial_globals),
      fuel(first_fuel) {
  for (const auto& [offset, bytes] : shared.initial_memory)
    std::ranges::copy(bytes, memory.first_piece() + offset);
}

protocol::Result<void> GuestInstance::Contexts::lodge() {
  const bool may_share = module->code.snapshot_obstacle.empty();
  if (!may_share || module->own_rooms < module->limits.own_rooms) {
    auto opened = GuestRoom::open(*module);
    if (opened) {
      own_room = *std::move(opened);
      room = own_room.get();
      ++module->own_rooms;
      return {};
    }
    const bool no_space = opened.error().status == Status::out_of_resources;
    if (!no_space || !may_share || !module->shared) return std::unexpected(std::move(opened.error()));
  }
  if (!module->shared) {
    auto opened = SharedRoom::open(*module);
    if (!opened) return std::unexpected(std::move(opened.error()));
    module->shared = *std::move(opened);
  }
  try {
    parked.emplace(*module->shared, module->limits.fuel_slice);
  } catch (const std::bad_alloc&) {
    return no_memory();
  }
  room = module->shared->room.get();
  return {};
}

GuestInstance::Contexts::~Contexts() {
  if (own_room) --module->own_rooms;
  if (parked && room->resident == this) {
    parked->memory.forget(room->window(), room->window_bytes());
    room->resident = nullptr;
  }
}

void GuestInstance::Contexts::move_in() noexcept {
  if (room->resident != nullptr) room->resident->move_out();
  room->resident = this;
  parked->memory.move_in(room->window());
  for (std::size_t i = 0; i < parked->globals.size(); ++i) {
    const auto type = static_cast<NumberType>(module->code.globals[i].type);
    WasmEdge_GlobalInstanceSetValue(room->globals[i], engine_value(type, parked->globals[i]));
  }
  room->set_fuel(parked->fuel);
  room->set_depth(parked->depth);
}

void GuestInstance::Contexts::move_out() noexcept {
  for (std::size_t i = 0; i < parked->globals.size(); ++i) parked->globals[i] = value_of(room->globals[i]);
  parked->fuel = room->fuel_left();
  parked->depth = room->depth_now();
  parked->memory.move_out(room->window(), room->window_bytes());
  room->resident = nullptr;
}

std::int64_t GuestInstance::Contexts::fuel_left() const noexcept {
  return parked && room->resident != this ? parked->fuel : room->fuel_left();
}

std::uint32_t GuestInstance::Contexts::pages() const noexcept {
  if (!parked) return room->pages();
  return static_cast<std::uint32_t>(parked->memory.bytes() / foreign::wasm_page_bytes);
}

bool GuestInstance::Contexts::grow(std::uint32_t by) noexcept {
  if (!parked || by == 0) return room->grow(by);
  settle();
  const std::uint64_t wanted = std::uint64_t{pages()} + by;
  if (wanted > foreign::wasm_page_bytes) return false;  // 4 GiB are as many pages as a page has bytes
  const auto there = room->pages();
  if (wanted > there && !room->grow(static_cast<std::uint32_t>(wanted - there))) return false;
  return parked->memory.grow(room->window(), by * foreign::wasm_page_bytes);
}

}  // namespace celeriac::wasm
