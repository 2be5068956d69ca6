# SPDX-License-Identifier: Apache-2.0
"""Reads a pinned map by the bpf() system call: fast enough to see when it changes."""

import ctypes
import ctypes.util
import os
import platform
import struct

BPF_MAP_LOOKUP_ELEM, BPF_MAP_GET_NEXT_KEY, BPF_OBJ_GET, BPF_OBJ_GET_INFO_BY_FD = 1, 4, 7, 15
SYS_BPF = {"x86_64": 321, "aarch64": 280}[platform.machine()]


class PinnedMap:
    """A map that is not per CPU; keys and values as bytes."""

    def __init__(self, path):
        self._libc = ctypes.CDLL(ctypes.util.find_library("c"), use_errno=True)
        name = ctypes.create_string_buffer(str(path).encode())
        self._fd = self._bpf(BPF_OBJ_GET, struct.pack("QII", ctypes.addressof(name), 0, 0))
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(path))
        info = ctypes.create_string_buffer(256)
        self._bpf(BPF_OBJ_GET_INFO_BY_FD, struct.pack("IIQ", self._fd, len(info), ctypes.addressof(info)))
        _, _, key_size, value_size = struct.unpack_from("IIII", info.raw)
        self._key, self._following, self._value = (ctypes.create_string_buffer(size) for size in (key_size, key_size, value_size))

    def close(self):
        os.close(self._fd)

    def _bpf(self, command, attributes):
        return self._libc.syscall(SYS_BPF, command, ctypes.create_string_buffer(attributes, 128), 128)

    def get(self, key):
        """The value, or None."""
        ctypes.memmove(self._key, key, len(key))
        done = self._bpf(BPF_MAP_LOOKUP_ELEM, struct.pack("IIQQQ", self._fd, 0, ctypes.addressof(self._key),
                                                          ctypes.addressof(self._value), 0))
        return self._value.raw if done == 0 else None

    def keys(self):
        found, current = [], 0
        while self._bpf(BPF_MAP_GET_NEXT_KEY, struct.pack("IIQQQ", self._fd, 0, current,
                                                          ctypes.addressof(self._following), 0)) == 0:
            found.append(self._following.raw)
            ctypes.memmove(self._key, self._following, len(self._following))
            current = ctypes.addressof(self._key)
        return found

    def items(self):
        return {key: self.get(key) for key in self.keys()}
