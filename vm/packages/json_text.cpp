#include "vm/packages/json_text.hpp"

#include <format>

#include "protocol/document.hpp"

namespace celeriac::vm {

using protocol::fail;
using protocol::Result;
using protocol::Status;

Result<nlohmann::json> read_json(std::string_view what, std::string_view text) {
  using Json = nlohmann::json;
  if (text.size() > max_json_bytes)
    return fail(Status::malformed, std::format("{} is longer than {} KiB.", what, max_json_bytes >> 10));
  if (!protocol::is_utf8(text)) return fail(Status::malformed, std::format("{} is not UTF-8.", what));
  bool too_deep = false;
  const auto look = [&](int depth, Json::parse_event_t, Json&) {
    too_deep = too_deep || depth > max_json_depth;
    return !too_deep;
  };
  try {
    Json document = Json::parse(text, look);
    if (too_deep)
      return fail(Status::malformed,
                  std::format("{} is nested deeper than {} levels.", what, max_json_depth));
    return document;
  } catch (const Json::exception&) {
    return fail(Status::malformed, std::format("{} is not JSON.", what));
  }
}

}  // namespace celeriac::vm
