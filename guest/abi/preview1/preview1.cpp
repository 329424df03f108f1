#include "guest/abi/preview1/preview1.hpp"

#include <sys/random.h>

#include <algorithm>

#include "guest/abi/personality.hpp"
#include "guest/abi/preview1/call.hpp"

namespace celeriac::guest {
namespace {

using namespace preview1;

constexpr auto i32 = wasm::NumberType::i32;
constexpr auto i64 = wasm::NumberType::i64;

/// All rows, in a table that stays where it is.
std::span<const Row> rows() {
  static const auto all = [] {
    std::vector<Row> made;
    for (const auto part : {process_rows(), descriptor_rows(), file_rows(), path_rows()})
      made.insert(made.end(), part.begin(), part.end());
    return made;
  }();
  return all;
}

template <std::size_t place>
void serve(Personality& self, Guest& guest, std::span<const Slot> arguments, std::span<Slot> results) {
  Call call{static_cast<PersonalityBase&>(self).preview1(), guest, arguments, canonical::Memory(guest)};
  const auto outcome = rows()[place].function(call);
  if (!results.empty()) results[0] = static_cast<Slot>(outcome);
}

/// More than there are functions.
constexpr std::size_t most_rows = 48;

template <std::size_t... places>
std::vector<HostFunction> table(std::index_sequence<places...>) {
  using Serve = decltype(HostFunction::call);
  constexpr Serve servers[] = {&serve<places>...};
  std::vector<HostFunction> made;
  for (std::size_t i = 0; i < rows().size(); ++i) {
    const Row& row = rows()[i];
    wasm::Signature type;
    for (const char letter : row.type) type.parameters.push_back(letter == 'I' ? i64 : i32);
    if (row.name != "proc_exit") type.results.push_back(i32);
    made.push_back({"wasi_snapshot_preview1", row.name, std::move(type), servers[i]});
  }
  return made;
}

}  // namespace

std::span<const HostFunction> preview1_functions() {
  static const auto functions = table(std::make_index_sequence<most_rows>());
  return functions;
}

void Preview1::random(std::span<std::byte> bytes) const {
  if (fill_random != nullptr) return fill_random(bytes);
  while (!bytes.empty()) {
    const auto got = getrandom(bytes.data(), std::min<std::size_t>(bytes.size(), 256), 0);
    if (got > 0) bytes = bytes.subspan(static_cast<std::size_t>(got));
  }
}

std::uint64_t Preview1::now(bool wall) const {
  const auto function = wall ? wall_clock : steady_clock;
  if (function != nullptr) return function();
  const auto since = wall ? std::chrono::system_clock::now().time_since_epoch()
                          : std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(since).count());
}

std::map<std::uint32_t, Preview1::Descriptor>& Preview1::descriptors(const Guest& guest) {
  if (std::exchange(opened_, true)) return descriptors_;
  constexpr Kind standard[] = {Kind::input, Kind::output, Kind::error};
  for (std::uint32_t i = 0; i < first_directory; ++i) descriptors_[i].kind = standard[i];
  for (const auto& directory : guest.identity().directories) {
    if (descriptors_.size() == max_descriptors) break;
    const auto number = static_cast<std::uint32_t>(descriptors_.size());
    descriptors_[number] = {.kind = Kind::directory, .path = directory, .given = true};
  }
  return descriptors_;
}

void Preview1::write(Guest& guest, bool error, std::string_view bytes) {
  std::string& line = lines_[error ? 1 : 0];
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    const auto piece = bytes.substr(0, std::min({end, bytes.size(), max_output_line - line.size()}));
    line += piece;
    bytes.remove_prefix(piece.size());
    const bool ended = bytes.starts_with('\n');
    if (ended) bytes.remove_prefix(1);
    if (!ended && line.size() < max_output_line) continue;
    guest.write_line(error, std::exchange(line, {}));
  }
}

void Preview1::flush(Guest& guest) {
  for (const bool error : {false, true})
    if (std::string& line = lines_[error ? 1 : 0]; !line.empty())
      guest.write_line(error, std::exchange(line, {}));
}

}  // namespace celeriac::guest
