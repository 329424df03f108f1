"""The bed of a Raspberry Pi 4: the real driver of its GPIO lines, with the names that the kernel's device tree gives them."""

import bed
import kernel

DEVICE_TREE = "broadcom/bcm2711-rpi-4-b"
MODULES = ("bcm2835_wdt",)  # which restarts the computer, and so ends the machine
PREPARATION = "mount -t debugfs none /sys/kernel/debug"

# QEMU has nothing where the HDMI part's interrupts, I²C and clocks are, and an access there is the end of the kernel. Their
# drivers are left out, and no clock is looked at that nobody uses; the device tree stays as it is.
WITHOUT = "initcall_blacklist=brcmstb_l2_driver_init,brcmstb_i2c_driver_init clk_ignore_unused"

# Until the kernel starts them, the other three processors ask in a loop whether it does; with threads of their own they would
# keep the first from its work for up to two minutes.
ACCELERATOR = "tcg,thread=single"


def run(its):
    kernel_ = kernel.kernel(its.architecture)
    initrd = its.first_root("raspberry_pi.py", kernel_.modules(*MODULES), PREPARATION, ["systemd/lines.json"])
    return its.passes("qemu-system-aarch64", [
        "-machine", "raspi4b", "-kernel", kernel_.image, "-initrd", initrd, "-dtb", kernel_.device_tree(DEVICE_TREE),
        # The kernel says errors of the firmware, which is none; `iomem=relaxed` lets the checks at registers that a driver has.
        "-append", f"console=ttyAMA0 panic=-1 loglevel=3 iomem=relaxed {WITHOUT}"],
        accelerator=ACCELERATOR)


if __name__ == "__main__":
    bed.main("Raspberry Pi 4", run)
