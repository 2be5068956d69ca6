#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# kernels.sh DIR SERIES...   SERIES: 5.10 6.1 6.12 6.18 7.3 ...: unpacks the newest Debian kernel of each series into DIR/SERIES (nothing is installed)
set -euo pipefail
dir=$1; shift; mkdir -p "$dir/.apt"/{lists/partial,cache/archives/partial}; dir=$(realpath "$dir")
K='[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]'
# the same archive that this machine's apt uses, other suites
uris=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | sort -u)
security=$(grep -m1 security <<<"$uris"); main=$(grep -vm1 security <<<"$uris")
cat >"$dir/.apt/sources.list" <<S
deb $K $security bullseye-security main
deb $K $security bookworm-security main
deb $K $main trixie-backports main
S
A=(-qq -o "Dir::Etc::sourcelist=$dir/.apt/sources.list" -o Dir::Etc::sourceparts=/dev/null -o "Dir::State::lists=$dir/.apt/lists" -o "Dir::Cache=$dir/.apt/cache"
   -o APT::Sandbox::User=root -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false -o Acquire::Languages=none)
apt-get "${A[@]}" update
for s in "$@"; do
  img=$(apt-cache "${A[@]}" search --names-only "^linux-image-${s//./\\.}\\.[0-9.]*([-+][-0-9a-z+.]*)?-amd64\$" | awk '{print $1}' | grep -vE 'cloud|rt-|unsigned|dbg|deb11' | sort -V | tail -n 1)
  [ -n "$img" ] || { echo "no kernel $s" >&2; exit 1; }
  v=${img#linux-image-}
  [ "$(cat "$dir/$s/.version" 2>/dev/null)" = "$v" ] && continue
  rm -rf "$dir/$s" "$dir/.apt/deb"; mkdir -p "$dir/$s" "$dir/.apt/deb"
  p=("$img"); for x in linux-binary linux-modules linux-base; do [ -n "$(apt-cache "${A[@]}" madison "$x-$v" 2>/dev/null)" ] && p+=("$x-$v"); done   # 6.19+ are split so
  (cd "$dir/.apt/deb" && apt-get "${A[@]}" download "${p[@]}")
  for d in "$dir/.apt/deb"/*.deb; do   # all of the kernel but only the modules that network tests use
    dpkg-deb --fsys-tarfile "$d" | tar -x -C "$dir/$s" --wildcards --exclude='*/drivers/net/ethernet/*' --exclude='*/drivers/net/wireless/*' './boot/*' '*/vmlinuz' '*/modules.*' \
      '*/kernel/'{arch,crypto,lib,net,fs/9p,fs/netfs,fs/fscache,fs/overlayfs,fs/fuse,drivers/net,drivers/virtio}'/*' '*/drivers/char/virtio*' '*/drivers/block/virtio*' 2>/dev/null || true
  done
  [ -n "$(find "$dir/$s" -name 'vmlinuz*')" ] && [ -n "$(find "$dir/$s" -name '9p.ko*')" ] && [ -n "$(find "$dir/$s" -name 'veth.ko*')" ] || { echo "$img: not as expected" >&2; exit 1; }
  echo "$v" >"$dir/$s/.version"; echo "$s: $v"
done
rm -rf "$dir/.apt/deb"
