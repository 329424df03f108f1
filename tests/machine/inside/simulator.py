"""The firmware simulator in a machine, on a pseudo terminal of its own."""

import os
import socket
import subprocess


class Simulator:
    def __init__(self, folder):
        self.link = os.path.join(folder, "board")
        self.log_path = os.path.join(folder, "board.log")
        self._control = os.path.join(folder, "control")
        self._process = subprocess.Popen(
            ["celeriac-firmware-sim", "--link", self.link, "--garden", "--log", self.log_path,
             "--control", self._control], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self._process.stdout.readline().startswith(b"ready"), "the simulator did not start"

    def control(self, line):
        """Says a line to the simulator's hands and returns the answer."""
        with socket.socket(socket.AF_UNIX) as hands:
            hands.connect(self._control)
            hands.sendall(f"{line}\n".encode())
            return hands.makefile().readline().strip()

    def events(self):
        """What the board has logged."""
        with open(self.log_path) as file:
            return file.read()
