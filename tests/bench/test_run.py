# SPDX-License-Identifier: Apache-2.0
"""The program test_run, which runs the programs by BPF_PROG_TEST_RUN."""

import json
import subprocess

from lab.topology import BIN


def lines(command, *words):
    """Its output, an object a line, as it comes."""
    with subprocess.Popen([str(BIN / "test_run"), command, *map(str, words)], stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            yield json.loads(line)
    if process.returncode:
        raise SystemExit(f"test_run {command} ended with {process.returncode}")
