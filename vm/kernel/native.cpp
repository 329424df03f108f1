#include "vm/kernel/native.hpp"

#include "protocol/document.hpp"

namespace celeriac::vm {

using protocol::Format;
using protocol::Json;

protocol::Content refusal(const Message& request, const protocol::Error& error) {
  protocol::Content content;
  content.format = request.content.format;
  content.error = error.message;
  const std::string code = error.code.empty() ? std::string(protocol::name(error.status)) : error.code;
  if (request.content.format == Format::othismo) {
    content.body = protocol::to_bson(
        {{"othismo",
          {{"send_to", request.source_path}, {"response_id", static_cast<std::int64_t>(request.id)}}},
         {"othismo.error", {{"code", code}, {"message", error.message}}}});
  } else {
    content.body = Json{{"error", {{"code", code}, {"message", error.message}}}}.dump(
        -1, ' ', false, Json::error_handler_t::replace);
  }
  return content;
}

}  // namespace celeriac::vm
