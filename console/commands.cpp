#include "console/commands/declarations.hpp"

namespace celeriac::console {
namespace {

using enum Completes;

constexpr Group group_table[] = {
    {"code", "Codes in the store of the VM."},
    {"asset", "What the host knows of the garden: an account's points, tools, groups, settings."},
    {"schedule", "What farm events and regimens make due."},
    {"pin", "Pins of the board."},
    {"sensor", "Sensors: what they show, and in which unit."},
    {"gpio", "GPIO lines of the computer: buttons, lights."},
    {"output", "Fail-safe outputs: what must not stay on."},
    {"param", "Parameters of the firmware, settings of the host."},
    {"image", "Objects, and the one file that everything of the VM is in."},
    {"firmware", "What the board runs."},
    {"power", "Switching the computer of the bot."},
    {"reset", "Going back to the defaults."},
    {"trace", "The recording of what went over the line to the board."},
    {"completion", "Completion for shells."},
};

// clang-format off
constexpr Command table[] = {
    {"up", "Starts the host and stays in the foreground until Ctrl-C.", "celeriac up --simulate\nceleriac up --serial /dev/ttyACM0", declare_up, nothing},
    {"run", "Runs a sequence and shows how it goes.", "celeriac run watering.json\nceleriac run blink.json caller.json\nceleriac run water.json --arg Plant=Plant:51 --arg Seconds=3", declare_run, files},
    {"check", "Checks sequences without running them.", "celeriac check watering.json", declare_check, files},
    {"compile", "Compiles a sequence to WebAssembly.", "celeriac compile watering.json -o watering.wasm\nceleriac compile watering.json --wat", declare_compile, files},
    {"code list", "Lists the codes in the store.", "celeriac code list", declare_code_list, nothing},
    {"code show", "Shows what the store knows of a code.", "celeriac code show 1\nceleriac code show 1 --source", declare_code_show, codes},
    {"code rm", "Removes codes; processes already started go on.", "celeriac code rm 1 2", declare_code_rm, codes},
    {"asset import", "Loads an account, or a part of one, into the host.", "celeriac asset import account.json\nceleriac asset import sensors.json --kind sensor --dry-run", declare_asset_import, files},
    {"asset export", "Writes everything that the host knows of an account into a file.", "celeriac asset export account.json", declare_asset_export, files},
    {"asset list", "Lists the assets of a kind, or the kinds.", "celeriac asset list\nceleriac asset list points", declare_asset_list, assets},
    {"asset show", "Shows all fields of an asset.", "celeriac asset show point 51\nceleriac asset show device", declare_asset_show, assets},
    {"asset edit", "Changes fields of an asset.", "celeriac asset edit point 51 plant_stage=harvested meta.color=red\nceleriac asset edit fbos_config safe_height=-20", declare_asset_edit, assets},
    {"asset rm", "Removes assets.", "celeriac asset rm point 51 52", declare_asset_rm, assets},
    {"sync", "Fetches the account's resources, and says what has changed.", "celeriac sync", declare_sync, nothing},
    {"schedule list", "Lists what is due, the earliest first.", "celeriac schedule list\nceleriac schedule list -n 5 --event 3", declare_schedule_list, nothing},
    {"schedule next", "Shows what runs next, and when.", "celeriac schedule next", declare_schedule_next, nothing},
    {"schedule skip", "Leaves out one time of a farm event.", "celeriac schedule skip 3\nceleriac schedule skip 3 --at '2025-05-14 08:00'", declare_schedule_skip, nothing},
    {"ps", "Lists the processes.", "celeriac ps", declare_ps, nothing},
    {"pause", "Pauses a process after the step in progress.", "celeriac pause 3", declare_pause, processes},
    {"resume", "Lets a paused or ready process run.", "celeriac resume 3", declare_resume, processes},
    {"step", "Runs one step of a paused or ready process.", "celeriac step 3", declare_step, processes},
    {"kill", "Ends a process now; a move of its own stops.", "celeriac kill 3", declare_kill, processes},
    {"wait", "Waits until a process has ended; the exit status tells how.", "celeriac wait 3", declare_wait, processes},
    {"status", "Shows where the bot is and what it does.", "celeriac status", declare_status, nothing},
    {"watch", "Shows every change of registers until Ctrl-C.", "celeriac watch position pins.8\nceleriac watch log", declare_watch, registers},
    {"doctor", "Looks for what is wrong, and says what to do.", "celeriac doctor\nceleriac doctor --bundle celeriac-doctor.tar.gz", declare_doctor, files},
    {"console", "Shows everything on one screen, and drives the machine by hand.", "celeriac console", declare_console, nothing},
    {"move", "Moves to a position, in mm.", "celeriac move 100 200 0 --speed 50", declare_move, nothing},
    {"jog", "Moves one axis by a distance, in mm, or for as long as it is held.", "celeriac jog x -10\nceleriac jog --hold x+ --speed 30", declare_jog, axes},
    {"home", "Goes to 0.", "celeriac home\nceleriac home z", declare_home, axes},
    {"find-home", "Finds home with end stops or encoders.", "celeriac find-home x", declare_find_home, axes},
    {"calibrate", "Finds the length of an axis.", "celeriac calibrate x", declare_calibrate, axes},
    {"zero", "Makes the present place 0.", "celeriac zero z", declare_zero, axes},
    {"pin read", "Reads a pin.", "celeriac pin read 59 --analog", declare_pin_read, nothing},
    {"pin write", "Writes a pin; a fail-safe output stays on while the command runs.", "celeriac pin write 10 1\nceleriac pin write 10 128 --analog\nceleriac pin write 8 1 --for 30", declare_pin_write, nothing},
    {"pin toggle", "Inverts a pin.", "celeriac pin toggle 10", declare_pin_toggle, nothing},
    {"outputs", "Lists the fail-safe outputs: valves, pumps.", "celeriac outputs", declare_outputs, nothing},
    {"output set", "Makes a pin a fail-safe output.", "celeriac output set 8 --name water --longest 600\nceleriac output set 10 --name laser --longest 5 --safe-value 0", declare_output_set, nothing},
    {"output forget", "Makes a fail-safe output a plain pin.", "celeriac output forget 10", declare_output_forget, nothing},
    {"gpio", "Lists the GPIO lines of the computer; its own commands switch and watch them.", "celeriac gpio", declare_gpio, nothing},
    {"gpio set", "Switches an output, or lets it blink.", "celeriac gpio set box_led_3 1\nceleriac gpio set led_blue slow", declare_gpio_set, nothing},
    {"gpio watch", "Shows every change of the lines until Ctrl-C.", "celeriac gpio watch", declare_gpio_watch, nothing},
    {"gpio press", "Presses a button of a simulated computer.", "celeriac gpio press button_3\nceleriac gpio press estop_button --for 2", declare_gpio_press, nothing},
    {"servo", "Turns a servo, in degrees.", "celeriac servo 4 90", declare_servo, nothing},
    {"sensor list", "Lists the sensors with their last readings.", "celeriac sensor list", declare_sensor_list, nothing},
    {"sensor read", "Reads a sensor, and keeps the reading with time and place.", "celeriac sensor read 'Soil moisture'", declare_sensor_read, nothing},
    {"sensor calibrate", "Says what a sensor's raw values mean.", "celeriac sensor calibrate 'Soil moisture' --at 230=0 --at 700=100 --unit %\nceleriac sensor calibrate 1 --forget", declare_sensor_calibrate, nothing},
    {"photo", "Takes a photo.", "celeriac photo\nceleriac photo --out bed.jpg", declare_photo, files},
    {"estop", "Stops everything now and locks.", "celeriac estop", declare_estop, nothing},
    {"unlock", "Ends the emergency lock.", "celeriac unlock", declare_unlock, nothing},
    {"abort", "Stops the move in progress without locking.", "celeriac abort", declare_abort, nothing},
    {"param list", "Lists parameters with their units.", "celeriac param list\nceleriac param list spd --package firmware", declare_param_list, nothing},
    {"param get", "Shows parameters by name.", "celeriac param get movement_max_spd_x", declare_param_get, parameters},
    {"param set", "Changes a parameter.", "celeriac param set movement_max_spd_x 400\nceleriac param set safe_height -20 --package os", declare_param_set, parameters},
    {"firmware show", "Shows the board and the version of its firmware.", "celeriac firmware show", declare_firmware_show, nothing},
    {"firmware flash", "Writes a firmware to the board, and reads it back.", "celeriac firmware flash farmduino.hex --board farmduino_k18", declare_firmware_flash, files},
    {"reset firmware", "Puts the parameters of the board back to their defaults, after a backup.", "celeriac reset firmware", declare_reset_firmware, nothing},
    {"reset os", "Puts the settings of the host back to their defaults, after a backup.", "celeriac reset os", declare_reset_os, nothing},
    {"computer", "Shows how the computer of the bot is: heat, supply, disk, clock.", "celeriac computer", declare_computer, nothing},
    {"power off", "Switches the computer of the bot off, after the machine has come to rest.", "celeriac power off", declare_power_off, nothing},
    {"power reboot", "Restarts the computer of the bot, or the board alone.", "celeriac power reboot\nceleriac power reboot --firmware", declare_power_reboot, nothing},
    {"restart", "Has systemd restart a service of the host.", "celeriac restart gateway", declare_restart, nothing},
    {"updates", "Shows whether apt knows a newer Celeriac; installs nothing.", "celeriac updates", declare_updates, nothing},
    {"trace show", "Shows the recording: every line to and from the board, every request and outcome.", "celeriac trace show --since 10m\nceleriac trace show --follow", declare_trace_show, files},
    {"trace export", "Makes one file of the recording; the host may run.", "celeriac trace export --since 10m -o fault.trace", declare_trace_export, files},
    {"trace replay", "Has a recording happen again, and compares what the hypervisor does.", "celeriac trace replay fault.trace\nceleriac trace replay --since 1h", declare_trace_replay, files},
    {"param diff", "Shows where the board's parameters differ from what is stored, from a backup or from the defaults.", "celeriac param diff\nceleriac param diff parameters.json\nceleriac param diff --defaults", declare_param_diff, files},
    {"param backup", "Writes the board's parameters into a file.", "celeriac param backup parameters.json", declare_param_backup, files},
    {"param restore", "Writes the parameters of a backup to the board, those that differ.", "celeriac param restore parameters.json --dry-run\nceleriac param restore parameters.json", declare_param_restore, files},
    {"install", "Installs a package, after showing what it wants.", "celeriac install soil.celeriac\nceleriac install https://example.org/soil.celeriac --key acme.pub", declare_install, files},
    {"update", "Brings a package up to date; asks if it wants something else than before.", "celeriac update soil.celeriac", declare_update, files},
    {"uninstall", "Stops and removes packages; what their processes keep for themselves stays.", "celeriac uninstall soil:acme", declare_uninstall, nothing},
    {"packages", "Lists the installed packages.", "celeriac packages", declare_packages, nothing},
    {"grant", "Gives a process a capability.", "celeriac grant /garden/counter our@hardware:distro:sys '{\"operation\": \"SYS.READ_PIN\"}'", declare_grant, nothing},
    {"grants", "Lists what packages may, and takes it away.", "celeriac grants\nceleriac grants soil:acme --revoke 2", declare_grants, nothing},
    {"image ls", "Lists the namespace: modules and objects.", "celeriac image ls\nceleriac image ls /garden", declare_image_ls, nothing},
    {"image import", "Puts a module into the namespace.", "celeriac image import counter.wasm", declare_image_import, files},
    {"image instantiate", "Makes an object of a module, and starts it.", "celeriac image instantiate /othismo/modules/counter /garden/counter", declare_image_instantiate, nothing},
    {"image send", "Sends a message to an object, and shows its reply.", "celeriac image send /garden/counter counter.add by=2", declare_image_send, nothing},
    {"image rm", "Removes objects, or modules that have none.", "celeriac image rm /garden/counter", declare_image_rm, nothing},
    {"image export", "Writes a copy of the whole image into a new file.", "celeriac image export backup.sqlite", declare_image_export, files},
    {"image check", "Reads the whole image and looks for damage.", "celeriac image check", declare_image_check, nothing},
    {"image compact", "Gives back to the disk what the image does not use.", "celeriac image compact", declare_image_compact, nothing},
    {"call", "Calls any operation of the wire protocol.", "celeriac call SYS.HOME axis=z speed=50\nceleriac call REGISTER.NEW name=position", declare_call, operations},
    {"version", "Shows the version.", "celeriac version", declare_version, nothing},
    {"completion bash", "Prints the completion for bash.", "source <(celeriac completion bash)", declare_completion_bash, nothing},
};
// clang-format on

}  // namespace

std::span<const Command> commands() {
  return table;
}
std::span<const Group> groups() {
  return group_table;
}

}  // namespace celeriac::console
