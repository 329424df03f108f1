#include "protocol/operations.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>

namespace celeriac::protocol {
namespace {

constexpr double no_low = 0, no_high = -1;

constexpr Field number(std::string_view name, std::string_view unit, std::string_view help) {
  return {name, FieldType::number, unit, help};
}
/// Speeds are percent of the axis' maximum; absent means full speed.
constexpr Field speed(std::string_view name) {
  return {name, FieldType::number, "%", "of the axis' maximum speed", false, 100, 1, 100};
}
constexpr Field text(std::string_view name, std::string_view help) {
  return {name, FieldType::text, "", help};
}
constexpr Field choice(std::string_view name, std::string_view help, std::span<const Choice> choices) {
  return {name, FieldType::choice, "", help, true, 0, no_low, no_high, choices};
}
constexpr Field optional(Field field) {
  field.required = false;
  return field;
}

constexpr Field axis = choice("axis", "which axis, or all: z, then y, then x", axis_choices);
constexpr Field package = choice("package", "what it is about", package_choices);
constexpr Field pin{"pin", FieldType::integer, "", "number of the firmware's pin, 0 to 69"};
constexpr Field mode = choice("mode", "digital, or analog (PWM on writing)", pin_mode_choices);
constexpr Field line{"line", FieldType::integer, "", "GPIO line"};
constexpr Field milliseconds{"milliseconds", FieldType::number, "ms", "how long", true, 0, 0, 86'400'000};

constexpr Field start_fields[] = {
    {"args", FieldType::document, "", "values for the sequence's parameters, by label", false},
    {"name", FieldType::text, "", "what lists show instead of the sequence's name", false},
    {"priority", FieldType::integer, "", "kept and shown; it orders nothing", false, 0},
};
constexpr Field register_fields[] = {text("name", "name of the register")};
constexpr Field set_fields[] = {{"value", FieldType::any, "", "new value"},
                                {"time", FieldType::integer, "ms", "of the change, since 1970"}};
constexpr Field hello_fields[] = {
    {"protocol", FieldType::integer, "", "version that the client speaks", true, 0, 1, 65535},
    optional(text("client", "name of the client, for logs")),
    optional(text("token", "secret of a TCP listener")),
};
constexpr Field package_fields[] = {package};
constexpr Field optional_package_fields[] = {optional(package)};
constexpr Field move_fields[] = {
    number("x", "mm", "position"),
    number("y", "mm", "position"),
    number("z", "mm", "position"),
    speed("x_speed"),
    speed("y_speed"),
    speed("z_speed"),
};
constexpr Field relative_fields[] = {
    number("x", "mm", "distance"),
    number("y", "mm", "distance"),
    number("z", "mm", "distance"),
    speed("x_speed"),
    speed("y_speed"),
    speed("z_speed"),
};
constexpr Field axis_fields[] = {axis};
constexpr Field axis_speed_fields[] = {axis, speed("speed")};
constexpr Field servo_fields[] = {pin, {"angle", FieldType::number, "°", "servo angle", true, 0, 0, 180}};
constexpr Field pin_fields[] = {pin};
constexpr Field write_pin_fields[] = {pin, number("value", "", "0 or 1, analog 0 to 255"), mode};
constexpr Field read_pin_fields[] = {pin, mode};
constexpr Field led_fields[] = {{"led", FieldType::integer, "", "number of the LED", true, 0, 3, 4},
                                {"value", FieldType::integer, "", "0 off, 1 on", true, 0, 0, 1}};
/// Not at all, once a second, four times a second, a flash every two seconds.
constexpr Choice blink_choices[] = {{0, "off"}, {1, "slow"}, {2, "fast"}, {3, "pulse"}};
constexpr Field gpio_line = text("line", "name of the line, as lines.json has it");
constexpr Field write_line_fields[] = {
    gpio_line,
    {"value", FieldType::integer, "", "0 off, 1 on", true, 0, 0, 1},
    optional(choice("blink", "how it is on: off is steadily", blink_choices))};
constexpr Field read_line_fields[] = {gpio_line};
constexpr Field board_fields[] = {
    text("board", "the board, as `flash_firmware` names it: \"farmduino_k18\"")};
constexpr Field service_fields[] = {text("service", "hal, vm or gateway")};
constexpr Field store_firmware_fields[] = {
    text("board", "the board it is for, as `flash_firmware` names it"),
    {"size", FieldType::integer, "", "bytes of the whole file, Intel HEX", true, 0, 1, 1'048'576},
    {"offset", FieldType::integer, "", "where this part belongs; 0 begins anew", true, 0, 0, 1'048'576},
    {"data", FieldType::bytes, "", "the part"}};
constexpr Field ownership_fields[] = {
    text("email", "of the new account"), text("secret", "its secret, base64"),
    optional(text("server", "of the new account; the present one if absent"))};
constexpr Field io_mode_fields[] = {pin, choice("io_mode", "direction of the pin", io_mode_choices)};
constexpr Field config_update_fields[] = {
    package, text("config", "name of the setting"), {"value", FieldType::any, "", "new value"}};
constexpr Field config_read_fields[] = {
    package, optional(text("config", "name of the setting; all if absent")),
    optional(choice("source",
                    "what the board has (if absent), what is stored for it, the defaults, or unit and range",
                    source_choices))};
constexpr Field direction(std::string_view name) {
  return {name, FieldType::number, "", "-1, 0 or 1: which way", false, 0, -1, 1};
}
constexpr Field jog_fields[] = {direction("x"), direction("y"), direction("z"), speed("speed")};
constexpr Field release_fields[] = {
    {"keep_outputs", FieldType::boolean, "", "its outputs stay on and become the stream's", false, 0}};
constexpr Field abort_fields[] = {{"channel", FieldType::integer, "",
                                   "only the sender's own request on this channel", false, -1, 0, 65535}};
constexpr Field asset_kind = text("kind", "kind of asset: point, tool, peripheral, …");
constexpr Field asset_id{"id", FieldType::integer, "", "of the asset; of a singleton (device, …) 0", false,
                         0};
constexpr Field put_fields[] = {
    asset_kind,
    {"items", FieldType::any, "", "one item, or a list of them, as the web API has them"},
    {"dry_run", FieldType::boolean, "", "only tells what would come of it", false, 0}};
constexpr Field asset_list_fields[] = {
    asset_kind, {"after", FieldType::integer, "", "only items with a greater id", false, 0}};
constexpr Field asset_fields[] = {asset_kind, asset_id};
constexpr Field edit_fields[] = {
    asset_kind,
    asset_id,
    {"fields", FieldType::document, "", "fields to change; meta is merged into the present one"}};
constexpr Field schedule_fields[] = {
    {"count", FieldType::integer, "", "how many, the earliest first", false, 20, 1, 500},
    {"event_id", FieldType::integer, "", "only what this farm event makes due", false, 0}};
constexpr Field skip_fields[] = {
    {"event_id", FieldType::integer, "", "the farm event"},
    {"at", FieldType::integer, "ms", "which time of it, since 1970; the next one if absent", false, 0}};
constexpr Field user_env_fields[] = {text("config", "name"), text("value", "value")};
constexpr Field message_fields[] = {
    text("message", "the text; {{ x }}, {{ pin8 }} and the like are filled in"),
    text("message_type", "success, busy, warn, error, info, fun, debug or assertion"),
    {"channels", FieldType::texts, "", "where else it goes: ticker, toast, email, espeak"}};
constexpr Field script_fields[] = {text("label", "name of the script"),
                                   {"env", FieldType::document, "", "its environment"}};
constexpr Field url_fields[] = {text("url", "where the package is")};
constexpr Field script_package_fields[] = {text("package", "name of the package")};
constexpr Field register_gpio_fields[] = {line,
                                          {"sequence_id", FieldType::integer, "", "what an edge starts"},
                                          text("edge", "rising, falling or both")};
constexpr Field line_fields[] = {line};
constexpr Field wait_fields[] = {milliseconds};
constexpr Field exit_fields[] = {{"code", FieldType::integer, "", "0 means success", true, 0, 0, 65535}};

// ---- messages and guests ----
constexpr Field optional_text(std::string_view name, std::string_view help) {
  return optional(text(name, help));
}
constexpr Field optional_integer(std::string_view name, std::string_view help) {
  return {name, FieldType::integer, "", help, false, 0};
}
constexpr Field optional_flag(std::string_view name, std::string_view help) {
  return {name, FieldType::boolean, "", help, false, 0};
}
constexpr Field anything(std::string_view name, std::string_view help) {
  return {name, FieldType::any, "", help};
}
constexpr Field blob_handle{"blob", FieldType::integer, "", "the blob's handle", true, 0, 1, 65535};
constexpr Field optional_blob{"blob", FieldType::integer, "", "a blob's handle; 0: none", false, 0, 0, 65535};
constexpr Field data{"data", FieldType::bytes, "", "the bytes"};
constexpr Field byte_offset{"offset", FieldType::integer, "bytes", "where to begin", false, 0, 0, 1e12};
constexpr Field byte_length{
    "length", FieldType::integer, "bytes", "how much at most; 0: what fits", false, 0, 0, 1e9};

constexpr Field open_fields[] = {
    optional_text("name", "process:package:publisher; client-N:console:local if absent"),
    optional_text("path", "a second name, a path"), optional_flag("public", "everybody may send to it")};
constexpr Field receive_fields[] = {
    {"timeout", FieldType::number, "ms", "how long to wait; for ever if absent", false, -1, 0, 86'400'000}};
constexpr Field print_fields[] = {
    {"verbosity", FieldType::integer, "", "0 always shown … 3", true, 0, 0, 255},
    text("text", "what to show")};
constexpr Field topic_fields[] = {text("topic", "name of the topic")};
constexpr Field blob_write_fields[] = {optional_blob, data};
constexpr Field blob_read_fields[] = {
    {"blob", FieldType::integer, "", "a handle; 0: of the present message, -1: the last there was", false, 0,
     -1, 65535},
    byte_offset,
    byte_length};
constexpr Field blob_fields[] = {blob_handle};
constexpr Field range_fields[] = {byte_offset, byte_length};
constexpr Field state_set_fields[] = {optional(data), optional_blob};
constexpr Field capabilities_fields[] = {anything("capabilities", "[{issuer, params}]")};
constexpr Field spawn_fields[] = {
    optional_text("name", "first part of its id; a number of our own if absent"),
    text("module", "where its module is in the package: /pkg/child.wasm"),
    anything("on_exit", "\"none\", \"restart\" or {requests: [envelope]}"),
    anything("request", "[{issuer, params}]: what it is to hold of ours"),
    anything("grant", "[{process, params}]: who gets a capability that it issues"),
    optional_flag("public", "everybody may send to it")};
constexpr Field on_exit_fields[] = {anything("on_exit", "\"none\", \"restart\" or {requests: [envelope]}")};
constexpr Field module_fields[] = {text("sha256", "64 hex digits"), byte_offset, byte_length};
constexpr Field ended_fields[] = {text("how", "returned, trap, refused or killed"),
                                  optional_text("message", "what happened, for a person"),
                                  optional_text("output", "the end of its standard error")};
constexpr Field commit_fields[] = {
    optional(data),
    optional_blob,  // a snapshot, protocol/snapshot.hpp
    {"outbox", FieldType::any, "", "[binary]: envelopes that leave with the commit, in order", false, 0},
    {"outbox_blob", FieldType::integer, "", "or the blob that holds them: {outbox: [binary]}; 0: none", false,
     0, 0, 65535},
    optional_integer("answered", "number of the request that this run has dealt with")};
constexpr Field guest_start_fields[] = {
    text("address", "its address: node@process:package:publisher"),
    text("path", "its path"),
    text("module", "sha256 of its module"),
    optional_text("abi",
                  "kinode, wasi-messaging[/A…E], othismo[/1,/3], preview1 or farm; found out if absent"),
    {"arguments", FieldType::texts, "", "what a command gets", false, 0},
    {"topics", FieldType::texts, "", "subscriptions of its configuration", false, 0},
    {"exchanges", FieldType::texts, "", "message exchanges that it may connect to", false, 0},
    {"directories", FieldType::texts, "", "drives that it may open files in", false, 0},
    {"limits", FieldType::document, "",
     "{memory_pages, depth, fuel, table, message_bytes, messages_per_second}", false, 0},
    optional_flag("restore", "it has a snapshot: GUEST.RESTORE before it runs")};
constexpr Field file_open_fields[] = {
    text("path", "absolute: /package:publisher/pkg/…"),
    {"flags", FieldType::texts, "", "read, write, create, exclusive, truncate, directory", false, 0}};
constexpr Field file_handle{"file", FieldType::integer, "", "the open file", true, 0, 1, 65535};
constexpr Field file_read_fields[] = {file_handle, byte_offset, byte_length};
constexpr Field file_write_fields[] = {file_handle, byte_offset, data, optional_flag("append", "at the end")};
constexpr Field file_fields[] = {file_handle};
constexpr Field file_resize_fields[] = {file_handle,
                                        {"size", FieldType::integer, "bytes", "new size", true, 0, 0, 1e12}};
constexpr Field path_fields[] = {text("path", "absolute")};
constexpr Field rename_fields[] = {text("path", "absolute"), text("to", "absolute")};
constexpr Field package_blob_fields[] = {
    blob_handle,
    optional_text("key", "minisign public key that must have signed it; the trusted ones if absent")};
constexpr Field install_fields[] = {
    blob_handle, text("approved", "hash of the manifest that the person has seen"),
    optional_text("key", "minisign public key that must have signed it; the trusted ones if absent"),
    optional_flag("unsigned_too", "take a package without a signature")};
constexpr Field named_package_fields[] = {text("package", "package:publisher")};
constexpr Field grants_fields[] = {optional_text("package", "package:publisher; all if absent")};
constexpr Field revoke_fields[] = {text("process", "process:package:publisher"), text("issuer", "address"),
                                   text("params", "JSON")};
constexpr Field grant_fields[] = {text("process", "process:package:publisher, or a path"),
                                  text("issuer", "address"), text("params", "JSON")};
constexpr Field prefix_fields[] = {optional_text("prefix", "what the paths begin with")};
constexpr Field image_import_fields[] = {blob_handle, text("path", "where it goes in the namespace")};
constexpr Field instantiate_fields[] = {text("module", "path of the module"),
                                        text("path", "path of the new instance"),
                                        optional_text("abi", "found out if absent")};
constexpr Field image_path_fields[] = {text("path", "path in the namespace")};
constexpr Field image_file_fields[] = {text("file", "absolute path of the new file on the host")};

using enum Server;
constexpr auto envelope = Payload::id_and_envelope;
constexpr auto id_and = Payload::id_and_document;
constexpr auto none = Payload::none;
constexpr auto id = Payload::id;
constexpr auto document = Payload::document;
constexpr auto maybe = Payload::optional_document;
constexpr bool motion = true, still = false, later = false;
constexpr std::span<const Field> no_fields{};

// clang-format off
constexpr Operation table[] = {
  // long name, namespace, wire, server, payload, id, fields, return value, slices, summary, example, motion, available
  {"CODE.CREATE", "CODE", "CREAT", vm, none, "", no_fields, "new code id", "", "Makes a code; its buffer is empty and closed.", ""},
  {"CODE.OPEN", "CODE", "OPEN", vm, id, "code", no_fields, "0", "", "Opens the code's buffer for writing on this channel.", "id=1"},
  {"CODE.WRITE", "CODE", "WRITE", vm, Payload::text, "", no_fields, "0", "", "Appends a chunk of CeleryScript to the buffer that this channel opened.", ""},
  {"CODE.CLOSE", "CODE", "CLOSE", vm, id, "code", no_fields, "0", "", "Parses, checks and compiles the buffer; from now on it is what the code runs.", "id=1"},
  {"CODE.RM", "CODE", "RM", vm, id, "code", no_fields, "0", "", "Removes the code; processes already started from it go on.", "id=1"},
  {"CODE.LIST", "CODE", "LIST", vm, none, "", no_fields, "number of slices", "{codes: [{id, name, kind, bytes, sha256, created, resource_id}]}", "Lists the codes.", ""},
  {"CODE.READ", "CODE", "READ", vm, id, "code", no_fields, "number of slices", "the source of the code, as it was written: UTF-8", "Reads the source of a code.", "id=1"},
  {"PROC.START", "PROC", "START", vm, Payload::id_and_document, "code", start_fields, "new process id", "", "Makes a process of a code, in state ready.", "id=1 name=evening"},
  {"PROC.RUN", "PROC", "RUN", vm, id, "process", no_fields, "0", "", "Lets a ready or paused process run.", "id=1"},
  {"PROC.PAUSE", "PROC", "PAUSE", vm, id, "process", no_fields, "0, when it has come to rest", "", "Pauses a process after the step in progress.", "id=1"},
  {"PROC.KILL", "PROC", "KILL", vm, id, "process", no_fields, "0, when it is gone", "", "Ends a process now; a move of its own stops.", "id=1"},
  {"PROC.STEP", "PROC", "STEP", vm, id, "process", no_fields, "0, when it is paused again", "", "Runs one step of a ready or paused process.", "id=1"},
  {"PROC.WAIT", "PROC", "WAIT", vm, id, "process", no_fields, "0, when it has ended; the status tells how", "", "Waits for the end of a process.", "id=1"},
  {"PROC.STAT", "PROC", "STAT", vm, id, "process", no_fields, "number of slices", "{id, name, code, state, path, path_code, kind, step, steps, steps_done, started, cpu_us, memory_bytes, waiting_for, priority, iteration, error}", "Tells about one process.", "id=1"},
  {"PROC.LIST", "PROC", "LIST", vm, none, "", no_fields, "number of slices", "{processes: [as PROC.STAT]}", "Tells about all processes.", ""},
  {"ASSET.PUT", "ASET", "PUT", vm, document, "", put_fields, "number of slices", "{count, new, changed, same, ids}", "Makes or replaces assets, all of them or none; answered when they are on disk.", R"(kind=tool items={"name":"Trowel"})"},
  {"ASSET.LIST", "ASET", "LIST", vm, document, "", asset_list_fields, "number of slices", "{items, more}", "Lists the assets of a kind by id, as many as go well into an answer; more: ask for those after the last.", "kind=point"},
  {"ASSET.GET", "ASET", "GET", vm, document, "", asset_fields, "number of slices", "the asset", "Reads one asset.", "kind=device"},
  {"ASSET.EDIT", "ASET", "EDIT", vm, document, "", edit_fields, "0", "", "Changes fields of an asset; answered when they are on disk.", R"(kind=device fields={"name":"Bot"})"},
  {"ASSET.RM", "ASET", "RM", vm, document, "", asset_fields, "0", "", "Removes an asset.", "kind=tool id=21"},
  {"ASSET.SUMMARY", "ASET", "SUMRY", vm, none, "", no_fields, "number of slices", "{kinds: [{kind, collection, singleton, count, changed}]}", "Tells what kinds of assets there are, how many of each, and when one changed last.", ""},
  {"SCHEDULE.LIST", "SCHD", "LIST", vm, maybe, "", schedule_fields, "number of slices", "{now: {at, local}, timezone, clock_is_set, entries: [{at, local, event_id, kind, name, sequence_id, state, process}]}", "Lists what farm events and regimens make due, the earliest first.", "count=5"},
  {"SCHEDULE.SKIP", "SCHD", "SKIP", vm, document, "", skip_fields, "number of slices", "{at, local, event_id}", "Leaves out one time of a farm event.", "event_id=3"},
  {"MESSAGE.OPEN", "MESG", "OPEN", vm, maybe, "", open_fields, "process id", "", "Makes the stream a process: it can send, receive, and be sent to, until the stream ends.", "name=panel:shed:local"},
  {"MESSAGE.SEND", "MESG", "SEND", vm, envelope, "process", no_fields, "0", "", "Sends a message in a process's name. One that expects a response is always ok: what goes wrong comes as an item of MESSAGE.RECEIVE.", ""},
  {"MESSAGE.AWAIT", "MESG", "AWAIT", vm, envelope, "process", no_fields, "number of slices", "an item", "Sends a message and waits for its response or error alone; everything else queues.", ""},
  {"MESSAGE.RESPOND", "MESG", "RESPD", vm, envelope, "process", no_fields, "0", "", "Responds to the request that the process is dealing with, or to the one that `request` names.", ""},
  {"MESSAGE.RECEIVE", "MESG", "RECV", vm, id_and, "process", receive_fields, "number of slices", "an item: {type, source, request, body, …}", "Takes the next item out of a process's mailbox, when there is one.", "id=1"},
  {"MESSAGE.PRINT", "MESG", "PRINT", vm, id_and, "process", print_fields, "0", "", "Writes a line into the log, in a process's name.", "id=1 verbosity=0 text=hello"},
  {"TOPIC.SUBSCRIBE", "TOPC", "SUBSC", vm, id_and, "process", topic_fields, "0", "", "Has what is published on a topic delivered to a process.", "id=1 topic=soil"},
  {"TOPIC.UNSUBSCRIBE", "TOPC", "UNSUB", vm, id_and, "process", topic_fields, "0", "", "Ends that.", "id=1 topic=soil"},
  {"BLOB.WRITE", "BLOB", "WRITE", vm, id_and, "process", blob_write_fields, "handle of the blob", "", "Makes a blob, or appends to one that has not been sent yet.", ""},
  {"BLOB.READ", "BLOB", "READ", vm, id_and, "process", blob_read_fields, "number of slices", "the bytes", "Reads bytes of a blob. not_found where there is none.", "id=1"},
  {"BLOB.FREE", "BLOB", "FREE", vm, id_and, "process", blob_fields, "0", "", "Gives a handle back.", "id=1 blob=1"},
  {"STATE.GET", "STAT", "GET", vm, id_and, "process", range_fields, "number of slices", "the bytes", "Reads what a process has kept. not_found if there is nothing.", "id=1"},
  {"STATE.SET", "STAT", "SET", vm, id_and, "process", state_set_fields, "0, when it is on disk", "", "Keeps bytes for a process, over restarts and upgrades: `data`, or those of a blob.", ""},
  {"STATE.CLEAR", "STAT", "CLEAR", vm, id, "process", no_fields, "0, when it is on disk", "", "Forgets them.", "id=1"},
  {"CAPABILITY.LIST", "CAPA", "LIST", vm, id, "process", no_fields, "number of slices", "{capabilities: [{issuer, params}]}", "Lists the capabilities that a process holds.", "id=1"},
  {"CAPABILITY.SAVE", "CAPA", "SAVE", vm, id_and, "process", capabilities_fields, "0, when it is on disk", "", "Keeps capabilities that the process issues, or that came with a message to it.", ""},
  {"CAPABILITY.DROP", "CAPA", "DROP", vm, id_and, "process", capabilities_fields, "0, when it is on disk", "", "Gives capabilities up.", ""},
  {"GUEST.SPAWN", "GUST", "SPAWN", vm, id_and, "process", spawn_fields, "number of slices", "{process, id}", "Starts a process of the same package. Codes: name_taken, no_file_at_path.", ""},
  {"GUEST.SET_ON_EXIT", "GUST", "ONEXT", vm, id_and, "process", on_exit_fields, "0, when it is on disk", "", "Says what becomes of a process that ends.", ""},
  {"GUEST.GET_ON_EXIT", "GUST", "GONEX", vm, id, "process", no_fields, "number of slices", "{on_exit}", "Reads that.", "id=1"},
  {"GUEST.MODULE", "GUST", "MODUL", vm, document, "", module_fields, "number of slices", "the bytes; none behind the end", "A worker reads a module of its package.", "sha256=ab12"},
  {"GUEST.RESTORE", "GUST", "RESTR", vm, id_and, "process", range_fields, "number of slices", "a snapshot: {memory_pages, globals, chunks}", "A worker reads the last snapshot of an instance.", ""},
  {"GUEST.COMMIT", "GUST", "COMIT", vm, id_and, "process", commit_fields, "0, when it is on disk", "", "A worker hands over what a run has changed, with the messages that leave because of it: all or nothing.", ""},
  {"GUEST.ENDED", "GUST", "ENDED", vm, id_and, "process", ended_fields, "0", "", "A worker says that an instance has ended, and how.", ""},
  {"GUEST.START", "GUST", "START", guest, id_and, "process", guest_start_fields, "0, when it runs", "", "Makes an instance in a worker, and lets it run. One that cannot be started ends without GUEST.ENDED.", ""},
  {"GUEST.KILL", "GUST", "KILL", guest, id, "process", no_fields, "0, when it is gone", "", "Ends an instance in a worker.", "id=61441"},
  {"GUEST.PAUSE", "GUST", "PAUSE", guest, id, "process", no_fields, "0, when it rests", "", "Lets an instance rest, in a busy loop too.", "id=61441"},
  {"GUEST.RESUME", "GUST", "RESUM", guest, id, "process", no_fields, "0", "", "Lets it go on.", "id=61441"},
  {"FILE.OPEN", "FILE", "OPEN", vm, id_and, "process", file_open_fields, "number of the open file", "", "Opens a file or directory of a drive, if the process holds the capability.", ""},
  {"FILE.READ", "FILE", "READ", vm, id_and, "process", file_read_fields, "number of slices", "the bytes", "Reads.", ""},
  {"FILE.WRITE", "FILE", "WRITE", vm, id_and, "process", file_write_fields, "bytes written", "", "Writes.", ""},
  {"FILE.STAT", "FILE", "STAT", vm, id_and, "process", file_fields, "number of slices", "{kind, size, modified}", "Tells about an open file.", ""},
  {"FILE.LIST", "FILE", "LIST", vm, id_and, "process", file_fields, "number of slices", "{entries: [{name, kind, size}]}", "Lists an open directory.", ""},
  {"FILE.RESIZE", "FILE", "SIZE", vm, id_and, "process", file_resize_fields, "0", "", "Cuts or lengthens an open file.", ""},
  {"FILE.CLOSE", "FILE", "CLOSE", vm, id_and, "process", file_fields, "0", "", "Closes it.", ""},
  {"FILE.MAKE_DIRECTORY", "FILE", "MKDIR", vm, id_and, "process", path_fields, "0", "", "Makes a directory.", ""},
  {"FILE.REMOVE", "FILE", "RM", vm, id_and, "process", path_fields, "0", "", "Removes a file or an empty directory.", ""},
  {"FILE.RENAME", "FILE", "MOVE", vm, id_and, "process", rename_fields, "0", "", "Renames.", ""},
  {"PACKAGE.INSPECT", "PACK", "LOOK", vm, id_and, "process", package_blob_fields, "number of slices", "{package, version, manifest, hash, signed_by, trusted, wants: [sentence], warnings: [sentence], installed: {version, hash, signed_by} or null}", "Tells what a package in a blob is and wants; nothing is kept.", ""},
  {"PACKAGE.INSTALL", "PACK", "PUT", vm, id_and, "process", install_fields, "number of slices", "{package, version, processes}", "Installs or updates a package, and starts its processes.", ""},
  {"PACKAGE.REMOVE", "PACK", "RM", vm, document, "", named_package_fields, "0", "", "Stops and removes a package, its files and grants; the state of its processes stays.", "package=echo:acme"},
  {"PACKAGE.LIST", "PACK", "LIST", vm, none, "", no_fields, "number of slices", "{packages: [{package, version, signed_by, hash, processes, installed}]}", "Lists the installed packages.", ""},
  {"GRANT.LIST", "GRNT", "LIST", vm, maybe, "", grants_fields, "number of slices", "{grants: [{process, issuer, params, says}]}", "Lists who holds which capability.", ""},
  {"GRANT.ADD", "GRNT", "ADD", vm, document, "", grant_fields, "0", "", "Gives a capability to a process, by its id or path.", R"(process=/garden/counter issuer=our@kernel:distro:sys params="network")"},
  {"GRANT.REVOKE", "GRNT", "REVOK", vm, document, "", revoke_fields, "0", "", "Takes a capability away, at once.", R"(process=logger:garden:acme issuer=our@kernel:distro:sys params=\"network\")"},
  {"IMAGE.LIST", "IMGE", "LIST", vm, maybe, "", prefix_fields, "number of slices", "{objects: [{path, kind, bytes, module, process}]}", "Lists the namespace.", "prefix=/"},
  {"IMAGE.IMPORT", "IMGE", "PUT", vm, id_and, "process", image_import_fields, "0", "", "Puts a module into the namespace.", ""},
  {"IMAGE.INSTANTIATE", "IMGE", "MAKE", vm, document, "", instantiate_fields, "process id", "", "Makes an instance of a module and starts it.", "module=/othismo/modules/counter path=/garden/counter"},
  {"IMAGE.REMOVE", "IMGE", "RM", vm, document, "", image_path_fields, "0", "", "Removes an instance, or a module that has none.", "path=/garden/counter"},
  {"IMAGE.EXPORT", "IMGE", "COPY", vm, document, "", image_file_fields, "0, when it is on disk", "", "Writes a copy of the whole image into a new file.", "file=/var/backups/image.sqlite"},
  {"IMAGE.CHECK", "IMGE", "CHECK", vm, none, "", no_fields, "number of slices", "{whole, bytes, free_bytes, findings: [sentence]}", "Reads the whole image and looks for damage.", ""},
  {"IMAGE.COMPACT", "IMGE", "PACK", vm, none, "", no_fields, "number of slices", "{before, after}: bytes", "Gives back what the image does not use.", ""},
  {"REGISTER.NEW", "REGS", "NEW", both, document, "", register_fields, "register id on this stream", "", "Opens a register by name.", "name=position"},
  {"REGISTER.READ", "REGS", "READ", both, id, "register", no_fields, "number of slices", "{name, value, time}", "Reads a register.", "id=1"},
  {"REGISTER.WATCH", "REGS", "WATCH", both, id, "register", no_fields, "0", "", "Sends each change of a register as REGISTER.SET from now on.", "id=1"},
  {"REGISTER.RM", "REGS", "RM", both, id, "register", no_fields, "0", "", "Closes a register and ends its watch.", "id=1"},
  {"REGISTER.SET", "REGS", "SET", both, Payload::id_and_document, "register", set_fields, "0", "", "Tells a watcher that a register changed: {value, time}.", ""},
  {"SLICE.NEW", "SLCE", "NEW", both, Payload::slice, "", no_fields, "0", "", "Carries a part of an answer that is longer than a return value.", ""},
  {"SYS.HELLO", "SYS", "HELLO", both, document, "", hello_fields, "protocol version", "", "Introduces a client; on TCP, with the token, it opens the door.", "protocol=1 client=me"},
  {"SYS.CHECK_UPDATES", "SYS", "CHKUP", hypervisor, maybe, "", optional_package_fields, "number of slices", "{installed, candidate, newer}", "Asks apt whether it knows a newer version, without the network; installs nothing.", "package=os"},
  {"SYS.FACTORY_RESET", "SYS", "FRSET", hypervisor, document, "", package_fields, "number of slices", "{backup, changed}", "Puts the parameters of the board (package=firmware) or the settings of the host (package=os) back to their defaults, after a backup.", "package=firmware"},
  {"SYS.POWER_OFF", "SYS", "PWOFF", hypervisor, none, "", no_fields, "0, when it has begun", "", "Switches the computer off, after the machine has come to rest.", ""},
  {"SYS.REBOOT", "SYS", "REBOT", hypervisor, maybe, "", optional_package_fields, "0", "", "Restarts the firmware (package=firmware) or the computer.", "package=firmware"},
  {"SYS.RESTART_SERVICE", "SYS", "RSERV", hypervisor, document, "", service_fields, "0", "", "Has systemd restart a service of the host alone.", "service=gateway"},
  {"SYS.MOVE_ABSOLUTE", "SYS", "MVABS", hypervisor, document, "", move_fields, "0, when the move has ended", "", "Moves to a position.", "x=100 y=200 z=0", motion},
  {"SYS.MOVE_RELATIVE", "SYS", "MVREL", hypervisor, document, "", relative_fields, "0, when the move has ended", "", "Moves by a distance from where the bot is when its turn comes.", "x=10 y=0 z=0", motion},
  {"SYS.CALIBRATE", "SYS", "CALIB", hypervisor, document, "", axis_fields, "0, when the length is known", "", "Finds the length of an axis.", "axis=x", motion},
  {"SYS.FIND_HOME", "SYS", "FHOME", hypervisor, document, "", axis_speed_fields, "0, when home is found", "", "Finds home with the end stop or the encoder of an axis.", "axis=all", motion},
  {"SYS.HOME", "SYS", "HOME", hypervisor, document, "", axis_speed_fields, "0, when it is there", "", "Goes to 0.", "axis=z", motion},
  {"SYS.ZERO", "SYS", "ZERO", hypervisor, document, "", axis_fields, "0", "", "Makes the present place 0.", "axis=z", motion},
  {"SYS.SET_SERVO_ANGLE", "SYS", "SERVO", hypervisor, document, "", servo_fields, "0", "", "Turns a servo on pin 4, 5, 6 or 11.", "pin=4 angle=90"},
  {"SYS.TOGGLE_PIN", "SYS", "TGPIN", hypervisor, document, "", pin_fields, "0", "", "Makes the pin an output and inverts it.", "pin=8"},
  {"SYS.WRITE_PIN", "SYS", "WRPIN", hypervisor, document, "", write_pin_fields, "0", "", "Writes a pin; a digital pin is read back.", "pin=8 value=1 mode=digital"},
  {"SYS.READ_PIN", "SYS", "RDPIN", hypervisor, document, "", read_pin_fields, "the value read", "", "Reads a pin.", "pin=59 mode=analog"},
  {"SYS.WRITE_LED", "SYS", "WRLED", hypervisor, document, "", led_fields, "0", "", "Switches a LED of the box.", "led=3 value=1"},
  {"SYS.WRITE_LINE", "SYS", "WRLIN", hypervisor, document, "", write_line_fields, "0", "", "Switches a GPIO line of the computer, or lets it blink.", "line=led_blue value=1 blink=slow"},
  {"SYS.READ_LINE", "SYS", "RDLIN", hypervisor, document, "", read_line_fields, "the value, 0 or 1", "", "Reads a GPIO line of the computer.", "line=button_3"},
  {"SYS.SET_PIN_IO_MODE", "SYS", "PINIO", hypervisor, document, "", io_mode_fields, "0", "", "Sets the direction of a pin.", "pin=8 io_mode=output"},
  {"SYS.READ_STATUS", "SYS", "STATU", hypervisor, none, "", no_fields, "number of slices", "the status tree", "Reads the whole status tree.", ""},
  {"SYS.CONFIG_UPDATE", "SYS", "CFGUP", hypervisor, document, "", config_update_fields, "0", "", "Changes a firmware parameter or a setting of the host.", "package=firmware config=movement_max_spd_x value=400"},
  {"SYS.CONFIG_READ", "SYS", "CFGRD", hypervisor, document, "", config_read_fields, "number of slices", "{config: value, …}", "Reads firmware parameters or settings of the host.", "package=firmware config=movement_max_spd_x"},
  {"SYS.TAKE_PHOTO", "SYS", "PHOTO", hypervisor, none, "", no_fields, "number of slices", "{path, name, width, height, mime, rotation, time, position: {x, y, z}}", "Takes a photo.", ""},
  {"SYS.EMERGENCY_LOCK", "SYS", "ESTOP", hypervisor, none, "", no_fields, "0", "", "Stops everything now and locks.", ""},
  {"SYS.EMERGENCY_UNLOCK", "SYS", "UNLCK", hypervisor, none, "", no_fields, "0", "", "Ends the emergency lock.", ""},
  {"SYS.ABORT", "SYS", "ABORT", hypervisor, maybe, "", abort_fields, "0", "", "Stops the move in progress without locking.", ""},
  {"SYS.JOG", "SYS", "JOG", hypervisor, document, "", jog_fields, "0 at once", "", "Moves for as long as it is renewed: it stops 200 ms after the last one, or with all directions 0.", "x=1 speed=50"},
  {"SYS.KEEP_ALIVE", "SYS", "ALIVE", hypervisor, maybe, "", no_fields, "1 if the sender holds a motion or an output, else 0", "", "Says that the sender is alive. After the first, 1 s without one stops its motion and makes its outputs safe; who holds nothing may be silent.", ""},
  {"SYS.RELEASE", "SYS", "RELSE", hypervisor, maybe, "", release_fields, "0", "", "Ends what a holder holds: its motion stops, its outputs go to their safe state.", ""},
  {"SYS.SET_USER_ENV", "SYS", "UENV", vm, document, "", user_env_fields, "0", "", "Sets a variable of the user environment.", "config=greeting value=hello"},
  {"SYS.SEND_MESSAGE", "SYS", "MESSG", vm, document, "", message_fields, "0", "", "Writes a message into the log.", "message=hello message_type=info channels=toast"},
  {"SYS.INSTALL_FIRST_PARTY_FARMWARE", "SYS", "FPFWI", vm, none, "", no_fields, "0", "", "Installs the first-party scripts.", "", still, later},
  {"SYS.EXECUTE_SCRIPT", "SYS", "EXSCR", vm, document, "", script_fields, "0", "", "Runs an installed script.", "", still, later},
  {"SYS.INSTALL_FARMWARE", "SYS", "FWINS", vm, document, "", url_fields, "0", "", "Installs a script package.", "", still, later},
  {"SYS.REMOVE_FARMWARE", "SYS", "FWREM", vm, document, "", script_package_fields, "0", "", "Removes a script package.", "", still, later},
  {"SYS.UPDATE_FARMWARE", "SYS", "FWUPD", vm, document, "", script_package_fields, "0", "", "Updates a script package.", "", still, later},
  {"SYS.REGISTER_GPIO", "SYS", "GPREG", vm, document, "", register_gpio_fields, "0", "", "Lets an edge on a GPIO line start a sequence: kept as a pin binding.", "line=16 sequence_id=1 edge=rising"},
  {"SYS.UNREGISTER_GPIO", "SYS", "GPUNR", vm, document, "", line_fields, "0", "", "Ends that.", "line=16"},
  {"SYS.WAIT", "SYS", "WAIT", vm, document, "", wait_fields, "0, when the time is over", "", "Waits.", "milliseconds=500"},
  {"SYS.SLEEP", "SYS", "SLEEP", vm, document, "", wait_fields, "0, when the time is over", "", "Waits; motors may be powered down meanwhile.", "milliseconds=500"},
  {"SYS.EXIT", "SYS", "EXIT", vm, document, "", exit_fields, "0", "", "Ends the calling process.", "code=0"},
  {"SYS.FLASH_FIRMWARE", "SYS", "FLASH", hypervisor, document, "", board_fields, "number of slices", "{board, bytes, version}", "Writes the stored firmware of a board to it, and reads it back; answered when the board is ready again.", "board=farmduino_k18"},
  {"SYS.STORE_FIRMWARE", "SYS", "FWPUT", hypervisor, document, "", store_firmware_fields, "number of slices, with the last part", "{board, bytes}", "Takes a part of a firmware file for a board; with the last one the file is checked and kept.", "board=farmduino_k18 size=11 offset=0 data=:00000001FF"},
  {"SYS.CHANGE_OWNERSHIP", "SYS", "OWNER", vm, document, "", ownership_fields, "0", "", "Hands the device over to another account.", "", still, later},
  {"SYS.SYNC", "SYS", "SYNC", vm, none, "", no_fields, "number of slices, when it has ended", "{changes: [{kind, new, changed, gone, refused}]}", "Fetches the account's resources, and says what has changed.", ""},
};
// clang-format on

/// Namespace and operation as one number, so that a frame finds its row with one comparison a probe.
constexpr std::uint64_t key_of(std::string_view space, std::string_view wire) {
  std::uint64_t key = 14695981039346656037ULL;  // FNV-1a
  for (const char c : space) key = (key ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  key = (key ^ '.') * 1099511628211ULL;
  for (const char c : wire) key = (key ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return key;
}

constexpr std::size_t bucket_count = 512;  // a power of two, some times the rows: few probes
constexpr auto buckets = [] {
  std::array<std::uint8_t, bucket_count> made{};
  static_assert(std::size(table) < 255);
  for (std::size_t i = 0; i < std::size(table); ++i) {
    auto at = key_of(table[i].space, table[i].wire) % bucket_count;
    while (made[at] != 0) at = (at + 1) % bucket_count;
    made[at] = static_cast<std::uint8_t>(i + 1);
  }
  return made;
}();

}  // namespace

std::span<const Operation> operations() noexcept {
  return table;
}

const Operation* find_operation(std::string_view long_name) noexcept {
  for (const auto& row : table)
    if (row.long_name == long_name) return &row;
  return nullptr;
}

const Operation* find_operation(std::string_view space, std::string_view wire) noexcept {
  for (auto at = key_of(space, wire) % bucket_count; buckets[at] != 0; at = (at + 1) % bucket_count) {
    const auto& row = table[buckets[at] - 1];
    if (row.space == space && row.wire == wire) return &row;
  }
  return nullptr;
}

std::size_t index_of(const Operation& operation) noexcept {
  return static_cast<std::size_t>(&operation - table);
}

const Operation& literals::operator""_op(const char* long_name, std::size_t size) {
  const auto* row = find_operation(std::string_view(long_name, size));
  if (row == nullptr) {
    std::fprintf(stderr, "celeriac: %s is not in the operation table\n", long_name);
    std::abort();
  }
  return *row;
}

}  // namespace celeriac::protocol
