#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# boot.sh KERNEL -- COMMAND ARG...     (virtme-ng, TCG)
# KERNEL: a folder into which a Debian kernel package was unpacked (dpkg-deb -x), or its name under $VMTEST_KERNELS.
# Exit status: COMMAND's own; 124 timed out; 125 the VM gave no status (panic, ...).
# Environment: VMTEST_TIMEOUT (s, 120), VMTEST_MEM (512M), VMTEST_CPUS (2), VMTEST_OUT (a folder, writable in the guest at the same path),
#              VNG (the vng command), VMTEST_VERBOSE=1 (kernel console to stderr), VMTEST_APPEND.
set -uo pipefail
die() { echo "vmtest: $*" >&2; exit 125; }
[ $# -ge 2 ] || die "usage: $0 KERNEL -- COMMAND..."
k=$1; shift; [ "$1" = -- ] && shift
[ -d "$k" ] || k=${VMTEST_KERNELS:-kernels}/$k
k=$(realpath -e "$k") || die "no kernel folder $k"
img=$(find "$k" -name 'vmlinuz*' -type f | head -n 1); [ -n "$img" ] || die "no vmlinuz under $k"
VNG=${VNG:-vng}; PATH=$(dirname "$VNG"):$PATH   # vng calls virtme-run by name
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT; out=${VMTEST_OUT:-$tmp/out}; mkdir -p "$out" "$tmp/bin"; out=$(realpath "$out")
# The guest's init runs systemd-tmpfiles and a full udev coldplug (45 s under TCG): put stand-ins first on its PATH. They do the one
# thing that is needed, names for the virtio-serial ports, and stop a real udevd (which the init takes by its absolute path).
cat >"$tmp/bin/udevd" <<'U'
#!/bin/bash
case ${1:-} in trigger) exit 0;; settle) [ -x /usr/bin/udevadm ] && /usr/bin/udevadm control --exit;; esac
modprobe -q virtio_console; mkdir -p /dev/virtio-ports
for p in /sys/class/virtio-ports/*; do { read -r n <"$p/name"; } 2>/dev/null && [ -n "$n" ] && ln -sf "../${p##*/}" "/dev/virtio-ports/$n"; done
exit 0
U
cp "$tmp/bin/udevd" "$tmp/bin/udevadm"; printf '#!/bin/sh\nexit 0\n' >"$tmp/bin/systemd-tmpfiles"; chmod +x "$tmp"/bin/*
# The command goes through a file: the kernel's command line holds 2,048 characters only.
{ printf ': >%q\n' "$out/.vmtest-up"
  echo 'export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 VMTEST=1'
  printf 'export VMTEST_OUT=%q; cd %q || exit 125\n' "$out" "$PWD"
  printf '[ -e /dev/virtio-ports/virtme.stdout ] || exec >%q 2>&1\n' "$out/.vmtest-log"   # no virtio_console in this kernel
  echo 'mountpoint -q /sys/fs/bpf || mount -t bpf bpf /sys/fs/bpf; ip link set lo up; ulimit -l unlimited'
  printf '('; printf '%q ' "$@"; printf ') 2>&1; rc=$?; echo $rc >%q; exit $rc\n' "$out/.vmtest-rc"; } >"$tmp/job"
a=(); for p in PATH="$tmp/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" mitigations=off init_on_alloc=0 nokaslr tsc=reliable no_timer_check \
  random.trust_cpu=on rcupdate.rcu_expedited=1 apparmor=0 audit=0 cryptomgr.notests=1 oops=panic ${VMTEST_APPEND:-}; do a+=(-a "$p"); done
for try in 1 2 3; do rm -f "$out"/.vmtest-{up,rc,log}   # tried again only while the guest has not got as far as COMMAND
# thread=single: QEMU before 8.1 has a race in multi-threaded TCG that kills one boot in about 100 ("int3: 0000" where the kernel patches its own code)
# stdin, stdout, stderr must be a tty, a pipe or /dev/null: QEMU reopens /proc/self/fd/N (truncating a plain file; impossible for a socket)
{ timeout -k 5 "${VMTEST_TIMEOUT:-120}" "$VNG" --disable-kvm --force-9p --cpus "${VMTEST_CPUS:-2}" --memory "${VMTEST_MEM:-512M}" ${VMTEST_VERBOSE:+--verbose} \
  --qemu-opts="-accel tcg,thread=single" --run "$img" "${a[@]}" --rwdir "$out" --exec "bash $tmp/job" </dev/null 2>&1; echo $? >"$tmp/q"; } | cat
read -r q <"$tmp/q"; cat "$out/.vmtest-log" 2>/dev/null
[ "$q" = 124 ] || [ -e "$out/.vmtest-up" ] && break
echo "vmtest: boot $try failed (vng: $q)" >&2; done
read -r rc 2>/dev/null <"$out/.vmtest-rc" && exit "$rc"
echo "vmtest: no exit status from the VM (vng: $q)" >&2
[ "$q" = 124 ] && exit 124; exit 125
