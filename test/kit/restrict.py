"""Runs a program under the system call rules of a systemd unit, without systemd.

    restrict.py DENIED FAMILIES NAMESPACES COMMAND...

DENIED are system calls that fail with EPERM; FAMILIES the address families that sockets may have; NAMESPACES the kinds of
namespaces that may be made and entered. Each is a list separated by commas. The filter is the one that systemd.exec(5)
describes for SystemCallFilter=, RestrictAddressFamilies= and RestrictNamespaces=, clone3 failing with ENOSYS included.
"""

import ctypes
import errno
import glob
import os
import platform
import re
import socket
import struct
import sys

LD, JEQ, JSET, RET = 0x20, 0x15, 0x45, 0x06
ALLOW, FAIL, KILL = 0x7FFF0000, 0x00050000, 0x80000000
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
HEADERS = {"x86_64": "/usr/include/*/asm/unistd_64.h", "aarch64": "/usr/include/asm-generic/unistd.h"}
NAMESPACES = {
    "mnt": 0x00020000,
    "cgroup": 0x02000000,
    "uts": 0x04000000,
    "ipc": 0x08000000,
    "user": 0x10000000,
    "pid": 0x20000000,
    "net": 0x40000000,
}


def numbers():
    (header,) = glob.glob(HEADERS[platform.machine()])[:1]
    with open(header, encoding="ascii") as lines:
        return {name: int(number) for name, number in re.findall(r"#define __NR_(\w+) (\d+)", lines.read())}


def instruction(code, k, if_true=0, if_false=0):
    return struct.pack("HBBI", code, if_true, if_false, k)


def fail(error):
    return instruction(RET, FAIL | error)


def on_call(number, rules):
    """Rules for one system call; whatever they do not decide is allowed."""
    body = rules + [instruction(RET, ALLOW)]
    return [instruction(LD, NUMBER), instruction(JEQ, number, 0, len(body))] + body


def program(denied, families, namespaces):
    known = numbers()
    forbidden = sum(flag for name, flag in NAMESPACES.items() if name not in namespaces)
    rules = [
        instruction(LD, ARCHITECTURE),
        instruction(JEQ, ARCHITECTURES[platform.machine()], 1, 0),
        instruction(RET, KILL),
    ]
    for name in denied:
        if name in known:
            rules += on_call(known[name], [fail(errno.EPERM)])
    allowed = [instruction(LD, ARGUMENTS)]
    for family in families:
        allowed += [instruction(JEQ, getattr(socket, family), 0, 1), instruction(RET, ALLOW)]
    rules += on_call(known["socket"], allowed + [fail(errno.EAFNOSUPPORT)])
    for name, argument in (("unshare", 0), ("clone", 0), ("setns", 1)):
        kinds = [instruction(LD, ARGUMENTS + 8 * argument)]
        if name == "setns":
            kinds += [instruction(JEQ, 0, 0, 1), fail(errno.EPERM)]
        rules += on_call(known[name], kinds + [instruction(JSET, forbidden, 0, 1), fail(errno.EPERM)])
    rules += on_call(known["clone3"], [fail(errno.ENOSYS)])
    return rules + [instruction(RET, ALLOW)]


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def main():
    denied, families, namespaces = (argument.split(",") for argument in sys.argv[1:4])
    rules = program(denied, families, namespaces)
    filters = Program(len(rules), b"".join(rules))
    libc = ctypes.CDLL(None, use_errno=True)
    for call in ((38, 1, 0, 0, 0), (22, 2, ctypes.byref(filters), 0, 0)):  # PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP
        if libc.prctl(*call):
            sys.exit(f"prctl {call[0]}: {os.strerror(ctypes.get_errno())}")
    os.execvp(sys.argv[4], sys.argv[4:])


main()
