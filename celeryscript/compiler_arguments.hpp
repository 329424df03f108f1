#pragma once
// What a node's arguments hold, for the compiler: a value of the wanted type, or an error at its place.

#include <cstdint>
#include <format>
#include <string_view>

#include "celeryscript/ast.hpp"
#include "protocol/error.hpp"

namespace celeriac::celeryscript {

/// `invalid_code` at the node.
std::unexpected<protocol::Error> refuse(const Node& node, std::string message,
                                        std::string_view code = "cannot_compile");
/// `invalid_code` at an argument of the node.
std::unexpected<protocol::Error> refuse_argument(const Node& node, std::string_view argument,
                                                 std::string message,
                                                 std::string_view code = "cannot_compile");

/// Any JSON number; never NaN or infinite.
protocol::Result<double> number(const Node& node, std::string_view argument);
/// A whole number of 32 bits, written with or without a fraction of 0.
protocol::Result<std::int32_t> whole(const Node& node, std::string_view argument);
/// A string, alive as long as the document.
protocol::Result<std::string_view> word(const Node& node, std::string_view argument);
/// A child node of one of the kinds that can be compiled there.
protocol::Result<const Node*> child(const Node& node, std::string_view argument);

/// "`tool` is not supported here yet."
std::unexpected<protocol::Error> refuse_kind(const Node& node);

}  // namespace celeriac::celeryscript
