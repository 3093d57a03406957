#!/bin/sh
# Unpacks Debian 13's redis-server and the libraries it needs into a folder, which is what the
# differential tests of commands newer than 7.2 compare with: tests/redis8.sh [FOLDER]. Nothing is
# installed. Needs the network, and apt.
set -eu
root=$(mkdir -p "${1:-build/redis8}" && cd "${1:-build/redis8}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
keys=/usr/share/keyrings/debian-archive-keyring.gpg
[ -e /usr/share/keyrings/debian-archive-trixie-automatic.gpg ] &&
	keys=/usr/share/keyrings/debian-archive-trixie-automatic.gpg
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/packages"
echo "deb [signed-by=$keys] http://deb.debian.org/debian trixie main" >"$work/sources.list"
cat >"$work/apt.conf" <<CONF
Dir::State::Lists "$work/lists";
Dir::Cache "$work/cache";
Dir::Etc::SourceList "$work/sources.list";
Dir::Etc::SourceParts "/nonexistent";
Acquire::Languages "none";
CONF
export APT_CONFIG="$work/apt.conf"
apt-get -q update
cd "$work/packages"
apt-get -q download redis-server redis-tools libatomic1 libc6 libjemalloc2 liblzf1 libssl3t64 libstdc++6 \
	libsystemd0 libgcc-s1 libcap2 libzstd1 zlib1g
for package in *.deb; do dpkg -x "$package" "$root"; done
"$root/usr/lib64/ld-linux-x86-64.so.2" --library-path "$root/usr/lib/x86_64-linux-gnu" \
	"$root/usr/bin/redis-server" --version
