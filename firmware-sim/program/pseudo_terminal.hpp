#pragma once
// The board's end of a pseudo terminal, and the symbolic link by which a host finds the other end.

#include <cstddef>
#include <expected>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace celeriac::firmware_sim {

/// Raw mode, no echo; nobody but the host holds the other end open. The link goes with the object, unless
/// somebody has put another one in its place.
class PseudoTerminal {
 public:
  /// A symbolic link that is already at `link` is replaced; anything else there is left alone and is an
  /// error, told as a sentence.
  [[nodiscard]] static std::expected<PseudoTerminal, std::string> open(const std::filesystem::path& link);

  PseudoTerminal(PseudoTerminal&& other) noexcept;
  PseudoTerminal& operator=(PseudoTerminal&&) = delete;
  ~PseudoTerminal();

  /// The descriptor of the board's end, not blocking.
  [[nodiscard]] int descriptor() const { return descriptor_; }
  /// Where a host finds it.
  [[nodiscard]] const std::filesystem::path& link() const { return link_; }
  /// Whether somebody has the other end open.
  [[nodiscard]] bool is_open() const;
  /// What the host has written and nobody has read.
  void discard_input() const;
  /// What was written to the host and it has not read.
  void discard_output() const;

  enum class ReadStatus : unsigned char { data, nothing, closed };
  struct ReadResult {
    ReadStatus status;
    std::size_t bytes = 0;
  };
  [[nodiscard]] ReadResult read(std::span<char> into) const;
  /// Returns how much was taken: less than all when the host does not read.
  [[nodiscard]] std::size_t write(std::string_view bytes) const;

 private:
  PseudoTerminal(int descriptor, std::string device) : descriptor_(descriptor), device_(std::move(device)) {}
  [[nodiscard]] std::expected<void, std::string> make_link(const std::filesystem::path& link);

  int descriptor_;
  std::string device_;
  std::filesystem::path link_;
};

}  // namespace celeriac::firmware_sim
