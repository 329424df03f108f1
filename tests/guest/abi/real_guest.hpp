#pragma once
// A real module in the real engine, with a mailbox that the test has filled; what it sends is noted.

#include <deque>
#include <exception>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "guest/abi/guest.hpp"
#include "protocol/envelope.hpp"
#include "tests/guest/abi/fake_guest.hpp"
#include "wasm/guest_engine.hpp"

namespace celeriac::guest::testing {

class RealGuest final : public Guest {
 public:
  /// Everything up to an instance; what refuses the module is the error.
  static protocol::Result<std::unique_ptr<RealGuest>> load(const std::filesystem::path& file);

  /// Runs until it returns (""), traps (why), or has emptied its mailbox ("waits").
  std::string run();

  std::deque<protocol::Item> mailbox;
  std::string blob;  ///< what BLOB.READ gives
  std::vector<FakeGuest::Asked> asked;
  /// What it has responded, decoded.
  [[nodiscard]] std::vector<protocol::Outgoing> responses() const;

  // ---- Guest ----
  [[nodiscard]] const Identity& identity() const override { return who_; }
  std::span<std::uint8_t> memory() override { return code_->memory(); }
  [[nodiscard]] bool exports(std::string_view function) const override;
  [[nodiscard]] const wasm::Signature* export_type(std::string_view function) const override;
  std::vector<Slot> call(std::string_view function, std::span<const Slot> arguments) override;
  protocol::Reply ask(const protocol::Operation& operation, std::string payload) override;
  void tell(const protocol::Operation& operation, std::string payload) override;
  void sleep(std::chrono::nanoseconds) override {}
  void write_line(bool, std::string_view) override {}
  void commit(std::vector<std::string>, std::uint64_t) override {}

 private:
  struct NothingLeft {};
  static wasm::HostOutcome enter(void* guest, const void* function, std::span<const std::uint64_t> arguments,
                                 std::span<std::uint64_t> results) noexcept;

  Identity who_{.process = 7, .address = "n.os@me:pkg:me.os", .path = "/proc/me.os/pkg/me"};
  wasm::GuestEngine engine_;
  std::shared_ptr<wasm::GuestModule> module_;
  std::unique_ptr<Personality> personality_;
  std::unique_ptr<wasm::GuestInstance> code_;
  std::exception_ptr thrown_;
};

/// The same as RealGuest::load; a module that is refused fails the test.
std::unique_ptr<RealGuest> loaded(const std::filesystem::path& file);

/// A request from elsewhere that expects a response.
protocol::Item request_of(std::string body);

}  // namespace celeriac::guest::testing
