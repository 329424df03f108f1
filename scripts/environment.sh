# Sourced by the other scripts: where things are, and which kind of machine this is.

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cache_dir=${CELERIAC_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/celeriac}
preset=${CELERIAC_PRESET:-release}
build_dir=$source_dir/build/$preset
machines_dir=$cache_dir/machines # images of virtual machines

# The names of packages.txt, or of another list, without comments, one a line.
package_names() { sed -e 's/#.*//' -e 's/[[:space:]]*$//' -e '/^$/d' "$source_dir/${1:-packages.txt}"; }

# The Debian 13 root that belongs to this packages.txt.
root_dir=$cache_dir/debian13-$(package_names | sort | sha256sum | cut -c1-16)

# True on Debian 13 and its derivatives (Raspberry Pi OS 13), where nothing has to be entered.
on_debian_13() { [ -r /etc/os-release ] && (. /etc/os-release && [ "${VERSION_CODENAME:-}" = trixie ]); }

say() { printf '\033[1m%s\033[0m\n' "celeriac: $*" >&2; }
[ -t 2 ] || say() { printf 'celeriac: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }
