#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# test.sh [SERIES]: runs guest.sh under that kernel (5.10, 6.1, ...); or, as part of `./dev test`, its quick form under
# the first that `./dev vm` has unpacked. Exit status 77, with the reason, where none can be run.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."

skip() { echo "skipped: $*"; exit 77; }

# The oldest first: it lacks the most.
first_at_hand() {
  local series
  for series in 5.10 6.1 6.12 6.18 7.3; do
    [ ! -e "build-vm/kernels/$series/.version" ] || { echo "$series"; return; }
  done
}

series=${1:-$(first_at_hand)}
form=${1:+whole}
[ -n "$series" ] || skip "no kernel is unpacked below build-vm/ (./dev vm 5.10 brings one)"
[ -x build-vm/venv/bin/vng ] || skip "virtme-ng is missing below build-vm/ (./dev vm 5.10 brings it)"
command -v qemu-system-x86_64 >/dev/null || skip "qemu-system-x86 is not installed (./dev vm 5.10 installs it)"
export VNG=$PWD/build-vm/venv/bin/vng VMTEST_KERNELS=build-vm/kernels VMTEST_MEM=2G VMTEST_TIMEOUT=${VMTEST_TIMEOUT:-600}
exec tests/vm/boot.sh "$series" -- tests/vm/guest.sh "$series" "${form:-quick}"
