#pragma once
// The closed word lists of the grammar. Only grammar.cpp includes this; others ask enumerations().

#include <array>
#include <cstddef>
#include <string_view>

#include "celeryscript/grammar.hpp"

namespace celeriac::celeryscript::enumeration {

using namespace std::string_view_literals;

inline constexpr std::array assertion_type_words = {"abort"sv, "abort_recover"sv, "continue"sv, "recover"sv};
inline constexpr std::array axis_words = {"all"sv, "x"sv, "y"sv, "z"sv};
inline constexpr std::array channel_words = {"email"sv, "espeak"sv, "ticker"sv, "toast"sv};
inline constexpr std::array grouping_words = {
    "x"sv,    "x,y"sv,  "x,y,z"sv, "x,yz"sv,  "x,z"sv,   "x,z,y"sv, "xy"sv,   "xy,z"sv,  "xyz"sv,
    "xz"sv,   "xz,y"sv, "y"sv,     "y,x"sv,   "y,x,z"sv, "y,xz"sv,  "y,z"sv,  "y,z,x"sv, "yz"sv,
    "yz,x"sv, "z"sv,    "z,x"sv,   "z,x,y"sv, "z,xy"sv,  "z,y"sv,   "z,y,x"sv};
inline constexpr std::array message_type_words = {"assertion"sv, "busy"sv, "debug"sv,   "error"sv,
                                                  "fun"sv,       "info"sv, "success"sv, "warn"sv};
inline constexpr std::array op_words = {"<"sv, ">"sv, "is"sv, "is_undefined"sv, "not"sv};
inline constexpr std::array package_words = {"arduino_firmware"sv, "farmbot_os"sv};
inline constexpr std::array io_mode_words = {"input"sv, "input_pullup"sv, "output"sv};
inline constexpr std::array pin_mode_words = {"0"sv, "1"sv};
inline constexpr std::array route_words = {"high"sv, "in_order"sv, "low"sv};
inline constexpr std::array special_value_words = {"current_location"sv, "safe_height"sv, "soil_height"sv};
inline constexpr std::array pin_type_words = {"BoxLed3"sv, "BoxLed4"sv, "Peripheral"sv, "Sensor"sv};
inline constexpr std::array colour_words = {"blue"sv, "gray"sv,   "green"sv, "orange"sv,
                                            "pink"sv, "purple"sv, "red"sv,   "yellow"sv};
inline constexpr std::array data_change_words = {"add"sv, "remove"sv, "update"sv};
inline constexpr std::array plant_stage_words = {"active"sv,  "harvested"sv, "pending"sv, "planned"sv,
                                                 "planted"sv, "removed"sv,   "sprouted"sv};
inline constexpr std::array point_type_words = {"GenericPointer"sv, "Plant"sv, "ToolSlot"sv, "Weed"sv};
inline constexpr std::array resource_type_words = {"Device"sv,   "GenericPointer"sv, "Peripheral"sv,
                                                   "Plant"sv,    "Point"sv,          "Sensor"sv,
                                                   "Sequence"sv, "ToolSlot"sv,       "Weed"sv};
// Boards by the names that flash_firmware takes.
inline constexpr std::array hardware_words = {"none"sv,          "arduino"sv,       "express_k10"sv,
                                              "express_k11"sv,   "express_k12"sv,   "farmduino"sv,
                                              "farmduino_k14"sv, "farmduino_k15"sv, "farmduino_k16"sv,
                                              "farmduino_k17"sv, "farmduino_k18"sv, "farmduino_k19"sv};

// x, y, z, pin0 … pin69: the pins that the firmware has.
inline constexpr int pin_count = 70;
struct PinName {
  std::array<char, 5> text{'p', 'i', 'n', 0, 0};
  std::size_t size = 4;
  constexpr std::string_view view() const { return {text.data(), size}; }
};
inline constexpr auto pin_names = [] {
  std::array<PinName, pin_count> names;
  for (int pin = 0; pin < pin_count; ++pin) {
    PinName& name = names[static_cast<std::size_t>(pin)];
    if (pin >= 10) name.text[name.size++ - 1] = static_cast<char>('0' + pin / 10);
    name.text[name.size - 1] = static_cast<char>('0' + pin % 10);
  }
  return names;
}();
inline constexpr auto left_side_words = [] {
  std::array<std::string_view, 3 + pin_count> words{"x", "y", "z"};
  for (std::size_t pin = 0; pin < pin_count; ++pin) words[3 + pin] = pin_names[pin].view();
  return words;
}();

inline constexpr Enumeration assertion_types{"ALLOWED_ASSERTION_TYPES", assertion_type_words};
inline constexpr Enumeration axes{"ALLOWED_AXIS", axis_words};
inline constexpr Enumeration channels{"ALLOWED_CHANNEL_NAMES", channel_words};
inline constexpr Enumeration groupings{"ALLOWED_GROUPING", grouping_words};
inline constexpr Enumeration message_types{"ALLOWED_MESSAGE_TYPES", message_type_words};
inline constexpr Enumeration ops{"ALLOWED_OPS", op_words};
inline constexpr Enumeration packages{"ALLOWED_PACKAGES", package_words};
inline constexpr Enumeration io_modes{"ALLOWED_PIN_IO_MODES", io_mode_words};
inline constexpr Enumeration pin_modes{"ALLOWED_PIN_MODES", pin_mode_words, true};
inline constexpr Enumeration routes{"ALLOWED_ROUTE", route_words};
inline constexpr Enumeration special_values{"ALLOWED_SPECIAL_VALUE", special_value_words};
inline constexpr Enumeration pin_types{"AllowedPinTypes", pin_type_words};
inline constexpr Enumeration colours{"Color", colour_words};
inline constexpr Enumeration data_changes{"DataChangeType", data_change_words};
inline constexpr Enumeration plant_stages{"PlantStage", plant_stage_words};
inline constexpr Enumeration point_types{"PointType", point_type_words};
inline constexpr Enumeration left_sides{"lhs", left_side_words};
inline constexpr Enumeration resource_types{"resource_type", resource_type_words};
inline constexpr Enumeration hardware{"FIRMWARE_HARDWARE", hardware_words};

inline constexpr std::array all_enumerations = {
    &assertion_types, &axes,        &channels,   &groupings,      &message_types, &ops,     &packages,
    &io_modes,        &pin_modes,   &routes,     &special_values, &pin_types,     &colours, &data_changes,
    &plant_stages,    &point_types, &left_sides, &resource_types, &hardware};

}  // namespace celeriac::celeryscript::enumeration
