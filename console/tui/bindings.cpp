#include "console/tui/bindings.hpp"

namespace celeriac::console::tui {
namespace {

using enum Scope;

// Ctrl-X: on every keyboard and through every terminal, and no editing key of a shell.
constexpr Binding table[] = {
    {stop_key, everywhere, Act::emergency_stop, "E-STOP", "emergency stop, also while typing"},
    {"^C", everywhere, Act::interrupt, "", "end what runs, else quit"},

    {"j", browsing, Act::jog_mode, "jog", "move by hand"},
    {":", browsing, Act::command, "command", "type a command; Tab completes"},
    {"l", browsing, Act::log, "log", "the log"},
    {"r", browsing, Act::raw, "raw", "frames and lines as they pass"},
    {"o", browsing, Act::overview, "overview", "the overview, also Esc"},
    {"Esc", browsing, Act::overview, "", ""},
    {"Tab", browsing, Act::next_view, "", "the next of these"},
    {"u", browsing, Act::unlock, "unlock", "end the emergency lock, then y"},
    {"Space", browsing, Act::abort, "", "stop the move, without locking"},
    {"?", browsing, Act::help, "help", "this page"},
    {"q", browsing, Act::quit, "quit", "quit"},

    {"/", lists, Act::filter, "filter", "words to show (-word: to hide)"},
    {"Up", lists, Act::scroll_up, "", "scroll, also PgUp, Home, ..."},
    {"Down", lists, Act::scroll_down, "", ""},
    {"PgUp", lists, Act::page_up, "", ""},
    {"PgDn", lists, Act::page_down, "", ""},
    {"Home", lists, Act::oldest, "", ""},
    {"End", lists, Act::newest, "", ""},
    {"f", log, Act::level, "level", "least level of the log"},
    {"p", raw, Act::pause, "pause", "pause the raw view"},
    {"c", raw, Act::clear, "clear", "empty the raw view"},
    {"v", raw, Act::tap_vm, "vm", "frames of the VM"},
    {"h", raw, Act::tap_hypervisor, "hal", "frames of the hypervisor"},
    {"w", raw, Act::tap_wire, "wire", "lines of the serial port"},
    {"k", raw, Act::routine, "routine", "keep-alives and polls as well"},

    {"Left", jog, Act::jog_left, "", "x -; a tap makes one step,"},
    {"Right", jog, Act::jog_right, "", "x +; held, it moves until"},
    {"Down", jog, Act::jog_near, "", "y -; it is let go, or until"},
    {"Up", jog, Act::jog_away, "", "y +; any other key"},
    {"PgDn", jog, Act::jog_down, "", "z -"},
    {"PgUp", jog, Act::jog_up, "", "z +"},
    {"1", jog, Act::step_tenth, "0.1mm", "steps of 0.1 mm; 2, 3, 4: more"},
    {"2", jog, Act::step_one, "1mm", ""},
    {"3", jog, Act::step_ten, "10mm", ""},
    {"4", jog, Act::step_hundred, "100mm", ""},
    {"-", jog, Act::slower, "slower", "slower; +: faster"},
    {"+", jog, Act::faster, "faster", ""},
    {"=", jog, Act::faster, "", ""},
    {"Esc", jog, Act::leave_jog, "leave", "leave jog mode, also j and q"},
    {"j", jog, Act::leave_jog, "", ""},
    {"q", jog, Act::leave_jog, "", ""},
};

}  // namespace

std::span<const Binding> bindings() {
  return table;
}

}  // namespace celeriac::console::tui
