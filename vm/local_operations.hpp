#pragma once
// The SYS operations that the VM serves itself, for steps and for clients alike.

#include <boost/asio/io_context.hpp>
#include <functional>
#include <string>

#include "protocol/payload.hpp"
#include "protocol/registers.hpp"
#include "vm/image/image.hpp"
#include "vm/remote_registers.hpp"
#include "vm/worker.hpp"

namespace celeriac::vm {

class LocalOperations {
 public:
  using Done = std::move_only_function<void(protocol::Result<void>)>;

  LocalOperations(boost::asio::io_context& io, Worker& worker, Image& image, RemoteRegisters& remote,
                  protocol::Registers& registers)
      : io_(io), worker_(worker), image_(image), remote_(remote), registers_(registers) {}

  /// `source` is who asks, for the log: "process 3", a client's name. `done` may run inside the call.
  /// Status::unknown_operation for what is not served here.
  void serve(const protocol::Operation& operation, const protocol::Arguments& arguments,
             const std::string& source, Done done);

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

  boost::asio::io_context& io_;
  Worker& worker_;
  Image& image_;
  RemoteRegisters& remote_;
  protocol::Registers& registers_;
};

}  // namespace celeriac::vm
