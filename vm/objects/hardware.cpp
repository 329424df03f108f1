#include "vm/objects/hardware.hpp"

#include <algorithm>
#include <charconv>
#include <format>

namespace celeriac::vm {

using protocol::fail;
using protocol::Json;
using protocol::Result;
using protocol::Status;

namespace {

/// By what names it is known beside hardware:distro:sys.
struct Place {
  const char* name;
  const char* path;
};
constexpr Place places[] = {{"motion", "/sys/motion"},
                            {"pins", "/sys/pins"},
                            {"gpio", "/sys/gpio"},
                            {"camera", "/sys/camera"},
                            {"hardware", "/sys/hardware"}};

/// What the path names beside the object: the pin of /sys/pins/8, the line of /sys/gpio/box_led_3.
void take_place(Json& fields, const protocol::Operation& operation, std::string_view place) {
  int pin = 0;
  const auto* const end = place.data() + place.size();
  if (const auto read = std::from_chars(place.data(), end, pin); read.ec == std::errc() && read.ptr == end)
    fields["pin"] = pin;
  else if (std::ranges::contains(operation.fields, "line", &protocol::Field::name))
    fields["line"] = place;
}

}  // namespace

Hardware::Hardware(Kernel& kernel, Operate operate) : kernel_(kernel), operate_(std::move(operate)) {
  for (const auto& [name, path] : places) kernel.offer(system_name(name), path, *this);
}

void Hardware::receive(NativeCall call) {
  if (call.sender == nullptr)
    return call.answer(fail(Status::denied, "The machine takes no orders from other nodes."));
  auto spoken = read_spoken(*call.message);
  if (!spoken) return call.answer(std::unexpected(std::move(spoken.error())));
  const auto* operation = spoken_operation(spoken->name);
  if (operation == nullptr || operation->space != "SYS" || !operation->available)
    return call.answer(
        fail(Status::unknown_operation, std::format("The machine knows nothing called {}.", spoken->name)));
  Json fields = spoken->arguments.is_object() ? spoken->arguments : Json::object();
  if (call.rest.size() > 1) take_place(fields, *operation, call.rest.substr(1));
  // Checked in the form that the operation takes: a pin by any other spelling is the same pin.
  auto payload = protocol::encode(*operation, fields);
  if (!payload) return call.answer(std::unexpected(std::move(payload.error())));
  auto arguments = protocol::Arguments::decode(*operation, *payload);
  if (!arguments) return call.answer(std::unexpected(std::move(arguments.error())));
  if (auto may = kernel_.may_operate(*call.sender, *operation, arguments->fields()); !may)
    return call.answer(std::unexpected(std::move(may.error())));
  operate_(*call.sender, *operation, arguments->fields(),
           [message = call.message, spoken = std::move(*spoken),
            answer = std::move(call.answer)](Result<Json> result) mutable {
             if (!result) return answer(std::unexpected(std::move(result.error())));
             answer(answer_spoken(*message, spoken, *result));
           });
}

}  // namespace celeriac::vm
