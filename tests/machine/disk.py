"""The disk of a machine with systemd: a Debian 13 that `run` made as an archive, and what was written over it."""

import os
import shutil
import subprocess

import places

SIZE = "1536M"  # the file is as large as what is in it


def base(archive):
    """The disk that an archive's machine begins with; made once, beside the archive."""
    disk = f"{archive.removesuffix('.tar')}.ext4"
    if not os.path.exists(disk):
        places.say("making the disk of the machine with systemd (once)")
        making = f"{disk}.making"
        if os.path.exists(making):
            os.unlink(making)
        subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", archive, making, SIZE], check=True)
        shutil.move(making, disk)
    return disk


def over(disk, folder):
    """A disk that begins as `disk` and takes what is written."""
    made = os.path.join(folder, "disk.qcow2")
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", disk, made], check=True)
    return made
