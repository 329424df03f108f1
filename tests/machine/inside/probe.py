"""Runs in the place of a service, inside its sandbox, and tries what no service should be able to do, and what some may.

Prints `NAME: allowed` or `NAME: refused, WHY`. Each attempt is a process of its own, since a filter may end it.
"""

import ctypes
import errno
import os
import signal
import socket
import sys
import time

_libc = ctypes.CDLL(None, use_errno=True)


def _system(result):
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _opens(path, flags=os.O_RDWR):
    return lambda: os.open(path, flags | os.O_NOCTTY | os.O_NONBLOCK)


def _writes(folder):
    def write():
        path = os.path.join(folder, "a-probe-was-here")
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
        os.unlink(path)
    return write


def _socket(*arguments):
    return lambda: socket.socket(*arguments)


def _watches_another():
    """Not its parent: one that is watched may stay stopped, and would be waited for for ever."""
    other = os.fork()
    if other == 0:
        time.sleep(60)
        os._exit(0)
    try:
        _system(_libc.ptrace(PTRACE_ATTACH, other, None, None))
    finally:
        os.kill(other, signal.SIGKILL)


CLONE_NEWUSER, PTRACE_ATTACH, PR_SET_DUMPABLE = 0x10000000, 16, 4

ATTEMPTS = {
    "the serial port": _opens("/dev/ttyUSB0"),
    "the GPIO chip": _opens("/dev/gpiochip0"),
    "the disk": _opens("/dev/vda", os.O_RDONLY),
    "the machine's memory": _opens("/dev/mem", os.O_RDONLY),
    "the kernel's log": _opens("/dev/kmsg", os.O_WRONLY),
    "the computer's own UART": _opens("/dev/ttyS0"),
    "writing /etc": _writes("/etc"),
    "writing /usr": _writes("/usr/lib"),
    "writing its programs": _opens("/usr/bin/celeriac-hal", os.O_WRONLY),
    "writing /home": _writes("/home"),
    "writing the configuration": _writes("/etc/celeriac"),
    "writing the state of the hypervisor": _writes("/var/lib/celeriac/hal"),
    "writing the state of the VM": _writes("/var/lib/celeriac/vm"),
    "writing the state of the gateway": _writes("/var/lib/celeriac/gateway"),
    "reading the passwords": _opens("/etc/shadow", os.O_RDONLY),
    "reading somebody's home": lambda: os.listdir("/home/somebody"),
    "a network socket": _socket(socket.AF_INET, socket.SOCK_STREAM),
    "a raw socket": _socket(socket.AF_PACKET, socket.SOCK_RAW),
    "a unix socket": _socket(socket.AF_UNIX, socket.SOCK_STREAM),
    "mounting": lambda: _system(_libc.mount(b"none", b"/mnt", b"tmpfs", 0, None)),
    "a user namespace": lambda: _system(_libc.unshare(CLONE_NEWUSER)),
    "another root": lambda: os.chroot("/tmp"),
    "becoming root": lambda: os.setuid(0),
    "setting the clock": lambda: _system(_libc.settimeofday((ctypes.c_long * 2)(0, 0), None)),
    "naming the host": lambda: socket.sethostname("probed"),
    "watching another process": _watches_another,
    "stopping another's process": lambda: os.kill(1, signal.SIGCONT),
    "loading a module": lambda: _system(_libc.syscall(_INIT_MODULE, None, 0, b"")),
}

_INIT_MODULE = {"x86_64": 175, "aarch64": 105}[os.uname().machine]


def attempt(function):
    """What became of it: "allowed", or why not."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            function()
            os.write(writer, b"allowed")
        except OSError as error:
            os.write(writer, f"refused, {errno.errorcode.get(error.errno, error.errno)}".encode())
        os._exit(0)
    os.close(writer)
    said = os.read(reader, 100).decode()
    os.close(reader)
    _, status = os.waitpid(child, 0)
    return said or f"refused, {signal.Signals(os.WTERMSIG(status)).name}"


for name, function in ATTEMPTS.items():
    print(f"{name}: {attempt(function)}")
sys.stdout.flush()
