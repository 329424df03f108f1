#include "hal/firmware/intel_hex.hpp"

#include <array>
#include <format>
#include <optional>
#include <span>

namespace celeriac::hal::firmware {
namespace {

using protocol::Result;
using protocol::Status;

constexpr std::uint8_t erased = 0xff;
enum RecordType : std::uint8_t {
  data = 0,
  end_of_file = 1,
  segment_address = 2,
  segment_start = 3,
  linear_address = 4,
  linear_start = 5
};

/// ":LLAAAATT", then LL bytes and their checksum.
struct Record {
  std::uint16_t address = 0;
  std::uint8_t type = 0;
  std::array<std::uint8_t, 255> bytes{};
  std::size_t size = 0;
};

std::unexpected<protocol::Error> bad(std::size_t line, std::string_view what) {
  return protocol::fail(
      Status::malformed,
      std::format("Line {} of the firmware file {}. Nothing of it went to the board.", line, what));
}

std::optional<unsigned> digit(char letter) {
  if (letter >= '0' && letter <= '9') return static_cast<unsigned>(letter - '0');
  if (letter >= 'A' && letter <= 'F') return static_cast<unsigned>(letter - 'A' + 10);
  if (letter >= 'a' && letter <= 'f') return static_cast<unsigned>(letter - 'a' + 10);
  return std::nullopt;
}

/// What is wrong with the line; "" if nothing is.
std::string_view read_record(std::string_view line, Record& record) {
  constexpr std::size_t head = 4, most = head + 255 + 1;
  if (!line.starts_with(':')) return "does not begin with a colon: is it Intel HEX?";
  line.remove_prefix(1);
  std::array<std::uint8_t, most> raw{};
  if (line.size() % 2 != 0 || line.size() < 2 * (head + 1) || line.size() > 2 * most)
    return "is cut off or too long";
  const auto count = line.size() / 2;
  unsigned sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto high = digit(line[2 * i]), low = digit(line[2 * i + 1]);
    if (!high || !low) return "has a character that is no hexadecimal digit";
    raw[i] = static_cast<std::uint8_t>(*high << 4 | *low);
    sum += raw[i];
  }
  record.size = raw[0];
  if (count != head + record.size + 1) return "has another length than it says";
  if ((sum & 0xff) != 0) return "has a wrong checksum: the file is damaged";
  record.address = static_cast<std::uint16_t>(raw[1] << 8 | raw[2]);
  record.type = raw[3];
  for (std::size_t i = 0; i < record.size; ++i) record.bytes[i] = raw[head + i];
  return {};
}

class Reader {
 public:
  explicit Reader(std::size_t flash_bytes) : flash_bytes_(flash_bytes), written_(flash_bytes) {}

  /// "" or what is wrong.
  std::string_view take(const Record& record) {
    const auto word = [&] { return static_cast<std::uint32_t>(record.bytes[0] << 8 | record.bytes[1]); };
    switch (record.type) {
      case data:
        return place(record);
      case end_of_file:
        ended_ = true;
        return record.size == 0 ? "" : "ends the file with data in it";
      case segment_address:
        base_ = word() << 4;
        return record.size == 2 ? "" : "has a segment address of the wrong length";
      case linear_address:
        base_ = word() << 16;
        return record.size == 2 ? "" : "has a linear address of the wrong length";
      case segment_start:  // where a processor of another kind begins: an AVR always begins at 0
      case linear_start:
        return {};
      default:
        return "has a record type that Intel HEX does not know";
    }
  }
  [[nodiscard]] bool ended() const noexcept { return ended_; }
  HexImage image;

 private:
  std::string_view place(const Record& record) {
    for (std::size_t i = 0; i < record.size; ++i) {
      const auto address = base_ + record.address + i;
      if (address >= flash_bytes_) return "lies beyond the memory for programs: it is for another board";
      if (written_[address]) return "writes a byte that was there already";
      written_[address] = true;
      if (image.flash.size() <= address) image.flash.resize(address + 1, erased);
      image.flash[address] = record.bytes[i];
      ++image.bytes;
    }
    return {};
  }

  std::size_t flash_bytes_;
  std::vector<bool> written_;
  std::size_t base_ = 0;
  bool ended_ = false;
};

/// The first word of a program: JMP (1001 010k kkkk 110k) or RJMP (1100 kkkk kkkk kkkk) to its beginning (AVR
/// Instruction Set Manual).
bool begins_as_program(std::span<const std::uint8_t> flash) {
  if (flash.size() < 4) return false;
  const unsigned word = static_cast<unsigned>(flash[1]) << 8 | flash[0];
  return (word & 0xfe0e) == 0x940c || (word & 0xf000) == 0xc000;
}

}  // namespace

Result<HexImage> parse_intel_hex(std::string_view text, std::size_t flash_bytes) {
  if (text.size() > max_hex_bytes)
    return protocol::fail(Status::malformed,
                          std::format("A firmware file has at most {} bytes.", max_hex_bytes));
  Reader reader(flash_bytes);
  Record record;
  std::size_t number = 0;
  for (std::size_t at = 0; at < text.size();) {
    auto line = text.substr(at, std::min(text.find('\n', at), text.size()) - at);
    at += line.size() + 1;
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    if (reader.ended()) return bad(number, "comes after the record that ends the file");
    if (const auto wrong = read_record(line, record); !wrong.empty()) return bad(number, wrong);
    if (const auto wrong = reader.take(record); !wrong.empty()) return bad(number, wrong);
  }
  if (!reader.ended())
    return protocol::fail(Status::malformed,
                          "The firmware file has no end: it was cut off. Nothing of it went to the board.");
  if (!begins_as_program(reader.image.flash))
    return protocol::fail(
        Status::malformed,
        "The firmware file is no program for the board: there is no jump at address 0. Nothing of it went to "
        "the board.");
  return std::move(reader.image);
}

}  // namespace celeriac::hal::firmware
