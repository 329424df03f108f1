"""The bed of gpio-sim and a USB serial adapter: the hypervisor's real libgpiod and libserialport, under QEMU."""

import bed
import kernel

MODULES = ("configfs", "gpio-sim", "xhci-pci", "ftdi_sio")

PREPARATION = """mount -t configfs none /sys/kernel/config
export CELERIAC_UART=%s"""

# For each architecture the emulator, the machine, its console, and its second serial port, seen from inside and from outside.
BOARDS = {
    "amd64": ("qemu-system-x86_64", ("-machine", "q35", "-cpu", "max"), "ttyS0", "/dev/ttyS1", ("-serial", "chardev:board")),
    # Its own second port, a PL011, stops all of QEMU when nobody reads its cable.
    "arm64": ("qemu-system-aarch64", ("-machine", "virt", "-cpu", "cortex-a72"), "ttyAMA0", "/dev/ttyS0",
              ("-device", "pci-serial,chardev=board")),
}


def adapter(identifier):
    return {"driver": "usb-serial", "chardev": "adapter", "always-plugged": True, "id": identifier}


class Plug:
    """The adapter's, in and out of the machine as its checks ask for it."""

    def __init__(self):
        self._plugged = 0

    def asked(self, machine, what):
        if what == "unplug":
            machine.monitor("device_del", id=f"adapter{self._plugged}")
        elif what == "plug in":
            self._plugged += 1
            machine.monitor("device_add", **adapter(f"adapter{self._plugged}"))
        else:
            raise RuntimeError(f"nobody knows how to {what}")


def run(its):
    kernel_ = kernel.kernel(its.architecture)
    emulator, machine, console, uart, port = BOARDS[its.architecture]
    initrd = its.first_root("gpio_and_serial.py", kernel_.modules(*MODULES), PREPARATION % uart)
    cable = f"{its.folder}/cable"
    return its.passes(emulator, [
        *machine, "-m", "384", "-kernel", kernel_.image, "-initrd", initrd, "-append", f"console={console} panic=-1 quiet",
        # The adapter's cable ends in the machine's own second serial port.
        "-chardev", f"socket,id=board,path={cable},server=on,wait=off", *port,
        "-chardev", f"socket,id=adapter,path={cable},reconnect-ms=50", "-device", "qemu-xhci",
        "-device", "usb-serial,chardev=adapter,always-plugged=on,id=adapter0"], Plug().asked)


if __name__ == "__main__":
    bed.main("gpio-sim and a serial adapter", run)
