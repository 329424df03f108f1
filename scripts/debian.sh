# Sourced after environment.sh: Debian 13s that are made once, as archives or folders in the cache.

maker=(mmdebstrap)

hash_of() { sha256sum | cut -c1-16; }

# debian RESULT LIST [mmdebstrap arguments]: RESULT is NAME-HASH.tar, or NAME-HASH, a folder; HASH is that of what makes it.
# maker: mmdebstrap, or what runs it.
debian() {
  local result=$1 include=$2 making mode=root
  shift 2
  if [ -e "$result" ]; then
    touch "$result"
    return 0
  fi
  mkdir -p "$machines_dir"
  making=$(mktemp -d "$machines_dir/making-debian.XXXXXX")
  # shellcheck disable=SC2064  # this folder, whatever the variable is later
  trap "rm -rf '$making'" EXIT
  [ "$(id -u)" = 0 ] || [ ${#maker[@]} -gt 1 ] || mode=unshare
  say "making a Debian 13 in $result (half a minute; where its programs are emulated ten; once)"
  # shellcheck disable=SC2086  # no mirror means no argument
  "${maker[@]}" --quiet --mode=$mode "$@" --include="$include" --aptopt='APT::Install-Recommends "false"' \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    trixie "$making/debian${result#"${result%.tar}"}" ${CELERIAC_MIRROR:-}
  # What was made for another list, and nobody has asked for in a month: another clone may be at work with it.
  find "$(dirname "$result")" -maxdepth 1 -name "$(basename "${result%-*}")-*" -mtime +30 -exec rm -rf {} +
  mv "$making/debian"* "$result"
  rm -rf "$making"
  trap - EXIT
}

# Sets CELERIAC_SYSROOT: the Debian 13 that the preset arm64 is built and run with. packages.txt's libraries, and what the
# virtual machines of arm64 begin with.
arm64_sysroot() {
  local list tell as=(env)
  list=$({ package_names | grep -E -- '^catch2$|-dev$' | grep -v wasm32
    printf '%s\n' libc6-dev libstdc++-14-dev python3 busybox-static; } | sort -u | paste -sd,)
  # Which package a library is of, and since which version it has a symbol: what dpkg-shlibdeps asks of a folder with
  # libraries that no database of dpkg knows. The packages are unpacked and not installed, so nothing else tells it.
  # shellcheck disable=SC2016  # mmdebstrap's own variable
  tell='set -e; mkdir "$1/DEBIAN"; for deb in "$1"/var/cache/apt/archives/*.deb; do for kind in symbols shlibs; do
    dpkg-deb --info "$deb" "$kind" >>"$1/DEBIAN/$kind" 2>/dev/null || true; done; done; test -s "$1/DEBIAN/symbols"'
  export CELERIAC_SYSROOT=$machines_dir/sysroot-arm64-$(hash_of <<<"$list $tell")
  debian "$CELERIAC_SYSROOT" "$list" --variant=extract --arch=arm64 --extract-hook="$tell"
  # The emulator would look for devices and configuration here first; and nothing has linked /lib.
  [ "$(id -u)" = 0 ] || as=(unshare --map-root-user --map-auto)
  [ ! -e "$CELERIAC_SYSROOT/dev" ] || "${as[@]}" rm -rf "$CELERIAC_SYSROOT"/{dev,etc,tmp}
  [ -e "$CELERIAC_SYSROOT/lib" ] || "${as[@]}" ln -s usr/lib "$CELERIAC_SYSROOT/lib"
}
