#!/usr/bin/env bash
# Installs a build, or removes what was installed from it.
#
# usage: deploy/install.sh BUILD PREFIX       $DESTDIR before PREFIX is heeded, for packagers
#        deploy/install.sh --undo BUILD
#
# CMake writes what it has installed to BUILD/install_manifest.txt; --undo removes that, and folders
# of Synap's own that are empty then.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/sbin # ldconfig lives there, and an ordinary user's PATH does not name it

fail() {
    echo "install: $*" >&2
    exit 1
}

# as_owner FOLDER COMMAND...: through sudo where FOLDER, or what it will be made in, is not ours.
as_owner() {
    local folder=$1
    shift
    while [ ! -e "$folder" ]; do folder=$(dirname "$folder"); done
    if [ -w "$folder" ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        echo "install: $folder belongs to another user: through sudo"
        sudo "$@"
    else
        fail "$folder cannot be written, and there is no sudo; PREFIX=FOLDER names another"
    fi
}

# Whether the loader finds the library: it reads a cache, which only root can renew.
renew_loader_cache() {
    local folder=$1
    [ -z "${DESTDIR:-}" ] || return 0
    if [[ $'\n'$(ldconfig -v -N -X 2>/dev/null) = *$'\n'"$folder:"* ]]; then
        as_owner /etc/ld.so.cache ldconfig
    else
        echo "install: the loader does not look in $folder. Link with -Wl,-rpath,$folder, or"
        echo "install: start programs with LD_LIBRARY_PATH=$folder, or, for every program:"
        echo "    echo $folder | sudo tee /etc/ld.so.conf.d/synap.conf && sudo ldconfig"
    fi
}

install_build() {
    local build=$1 prefix library
    prefix=$(realpath -m "$2")
    as_owner "${DESTDIR:-}$prefix" env DESTDIR="${DESTDIR:-}" \
        cmake --install "$build" --prefix "$prefix"
    library=$(grep '/libsynap\.so$' "$build/install_manifest.txt")
    renew_loader_cache "$(dirname "$library")"
}

undo() {
    local manifest=$1/install_manifest.txt file folder
    [ -e "$manifest" ] || fail "no $manifest: nothing was installed from this checkout"
    file=${DESTDIR:-}$(head -n 1 "$manifest")
    sed "s|^|${DESTDIR:-}|" "$manifest" | as_owner "$(dirname "$file")" xargs -d '\n' rm -f --
    sed -nE "s|^(.*/[sS]ynap(/.*)?)/[^/]*$|${DESTDIR:-}\1|p" "$manifest" | sort -ru |
        while read -r folder; do
            while [[ ${folder##*/} != "" && $folder =~ /[sS]ynap(/|$) ]]; do
                as_owner "$(dirname "$folder")" rmdir --ignore-fail-on-non-empty "$folder"
                folder=$(dirname "$folder")
            done
        done
    rm -f "$manifest"
    echo "install: removed what $manifest named"
}

case "${1:-}" in
    --undo) undo "${2:?BUILD}" ;;
    *) install_build "${1:?BUILD}" "${2:?PREFIX}" ;;
esac
