#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What `./dev vm` runs under another kernel, at the top of the tree: all programs load, the packet tests, a short end-to-end
# run on both hooks. The root file system is the host's.
set -euo pipefail
export PYTHONPATH=tests:tests/e2e PYTHONDONTWRITEBYTECODE=1 PORTCULLIS_BIN_DIR=$PWD/build/bin

echo "== $(uname -r): programs"
build/bin/packet_programs --gtest_brief=1
echo "== $(uname -r): packets"
build/bin/packet_forward --gtest_brief=1
echo "== $(uname -r): end to end"
/usr/bin/python3 -m pytest -q -p no:cacheprovider tests/e2e/test_forwarding.py -k "split_by_weight or same_node"
