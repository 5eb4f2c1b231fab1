"""
Ids of all BPF maps, and all programs, of the machine, as JSON. Opens no map: bpftool does, also of the programs it lists (for
their metadata). Where an array of programs is opened while its last owner ends, the kernel counts the clearing of it twice, and
keeps the empty array for good (prog_array_map_clear in kernel/bpf/arraymap.c). Needs root.
"""

import ctypes
import errno
import json
import os
import platform
import re
import struct

# bpf(2): the number of the call on each processor, and its commands.
CALL = {'x86_64': 321, 'aarch64': 280}[platform.machine()]
PROG_GET_NEXT_ID, MAP_GET_NEXT_ID, PROG_GET_FD_BY_ID, OBJ_GET_INFO_BY_FD = 11, 12, 13, 15

ATTRIBUTES_BYTES = 128
MAPS_MAX = 64
# struct bpf_prog_info, as far as its name.
INFO = struct.Struct('=II8sIIQQQIIQ16s')

libc = ctypes.CDLL(None, use_errno=True)


def bpf(command, attributes):
    result = libc.syscall(CALL, command, attributes, ATTRIBUTES_BYTES)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def attributes(layout, *values):
    made = ctypes.create_string_buffer(ATTRIBUTES_BYTES)
    struct.pack_into(layout, made, 0, *values)
    return made


def ids(command):
    last = 0
    while True:
        asked = attributes('=I', last)
        try:
            bpf(command, asked)
        except FileNotFoundError:
            return
        last = struct.unpack_from('=I', asked, 4)[0]
        yield last


def described(fd):
    maps = (ctypes.c_uint32 * MAPS_MAX)()
    info = ctypes.create_string_buffer(INFO.size)
    empty = (0, 0, b'', 0, 0, 0, 0, 0, 0, MAPS_MAX, ctypes.addressof(maps), b'')
    INFO.pack_into(info, 0, *empty)
    bpf(OBJ_GET_INFO_BY_FD, attributes('=IIQ', fd, INFO.size, ctypes.addressof(info)))
    _, number, tag, jited, _, _, _, _, _, count, _, name = INFO.unpack_from(info)
    with open(f'/proc/self/fdinfo/{fd}', encoding='ascii') as lines:
        charged = re.search(r'^memlock:\s*(\d+)', lines.read(), re.MULTILINE)
    return {
        'id': number,
        'name': name.rstrip(b'\0').decode('latin1'),
        'tag': tag.hex(),
        'map_ids': list(maps[: min(count, MAPS_MAX)]),
        'bytes_memlock': int(charged[1]) if charged else 0,
        'bytes_jited': jited,
    }


def programs():
    for number in ids(PROG_GET_NEXT_ID):
        try:
            fd = bpf(PROG_GET_FD_BY_ID, attributes('=I', number))
        except OSError as error:
            # It has gone meanwhile.
            if error.errno == errno.ENOENT:
                continue
            raise
        try:
            yield described(fd)
        finally:
            os.close(fd)


print(json.dumps({'maps': list(ids(MAP_GET_NEXT_ID)), 'programs': list(programs())}))
