"""A clock that a test sets forward, for one server: what takes minutes is seen in milliseconds.

The server stays the real executable. A few lines of C, loaded before the C library, add to what `clock_gettime`
says the seconds that stand in a file. Timers notice when something next wakes the server, as any call does.
"""

import mmap
import pathlib
import struct
import subprocess

SOURCE = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static volatile int64_t *ahead_s;

__attribute__((constructor)) static void open_clock(void) {
    int file = open(getenv("TEST_CLOCK"), O_RDONLY);
    void *page = file < 0 ? MAP_FAILED : mmap(0, sizeof *ahead_s, PROT_READ, MAP_SHARED, file, 0);
    if (page == MAP_FAILED) abort();
    ahead_s = page;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    int failed = (int)syscall(SYS_clock_gettime, clock, time);
    /* Clocks of processors and threads are no times of day. */
    if (!failed && ahead_s && (clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME))
        time->tv_sec += *ahead_s;
    return failed;
}
"""


class Clock:
    """`variables` is what the server's environment needs; `advance` sets its clocks forward."""

    def __init__(self, directory):
        directory = pathlib.Path(directory)
        source, library, self._file = (directory / name for name in ("clock.c", "clock.so", "clock"))
        source.write_text(SOURCE)
        command = ["cc", "-shared", "-fPIC", "-O1", "-o", library, source]
        subprocess.run(command, check=True, capture_output=True, text=True)
        self._file.write_bytes(bytes(mmap.PAGESIZE))
        self.variables = {"LD_PRELOAD": str(library), "TEST_CLOCK": str(self._file)}
        self._ahead_s = 0

    def advance(self, seconds):
        self._ahead_s += seconds
        with self._file.open("r+b") as file, mmap.mmap(file.fileno(), 8) as page:
            page[:8] = struct.pack("=q", self._ahead_s)
