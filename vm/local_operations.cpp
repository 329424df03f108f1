#include "vm/local_operations.hpp"

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <format>
#include <map>
#include <memory>

#include "vm/messages.hpp"

namespace celeriac::vm {

using protocol::Arguments;
using protocol::Json;
using protocol::Result;
using protocol::Status;

const LocalOperations::Row LocalOperations::rows_[] = {
    {"SYS.SEND_MESSAGE", &LocalOperations::send_message},
    {"SYS.SET_USER_ENV", &LocalOperations::set_user_env},
    {"SYS.WAIT", &LocalOperations::wait},  // of clients: those of steps are the step loop's
    {"SYS.SLEEP", &LocalOperations::wait},
    {"SYS.EXIT", &LocalOperations::exit},
};

void LocalOperations::serve(const protocol::Operation& operation, const Arguments& arguments,
                            const std::string& source, Done done) {
  for (const Row& row : rows_)
    if (row.long_name == operation.long_name) return (this->*row.serve)(arguments, source, std::move(done));
  done(protocol::fail(Status::unknown_operation,
                      std::format("{} is in the protocol, but this version of the VM does not serve it.",
                                  operation.long_name)));
}

void LocalOperations::send_message(const Arguments& arguments, const std::string& source, Done done) {
  const auto type = arguments.string("message_type");
  if (auto legal = check_message_type(type); !legal) return done(std::move(legal));

  struct Message {
    std::string text;
    Json entry;
    std::map<std::string, Json> values;
    std::size_t missing = 0;
    Done done;
  };
  auto message = std::make_shared<Message>();
  message->text = arguments.string("message");
  message->entry = {{"level", type},
                    {"type", type},
                    {"channels", arguments.value("channels")},
                    {"source", source},
                    {"verbosity", 1}};
  message->done = std::move(done);
  const auto send = [this](Message& made) {
    using namespace std::chrono;
    const auto now = duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
    made.entry["time"] = now / 1000;
    made.entry["message"] = render(made.text, made.values, now);
    registers_.log(std::move(made.entry));
    made.done({});
  };
  const auto names = registers_of(message->text);
  message->missing = names.size();
  if (names.empty()) return send(*message);
  for (const auto& name : names) {
    remote_.read(name, [message, name, send](Result<Json> value) {
      message->values[name] = value ? std::move(*value) : Json();
      if (--message->missing == 0) send(*message);
    });
  }
}

void LocalOperations::set_user_env(const Arguments& arguments, const std::string&, Done done) {
  worker_.run([&image = image_, name = arguments.string("config"),
               value = arguments.string("value")] { return image.set_user_env(name, value); },
              [done = std::move(done)](Result<void> kept) mutable { done(std::move(kept)); });
}

void LocalOperations::wait(const Arguments& arguments, const std::string&, Done done) {
  using milliseconds = std::chrono::duration<double, std::milli>;
  auto timer = std::make_shared<boost::asio::steady_timer>(io_);
  timer->expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(
      milliseconds(arguments.number("milliseconds"))));
  timer->async_wait([timer, done = std::move(done)](const boost::system::error_code&) mutable { done({}); });
}

void LocalOperations::exit(const Arguments&, const std::string&, Done done) {
  done(protocol::fail(Status::wrong_state,
                      "SYS.EXIT ends the process that calls it, and a client is none: "
                      "PROC.KILL ends a process."));
}

}  // namespace celeriac::vm
