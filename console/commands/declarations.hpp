#pragma once
// What the table of commands points to; each family of commands has a file of its own.

#include "console/command.hpp"

namespace celeriac::console {

Action declare_up(CLI::App& app);
Action declare_run(CLI::App& app);
Action declare_check(CLI::App& app);
Action declare_compile(CLI::App& app);
Action declare_code_list(CLI::App& app);
Action declare_code_show(CLI::App& app);
Action declare_code_rm(CLI::App& app);
Action declare_asset_import(CLI::App& app);
Action declare_asset_export(CLI::App& app);
Action declare_asset_list(CLI::App& app);
Action declare_asset_show(CLI::App& app);
Action declare_asset_edit(CLI::App& app);
Action declare_asset_rm(CLI::App& app);
Action declare_sync(CLI::App& app);
Action declare_schedule_list(CLI::App& app);
Action declare_schedule_next(CLI::App& app);
Action declare_schedule_skip(CLI::App& app);
Action declare_ps(CLI::App& app);
Action declare_pause(CLI::App& app);
Action declare_resume(CLI::App& app);
Action declare_step(CLI::App& app);
Action declare_kill(CLI::App& app);
Action declare_wait(CLI::App& app);
Action declare_status(CLI::App& app);
Action declare_watch(CLI::App& app);
Action declare_move(CLI::App& app);
Action declare_jog(CLI::App& app);
Action declare_home(CLI::App& app);
Action declare_find_home(CLI::App& app);
Action declare_calibrate(CLI::App& app);
Action declare_zero(CLI::App& app);
Action declare_pin_read(CLI::App& app);
Action declare_pin_write(CLI::App& app);
Action declare_pin_toggle(CLI::App& app);
Action declare_servo(CLI::App& app);
Action declare_sensor_list(CLI::App& app);
Action declare_sensor_read(CLI::App& app);
Action declare_sensor_calibrate(CLI::App& app);
Action declare_gpio(CLI::App& app);
Action declare_gpio_set(CLI::App& app);
Action declare_gpio_watch(CLI::App& app);
Action declare_gpio_press(CLI::App& app);
Action declare_photo(CLI::App& app);
Action declare_estop(CLI::App& app);
Action declare_unlock(CLI::App& app);
Action declare_abort(CLI::App& app);
Action declare_param_list(CLI::App& app);
Action declare_param_get(CLI::App& app);
Action declare_param_set(CLI::App& app);
Action declare_param_diff(CLI::App& app);
Action declare_param_backup(CLI::App& app);
Action declare_param_restore(CLI::App& app);
Action declare_outputs(CLI::App& app);
Action declare_output_set(CLI::App& app);
Action declare_output_forget(CLI::App& app);
Action declare_console(CLI::App& app);
Action declare_trace_show(CLI::App& app);
Action declare_trace_export(CLI::App& app);
Action declare_trace_replay(CLI::App& app);
Action declare_install(CLI::App& app);
Action declare_update(CLI::App& app);
Action declare_uninstall(CLI::App& app);
Action declare_packages(CLI::App& app);
Action declare_grant(CLI::App& app);
Action declare_grants(CLI::App& app);
Action declare_image_ls(CLI::App& app);
Action declare_image_import(CLI::App& app);
Action declare_image_instantiate(CLI::App& app);
Action declare_image_send(CLI::App& app);
Action declare_image_rm(CLI::App& app);
Action declare_image_export(CLI::App& app);
Action declare_image_check(CLI::App& app);
Action declare_image_compact(CLI::App& app);
Action declare_call(CLI::App& app);
Action declare_version(CLI::App& app);
Action declare_completion_bash(CLI::App& app);

}  // namespace celeriac::console
