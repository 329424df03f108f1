#include "protocol/frame_watch.hpp"

namespace celeriac::protocol {
namespace {

constexpr std::string_view register_name = "frames";

/// Operations by channel, of one stream's requests that were shown: their answers are shown too.
struct Shown {
  std::map<std::uint16_t, const Operation*> unanswered;
};

Json entry(const char* direction, const Session& session, Channel channel, const Operation& operation) {
  return {{"time", now_milliseconds()},
          {"direction", direction},
          {"session", session.number()},
          {"client", session.peer().name},
          {"channel", static_cast<std::uint16_t>(channel)},
          {"operation", operation.long_name}};
}

Json fields_of(const Operation& operation, std::string_view payload) {
  auto arguments = Arguments::decode(operation, payload);
  if (!arguments) return {{"malformed", arguments.error().message}};
  Json fields = arguments->fields();
  if (operation.payload == Payload::id || operation.payload == Payload::id_and_document)
    fields["id"] = arguments->id();
  if (operation.payload == Payload::text) fields["text"] = as_utf8(payload.substr(0, max_shown_fields));
  if (arguments->holder() != 0) fields["holder"] = arguments->holder();
  fields.erase("token");
  if (auto text = fields.dump(); text.size() > max_shown_fields)
    return {{"cut", as_utf8(std::string_view(text).substr(0, max_shown_fields))}};
  return fields;
}

}  // namespace

void watch_frames(Dispatcher& dispatcher, Registers& registers) {
  registers.append(register_name, nullptr);
  dispatcher.tap({.request =
                      [&registers](Session& session, const RequestFrame& frame) {
                        if (frame.space == "REGS" || frame.space == "SLCE" ||
                            !registers.watched(register_name))
                          return;
                        const auto* operation = find_operation(frame.space, frame.wire);
                        if (operation == nullptr) return;
                        auto& shown = session.local<Shown>();
                        shown.unanswered[static_cast<std::uint16_t>(frame.channel)] = operation;
                        auto made = entry("in", session, frame.channel, *operation);
                        made["bytes"] = frame.payload.size();
                        made["fields"] = fields_of(*operation, frame.payload);
                        registers.append(register_name, std::move(made));
                      },
                  .response =
                      [&registers](Session& session, const ResponseFrame& frame) {
                        if (!registers.watched(register_name)) return;
                        auto& shown = session.local<Shown>();
                        const auto found = shown.unanswered.find(static_cast<std::uint16_t>(frame.channel));
                        if (found == shown.unanswered.end()) return;
                        auto made = entry("out", session, frame.channel, *found->second);
                        shown.unanswered.erase(found);
                        made["status"] = frame.status;
                        made["value"] = frame.value;
                        registers.append(register_name, std::move(made));
                      }});
}

}  // namespace celeriac::protocol
