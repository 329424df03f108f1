#pragma once
// The SYS operations that the VM serves itself, for steps and for clients alike.

#include <boost/asio/io_context.hpp>
#include <functional>
#include <optional>
#include <string>

#include "protocol/payload.hpp"
#include "protocol/registers.hpp"
#include "vm/assets/asset_store.hpp"
#include "vm/assets/assets.hpp"
#include "vm/remote_registers.hpp"

namespace celeriac::vm {

class LocalOperations {
 public:
  using Done = std::move_only_function<void(protocol::Result<void>)>;

  LocalOperations(boost::asio::io_context& io, Assets& assets, AssetStore& asset_store,
                  RemoteRegisters& remote, protocol::Registers& registers)
      : io_(io), assets_(assets), asset_store_(asset_store), remote_(remote), registers_(registers) {}

  /// `source` is who asks, for the log: "process 3", a client's name. `done` may run inside the call.
  /// Status::unknown_operation for what is not served here.
  void serve(const protocol::Operation& operation, const protocol::Arguments& arguments,
             const std::string& source, Done done);
  /// What SYS.SYNC of a step does.
  void on_sync(std::function<void(Done)> sync) { sync_ = std::move(sync); }

 private:
  using Serve = void (LocalOperations::*)(const protocol::Arguments&, const std::string&, Done);
  struct Row {
    std::string_view long_name;
    Serve serve;
  };
  static const Row rows_[];

  void send_message(const protocol::Arguments& arguments, const std::string& source, Done done);
  void set_user_env(const protocol::Arguments& arguments, const std::string& source, Done done);
  void wait(const protocol::Arguments& arguments, const std::string& source, Done done);
  void exit(const protocol::Arguments& arguments, const std::string& source, Done done);
  void sync(const protocol::Arguments& arguments, const std::string& source, Done done);
  void register_gpio(const protocol::Arguments& arguments, const std::string& source, Done done);
  void unregister_gpio(const protocol::Arguments& arguments, const std::string& source, Done done);
  static protocol::Result<std::int64_t> line_number(const protocol::Arguments& arguments);
  [[nodiscard]] std::optional<std::int64_t> binding_of(std::int64_t line) const;

  boost::asio::io_context& io_;
  Assets& assets_;
  AssetStore& asset_store_;
  RemoteRegisters& remote_;
  protocol::Registers& registers_;
  std::function<void(Done)> sync_;
};

}  // namespace celeriac::vm
