#include "hal/firmware/firmware_store.hpp"

#include <array>
#include <format>
#include <fstream>
#include <memory>

namespace celeriac::hal::firmware {
namespace {

namespace fs = std::filesystem;
using protocol::Result;
using protocol::Status;

std::string file_name(const FlashBoard& board) {
  return std::format("{}.hex", board.name);
}

Result<StoredFirmware> checked(const FlashBoard& board, const fs::path& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  std::ifstream file(path, std::ios::binary);
  if (error || !file) return protocol::fail(Status::failed, std::format("{} cannot be read.", path.string()));
  if (size > max_hex_bytes)
    return protocol::fail(Status::malformed, std::format("{} is too long for a firmware.", path.string()));
  std::string text(static_cast<std::size_t>(size), '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  const auto image = parse_intel_hex(text, board.program_bytes);
  if (!image) return std::unexpected(image.error());
  return StoredFirmware{path, image->bytes};
}

Result<StoredFirmware> stored(const FlashBoard& board, const fs::path& folder, const std::string& text) {
  const auto image = parse_intel_hex(text, board.program_bytes);
  if (!image) return std::unexpected(image.error());
  std::error_code error;
  fs::create_directories(folder, error);
  const auto path = folder / file_name(board);
  if (auto written = settings::write_file(path, text); !written) return std::unexpected(written.error());
  return StoredFirmware{path, image->bytes};
}

}  // namespace

void FirmwareStore::put(const FlashBoard& board, std::size_t size, std::size_t offset, std::string_view part,
                        PartCompletion completion) {
  if (size == 0 || size > max_hex_bytes)
    return completion(
        protocol::fail(Status::malformed,
                       std::format("A firmware file has 1 to {} bytes, and not {}.", max_hex_bytes, size)));
  if (offset == 0) {
    coming_ = &board;
    size_ = size;
    text_.clear();
  }
  if (coming_ != &board || size_ != size || offset != text_.size() || part.empty() ||
      part.size() > size_ - text_.size())
    return completion(protocol::fail(
        Status::wrong_state,
        "This part of a firmware file does not follow the last one: begin again with the first."));
  text_ += part;
  if (text_.size() < size_) return completion(std::optional<StoredFirmware>());
  coming_ = nullptr;
  const auto result = std::make_shared<Result<StoredFirmware>>();
  background_([&board, folder = own_, text = std::exchange(text_, {}),
               result] { *result = stored(board, folder, text); },
              [result, completion = std::move(completion)]() mutable {
                if (!*result) return completion(std::unexpected(std::move(result->error())));
                completion(std::optional(std::move(**result)));
              });
}

void FirmwareStore::find(const FlashBoard& board, Completion completion) {
  const auto result = std::make_shared<Result<StoredFirmware>>();
  background_(
      [&board, folders = std::array{own_, shipped_}, result] {
        std::error_code error;
        for (const auto& folder : folders)
          if (const auto path = folder / file_name(board); fs::exists(path, error)) {
            *result = checked(board, path);
            return;
          }
        *result = protocol::fail(
            Status::not_found,
            std::format(
                "There is no firmware for {0} here. `celeriac firmware flash FILE --board {0}` brings "
                "one.",
                board.name));
      },
      [result, completion = std::move(completion)]() mutable { completion(std::move(*result)); });
}

}  // namespace celeriac::hal::firmware
