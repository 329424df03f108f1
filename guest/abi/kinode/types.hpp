#pragma once
// kinode:process/standard as data: its types and functions, of all versions. What a version changes is a
// template.

#include "guest/abi/canonical/type.hpp"
#include "protocol/envelope.hpp"

namespace celeriac::guest::kinode {

/// 0.8.0 adds the target to errors; 1.0.0 says what is granted, and adds functions.
enum class Version : std::uint8_t { v0_7, v0_8, v1_0 };

/// Messages in one send-requests.
inline constexpr std::uint32_t max_requests = 1024;
/// Messages that a process leaves behind.
inline constexpr std::uint32_t max_on_exit_requests = 64;
/// Capabilities that are saved, dropped or handed to a child in one call; on a message there are at most
/// protocol::max_capabilities_attached.
inline constexpr std::uint32_t max_capabilities_listed = 1024;
/// Processes that a child is made known to.
inline constexpr std::uint32_t max_grants = 256;

namespace types {

using canonical::Function;
using canonical::Type;
namespace wit = canonical::wit;

inline constexpr Type option_string = wit::option(wit::string);
inline constexpr Type option_bytes = wit::option(wit::bytes);
inline constexpr Type option_u64 = wit::option(wit::u64);

inline constexpr Type process_id = wit::record(
    {{"process-name", &wit::string}, {"package-name", &wit::string}, {"publisher-node", &wit::string}});
inline constexpr Type address = wit::record({{"node", &wit::string}, {"process", &process_id}});
inline constexpr Type capability = wit::record({{"issuer", &address}, {"params", &wit::string}});
inline constexpr Type attached = wit::list(capability, protocol::max_capabilities_attached);
inline constexpr Type capabilities = wit::list(capability, max_capabilities_listed);
inline constexpr Type blob = wit::record({{"mime", &option_string}, {"bytes", &wit::bytes}});
inline constexpr Type option_blob = wit::option(blob);

inline constexpr Type request = wit::record({{"inherit", &wit::boolean},
                                             {"expects-response", &option_u64},
                                             {"body", &wit::bytes},
                                             {"metadata", &option_string},
                                             {"capabilities", &attached}});
inline constexpr Type response = wit::record({{"inherit", &wit::boolean},
                                              {"body", &wit::bytes},
                                              {"metadata", &option_string},
                                              {"capabilities", &attached}});
inline constexpr Type response_and_context =
    wit::record({{"response", &response}, {"context", &option_bytes}});
inline constexpr Type message = wit::variant({{"request", &request}, {"response", &response_and_context}});

inline constexpr Type addressed_request =
    wit::record({{"target", &address}, {"request", &request}, {"lazy-load-blob", &option_blob}});
inline constexpr Type on_exit_requests = wit::list(addressed_request, max_on_exit_requests);
inline constexpr Type on_exit = wit::variant({{"none"}, {"restart"}, {"requests", &on_exit_requests}});

inline constexpr Type send_error_kind = wit::variant({{"offline"}, {"timeout"}});
template <Version version>
inline constexpr Type send_error = wit::record({{"kind", &send_error_kind},
                                                {"target", &address},
                                                {"message", &message},
                                                {"lazy-load-blob", &option_blob}});
template <>
inline constexpr Type send_error<Version::v0_7> =
    wit::record({{"kind", &send_error_kind}, {"message", &message}, {"lazy-load-blob", &option_blob}});

inline constexpr Type source_and_message = wit::record({{"source", &address}, {"message", &message}});
template <Version version>
inline constexpr Type error_and_context =
    wit::record({{"error", &send_error<version>}, {"context", &option_bytes}});
template <Version version>
inline constexpr Type received = wit::result(&source_and_message, &error_and_context<version>);
template <Version version>
inline constexpr Type awaited = wit::result(&source_and_message, &send_error<version>);

inline constexpr Type spawn_error = wit::variant({{"name-taken"}, {"no-file-at-path"}});
inline constexpr Type spawned = wit::result(&process_id, &spawn_error);
inline constexpr Type process_and_params = wit::record({{"process", &process_id}, {"params", &wit::string}});
template <Version version>
inline constexpr Type grants =
    wit::list(version == Version::v1_0 ? process_and_params : process_id, max_grants);

inline constexpr Type sent = wit::record({{"target", &address},
                                          {"request", &request},
                                          {"context", &option_bytes},
                                          {"lazy-load-blob", &option_blob}});
inline constexpr Type sent_list = wit::list(sent, max_requests);

// ---- functions ----

inline constexpr Function print_to_terminal{
    "print-to-terminal", wit::record({{"verbosity", &wit::u8}, {"message", &wit::string}})};
inline constexpr Function our{.name = "our", .result = &address};
inline constexpr Function set_on_exit{"set-on-exit", wit::record({{"on-exit", &on_exit}})};
inline constexpr Function get_on_exit{.name = "get-on-exit", .result = &on_exit};
inline constexpr Function get_state{.name = "get-state", .result = &option_bytes};
inline constexpr Function set_state{"set-state", wit::record({{"bytes", &wit::bytes}})};
inline constexpr Function clear_state{.name = "clear-state"};
template <Version version>
inline constexpr Function spawn{"spawn",
                                wit::record({{"name", &option_string},
                                             {"wasm-path", &wit::string},
                                             {"on-exit", &on_exit},
                                             {"request-capabilities", &capabilities},
                                             {"grant-capabilities", &grants<version>},
                                             {"public", &wit::boolean}}),
                                &spawned};
inline constexpr Function save_capabilities{"save-capabilities", wit::record({{"caps", &capabilities}})};
inline constexpr Function drop_capabilities{"drop-capabilities", wit::record({{"caps", &capabilities}})};
inline constexpr Function our_capabilities{.name = "our-capabilities", .result = &capabilities};
template <Version version>
inline constexpr Function receive{.name = "receive", .result = &received<version>};
inline constexpr Function has_blob{.name = "has-blob", .result = &wit::boolean};
inline constexpr Function get_blob{.name = "get-blob", .result = &option_blob};
inline constexpr Function last_blob{.name = "last-blob", .result = &option_blob};
inline constexpr Function send_request{"send-request", sent};
inline constexpr Function send_requests{"send-requests", wit::record({{"requests", &sent_list}})};
inline constexpr Function send_response{
    "send-response", wit::record({{"response", &response}, {"lazy-load-blob", &option_blob}})};
template <Version version>
inline constexpr Function send_and_await_response{"send-and-await-response", addressed_request,
                                                  &awaited<version>};

/// All that is imported, as the newest version has it.
inline constexpr const Function* imported[] = {&print_to_terminal,
                                               &our,
                                               &set_on_exit,
                                               &get_on_exit,
                                               &get_state,
                                               &set_state,
                                               &clear_state,
                                               &spawn<Version::v1_0>,
                                               &save_capabilities,
                                               &drop_capabilities,
                                               &our_capabilities,
                                               &receive<Version::v1_0>,
                                               &has_blob,
                                               &get_blob,
                                               &last_blob,
                                               &send_request,
                                               &send_requests,
                                               &send_response,
                                               &send_and_await_response<Version::v1_0>};

inline constexpr Function init{"init", wit::record({{"our", &wit::string}})};

}  // namespace types
}  // namespace celeriac::guest::kinode
