#pragma once
// wasi:messaging as data: the types and functions of its drafts. All of them are called 0.2.0-draft; what a
// draft changes is a template.
//
//        message    topic of a message   send                        errors   topics come from
//   A    topic      string               own client, message         3        subscribe
//   B    topic      string               borrowed client, message    4        get-subscriptions
//   C               string               … and a topic               4        get-topics
//   D               string               … and a topic               4        the configuration
//   E               option<string>       … and a topic               4        the configuration

#include "guest/abi/canonical/type.hpp"
#include "protocol/envelope.hpp"

namespace celeriac::guest::wasi_messaging {

enum class Variant : std::uint8_t { a, b, c, d, e };

inline constexpr std::string_view types_interface = "wasi:messaging/types@0.2.0-draft";
inline constexpr std::string_view producer_interface = "wasi:messaging/producer@0.2.0-draft";
inline constexpr std::string_view request_interface = "wasi:messaging/request-reply@0.2.0-draft";
inline constexpr std::string_view handler_interface = "wasi:messaging/incoming-handler@0.2.0-draft";

/// Topics that a component subscribes to by itself.
inline constexpr std::uint32_t max_subscriptions = 256;

namespace types {

using canonical::Function;
using canonical::ResourceType;
using canonical::Type;
namespace wit = canonical::wit;

inline constexpr ResourceType client{"client"};
inline constexpr ResourceType message{"message"};
inline constexpr ResourceType request_options{"request-options"};

inline constexpr Type own_client = wit::own(client), borrow_client = wit::borrow(client);
inline constexpr Type own_message = wit::own(message), borrow_message = wit::borrow(message);
inline constexpr Type own_options = wit::own(request_options), borrow_options = wit::borrow(request_options);
inline constexpr Type option_options = wit::option(own_options);
inline constexpr Type option_string = wit::option(wit::string);
inline constexpr Type pair = wit::record({{"key", &wit::string}, {"value", &wit::string}});
inline constexpr Type pairs = wit::list(pair, protocol::max_pairs);
inline constexpr Type option_pairs = wit::option(pairs);
inline constexpr Type topics = wit::list(wit::string, max_subscriptions);
inline constexpr Type messages = wit::list(own_message);

template <Variant variant>
inline constexpr Type error = wit::variant({{"timeout"},
                                            {"connection", &wit::string},
                                            {"permission-denied", &wit::string},
                                            {"other", &wit::string}});
template <>
inline constexpr Type error<Variant::a> =
    wit::variant({{"timeout"}, {"connection", &wit::string}, {"other", &wit::string}});

template <Variant variant>
inline constexpr Type done = wit::result(nullptr, &error<variant>);
template <Variant variant>
inline constexpr Type connected = wit::result(&own_client, &error<variant>);
template <Variant variant>
inline constexpr Type subscribed = wit::result(&topics, &error<variant>);
template <Variant variant>
inline constexpr Type replied = wit::result(&messages, &error<variant>);

// ---- types ----

template <Variant variant>
inline constexpr Function connect{"[static]client.connect", wit::record({{"name", &wit::string}}),
                                  &connected<variant>};
template <Variant variant>
inline constexpr Function disconnect{"[method]client.disconnect", wit::record({{"self", &borrow_client}}),
                                     &done<variant>};
inline constexpr Function drop_client{"[resource-drop]client", wit::record({{"self", &own_client}})};

inline constexpr Function new_message{"[constructor]message", wit::record({{"data", &wit::bytes}}),
                                      &own_message};
inline constexpr Function new_message_for_topic{
    "[constructor]message", wit::record({{"topic", &wit::string}, {"data", &wit::bytes}}), &own_message};
inline constexpr Function drop_message{"[resource-drop]message", wit::record({{"self", &own_message}})};
inline constexpr Function topic{"[method]message.topic", wit::record({{"self", &borrow_message}}),
                                &wit::string};
inline constexpr Function optional_topic{"[method]message.topic", wit::record({{"self", &borrow_message}}),
                                         &option_string};
inline constexpr Function set_topic{"[method]message.set-topic",
                                    wit::record({{"self", &borrow_message}, {"topic", &wit::string}})};
inline constexpr Function content_type{"[method]message.content-type",
                                       wit::record({{"self", &borrow_message}}), &option_string};
inline constexpr Function set_content_type{
    "[method]message.set-content-type",
    wit::record({{"self", &borrow_message}, {"content-type", &wit::string}})};
inline constexpr Function data{"[method]message.data", wit::record({{"self", &borrow_message}}), &wit::bytes};
inline constexpr Function set_data{"[method]message.set-data",
                                   wit::record({{"self", &borrow_message}, {"data", &wit::bytes}})};
inline constexpr Function metadata{"[method]message.metadata", wit::record({{"self", &borrow_message}}),
                                   &option_pairs};
inline constexpr Function add_metadata{
    "[method]message.add-metadata",
    wit::record({{"self", &borrow_message}, {"key", &wit::string}, {"value", &wit::string}})};
inline constexpr Function set_metadata{"[method]message.set-metadata",
                                       wit::record({{"self", &borrow_message}, {"meta", &pairs}})};
inline constexpr Function remove_metadata{"[method]message.remove-metadata",
                                          wit::record({{"self", &borrow_message}, {"key", &wit::string}})};

// ---- producer ----

inline constexpr Function send_a{"send", wit::record({{"c", &own_client}, {"m", &own_message}}),
                                 &done<Variant::a>};
inline constexpr Function send_b{"send", wit::record({{"c", &borrow_client}, {"m", &own_message}}),
                                 &done<Variant::b>};
inline constexpr Function send_to_topic{
    "send", wit::record({{"c", &borrow_client}, {"topic", &wit::string}, {"message", &own_message}}),
    &done<Variant::e>};

// ---- request-reply ----

inline constexpr Function new_options{"[constructor]request-options", wit::record({}), &own_options};
inline constexpr Function drop_options{"[resource-drop]request-options",
                                       wit::record({{"self", &own_options}})};
inline constexpr Function set_timeout{"[method]request-options.set-timeout-ms",
                                      wit::record({{"self", &borrow_options}, {"timeout-ms", &wit::u32}})};
inline constexpr Function set_expected{
    "[method]request-options.set-expected-replies",
    wit::record({{"self", &borrow_options}, {"expected-replies", &wit::u32}})};
inline constexpr Function request{
    "request",
    wit::record({{"c", &borrow_client}, {"message", &borrow_message}, {"options", &option_options}}),
    &replied<Variant::b>};
inline constexpr Function request_of_topic{"request",
                                           wit::record({{"c", &borrow_client},
                                                        {"topic", &wit::string},
                                                        {"message", &borrow_message},
                                                        {"options", &option_options}}),
                                           &replied<Variant::e>};
inline constexpr Function reply{
    "reply", wit::record({{"reply-to", &borrow_message}, {"message", &own_message}}), &done<Variant::e>};

// ---- what a component exports ----

template <Variant variant>
inline constexpr Function handle{"handle", wit::record({{"message", &own_message}}), &done<variant>};
template <Variant variant>
inline constexpr Function subscribe{variant == Variant::a   ? "subscribe"
                                    : variant == Variant::b ? "get-subscriptions"
                                                            : "get-topics",
                                    wit::record({}), &subscribed<variant>};

}  // namespace types
}  // namespace celeriac::guest::wasi_messaging
