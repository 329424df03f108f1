// What most translation units include anyway, read once.
#include <boost/asio.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <coroutine>
#include <cstdint>
#include <deque>
#include <expected>
#include <format>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

// Instantiated once, in templates.cpp, instead of in each of 700 translation units: JSON values, and what
// formats anything (libstdc++ 14 has it in a header, under this name).
extern template class nlohmann::basic_json<>;
extern template std::format_context::iterator std::__format::__do_vformat_to(std::format_context::iterator,
                                                                             std::string_view,
                                                                             const std::format_args&,
                                                                             const std::locale*);
