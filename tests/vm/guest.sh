#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# guest.sh SERIES [quick]: what runs under another kernel, at the top of the tree: all programs load in every option set,
# the packet tests (quick: without those that send thousands), a short end-to-end run on both hooks. The root file system
# is the host's.
set -euo pipefail
export PYTHONPATH=tests PYTHONDONTWRITEBYTECODE=1 PORTCULLIS_BIN_DIR=$PWD/build/bin
filter='*'
[ "${2:-}" != quick ] || filter='-*MakeRoom*:*AFullTable*:*AreLimited*:*FallToTheShares*'

step() {
  printf '== Linux %s, %s s after it began to boot: %s\n' "$(uname -r)" "$(cut -d. -f1 /proc/uptime)" "$1"
}

step "programs"
build/bin/packet_programs --gtest_brief=1
step "packets"
build/bin/packet_forward --gtest_brief=1 --gtest_filter="$filter"
step "end to end"
/usr/bin/python3 tests/vm/e2e.py "$1"
step "done"
