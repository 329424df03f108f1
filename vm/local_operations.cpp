#include "vm/local_operations.hpp"

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <format>
#include <memory>
#include <span>

#include "vm/log_entry.hpp"
#include "vm/messages.hpp"
#include "vm/template_values.hpp"

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
    {"SYS.SYNC", &LocalOperations::sync},
    {"SYS.REGISTER_GPIO", &LocalOperations::register_gpio},
    {"SYS.UNREGISTER_GPIO", &LocalOperations::unregister_gpio},
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

  const auto text = arguments.string("message");
  Json entry{{"type", type}, {"channels", arguments.value("channels")}};
  read_template_values(remote_, std::span(&text, 1),
                       [this, text, source, entry = std::move(entry),
                        done = std::move(done)](const TemplateValues& values) mutable {
                         using namespace std::chrono;
                         const auto now =
                             duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
                         entry["message"] = render(text, values, now);
                         write_log(registers_, std::move(entry), source);
                         done({});
                       });
}

void LocalOperations::set_user_env(const Arguments& arguments, const std::string&, Done done) {
  if (auto kept = assets_.set_user_env(arguments.string("config"), arguments.string("value")); !kept)
    return done(std::move(kept));
  asset_store_.saved([done = std::move(done)](Result<void> saved) mutable { done(std::move(saved)); });
}

void LocalOperations::wait(const Arguments& arguments, const std::string&, Done done) {
  using milliseconds = std::chrono::duration<double, std::milli>;
  auto timer = std::make_shared<boost::asio::steady_timer>(io_);
  timer->expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(
      milliseconds(arguments.number("milliseconds"))));
  timer->async_wait([timer, done = std::move(done)](const boost::system::error_code&) mutable { done({}); });
}

void LocalOperations::sync(const Arguments&, const std::string&, Done done) {
  sync_(std::move(done));
}

void LocalOperations::exit(const Arguments&, const std::string&, Done done) {
  done(protocol::fail(Status::wrong_state,
                      "SYS.EXIT ends the process that calls it, and a client is none: "
                      "PROC.KILL ends a process."));
}

/// The pin of a line, as pin bindings number them.
Result<std::int64_t> LocalOperations::line_number(const Arguments& arguments) {
  const std::int64_t line = arguments.integer("line");
  if (line >= 0) return line;
  return protocol::fail(Status::malformed,
                        std::format("{} is no line: a line is given by its GPIO number.", line));
}

void LocalOperations::register_gpio(const Arguments& arguments, const std::string&, Done done) {
  const auto line = line_number(arguments);
  if (!line) return done(std::unexpected(line.error()));
  Json binding{{"pin_num", *line},
               {"binding_type", "standard"},
               {"sequence_id", arguments.integer("sequence_id")},
               {"edge", arguments.string("edge")}};
  if (const auto present = binding_of(*line)) binding["id"] = *present;
  if (const auto kept = assets_.put(AssetKind::pin_binding, std::move(binding)); !kept)
    return done(std::unexpected(kept.error()));
  asset_store_.saved([done = std::move(done)](Result<void> saved) mutable { done(std::move(saved)); });
}

void LocalOperations::unregister_gpio(const Arguments& arguments, const std::string&, Done done) {
  const auto line = line_number(arguments);
  if (!line) return done(std::unexpected(line.error()));
  const auto present = binding_of(*line);
  if (!present)
    return done(protocol::fail(Status::not_found, std::format("Line {} is bound to nothing.", *line)));
  if (auto removed = assets_.remove(AssetKind::pin_binding, *present); !removed)
    return done(std::move(removed));
  asset_store_.saved([done = std::move(done)](Result<void> saved) mutable { done(std::move(saved)); });
}

std::optional<std::int64_t> LocalOperations::binding_of(std::int64_t line) const {
  for (const auto& [id, binding] : assets_.all(AssetKind::pin_binding))
    if (binding.value("pin_num", std::int64_t{-1}) == line) return id;
  return std::nullopt;
}

}  // namespace celeriac::vm
