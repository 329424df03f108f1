#pragma once
// One request to a native object, whatever the format of its sender, and the answer in the same terms.
//
//   format         request                                                   answer
//   Kinode, wasi   body JSON {"move_absolute": {"x": 1, …}}, or "status"     JSON, the result itself
//   Othismo        {"/sys/motion/farmbot.move_absolute": {x: 1, …}}          farmbot.move_absolute.response
//   header frames  pairs namespace, operation; body the payload              JSON

#include <string>

#include "protocol/document.hpp"
#include "protocol/operations.hpp"
#include "vm/kernel/native.hpp"

namespace celeriac::vm {

struct Spoken {
  std::string name;  ///< as it was spoken: "move_absolute", "farmbot.move_absolute", "SYS.MOVE_ABSOLUTE"
  protocol::Json arguments = protocol::Json::object();
};

/// Status::malformed (bad_message) with a sentence.
protocol::Result<Spoken> read_spoken(const Message& message);

NativeReply answer_spoken(const Message& message, const Spoken& spoken, const protocol::Json& result);

/// The operation that a name speaks of, in the namespaces SYS and PROC; nullptr if there is none.
const protocol::Operation* spoken_operation(std::string_view name);

}  // namespace celeriac::vm
