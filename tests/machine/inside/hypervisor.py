"""The hypervisor in a machine: its process, and a client of its socket."""

import json
import os
import signal
import subprocess

import checks
import wire

# The bot of the simulator's garden: what `celeriac up --simulate` writes as well.
PARAMETERS = {
    "movement_enable_endpoints": (1, 1, 1), "movement_home_up": (0, 0, 1), "movement_stop_at_home": (1, 1, 1),
    "movement_stop_at_max": (1, 1, 1), "movement_axis_nr_steps": (13500, 6000, 10000),
    "movement_step_per_mm": (5, 5, 25), "movement_steps_acc_dec": (300, 300, 300), "movement_min_spd": (50, 50, 50),
    "movement_home_spd": (200, 200, 200), "movement_max_spd": (800, 800, 600),
    "encoder_enabled": (0, 0, 0), "encoder_scaling": (5556, 5556, 5556)}


class Hypervisor:
    def __init__(self, folder, *options):
        os.makedirs(folder, exist_ok=True)
        parameters = os.path.join(folder, "garden.json")
        with open(parameters, "w") as file:
            json.dump({f"{name}_{axis}": value for name, values in PARAMETERS.items()
                       for axis, value in zip("xyz", values)}, file)
        self._log = os.path.join(folder, "hal.log")
        self.process = subprocess.Popen(["celeriac-hal", "--dir", folder, "--parameters", parameters, *options],
                                        stdout=subprocess.PIPE, stderr=open(self._log, "a"))
        assert self.process.stdout.readline().startswith(b"ready"), f"it did not start: {self.logged()}"
        self.client = wire.Client(os.path.join(folder, "hal.sock"))

    def logged(self):
        with open(self._log) as file:
            return file.read()

    def read(self, name):
        return self.client.read(name)

    def status(self):
        return self.client.call("SYS", "STATU").document

    def call(self, operation, **fields):
        return self.client.call("SYS", operation, fields)

    def done(self, operation, **fields):
        """Calls what has to succeed."""
        answer = self.call(operation, **fields)
        assert answer.status == wire.OK, f"{operation} {fields}: {answer}"
        return answer

    def ready(self):
        checks.until(lambda: self.read("firmware")["state"] == "ready", "the board is ready")

    def stop(self, how=signal.SIGTERM):
        self.client.close()
        self.process.send_signal(how)
        return self.process.wait(30)
