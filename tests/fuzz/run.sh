#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run.sh TARGET SECONDS [LIBFUZZER OPTIONS]: fuzzes with build-fuzz/bin/fuzz_TARGET, which `./dev build fuzz` makes,
# beginning with the corpus; for the decoder also with every manifest of the tests and examples. What fails is left in
# build-fuzz/failures, with the command that runs it again. Exit code 77: there is no such program.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."

target=$1 seconds=$2
program=build-fuzz/bin/fuzz_$target
if ! [ -x "$program" ]; then
  echo "skipped: there is no $program (./dev build fuzz makes it)"
  exit 77
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/found" "$work/seeds" build-fuzz/failures
options=(-max_total_time="$seconds" -max_len=16384 -timeout=10 -artifact_prefix=build-fuzz/failures/ "${@:3}")
if [ "$target" = decode ]; then
  options+=(-dict=tests/fuzz/decode.dict)
  find tests/golden tests/verdicts deploy -name '*.yaml' | while read -r manifest; do
    cp "$manifest" "$work/seeds/${manifest//\//_}"
  done
fi
"$program" "${options[@]}" "$work/found" "tests/fuzz/corpus/$target" "$work/seeds" || {
  code=$?
  echo "Again: $program build-fuzz/failures/FILE, with the file of \"Test unit written to\""
  exit "$code"
}
