#!/usr/bin/env python3
"""Wraps core modules in a component, as its usual encoder lays them out: wrap-component.py -o OUT.wasm MAIN.wasm [MODULE.wasm …]

Types and canonical functions are left out: a host that runs the main module by itself does not read them, but for
the string encoding, which --utf16 puts there. --nested puts the module one component deeper."""
import argparse
import sys


def leb(value):
    out = bytearray()
    while True:
        out.append(value & 0x7F | (0x80 if value > 0x7F else 0))
        value >>= 7
        if value == 0:
            return bytes(out)


def section(number, payload):
    return bytes([number]) + leb(len(payload)) + payload


def name(text):
    return leb(len(text)) + text.encode()


PREAMBLE = b"\0asm\x0d\0\x01\0"


def component(modules, utf16=False):
    out = PREAMBLE + b"".join(section(1, module) for module in modules)
    if utf16:  # one lower of function 0, with the options utf16 and memory 0
        out += section(8, leb(1) + b"\x01\x00\x00" + leb(2) + b"\x01" + b"\x03\x00")
    return out + section(0, name("component-name") + b"\0" + leb(len(name("guest"))) + name("guest"))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", dest="out", required=True)
    parser.add_argument("--nested", action="store_true")
    parser.add_argument("--utf16", action="store_true")
    parser.add_argument("modules", nargs="+")
    arguments = parser.parse_args()
    modules = []
    for path in arguments.modules:
        with open(path, "rb") as file:
            modules.append(file.read())
    made = component(modules, arguments.utf16)
    if arguments.nested:
        made = PREAMBLE + section(4, made)
    with open(arguments.out, "wb") as file:
        file.write(made)
    return 0


sys.exit(main())
