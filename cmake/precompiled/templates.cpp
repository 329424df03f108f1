// What precompiled.hpp declares as instantiated elsewhere: here.
#include "precompiled.hpp"

template class nlohmann::basic_json<>;
template std::format_context::iterator std::__format::__do_vformat_to(std::format_context::iterator,
                                                                      std::string_view,
                                                                      const std::format_args&,
                                                                      const std::locale*);
