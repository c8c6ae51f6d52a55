#!/bin/sh
# deps.sh - install the Debian packages of packages.txt that are missing
#
# On Debian 12 linux-source-6.12 may be in no suite that the machine knows; the entry for the backports suite is then
# derived from the machine's own entry for its release.
#
#	deps.sh                      install
#	deps.sh backports DIR NAME   print the entry derived from the apt configuration in DIR for the release NAME
set -eu

# entry DIR NAME: the first source of the release NAME in DIR, changed to NAME-backports, in the one-line format.
entry() {
	dir=$1 name=$2
	for file in "$dir"/sources.list "$dir"/sources.list.d/*.list; do
		[ -f "$file" ] || continue
		awk -v name="$name" '
			$1 == "deb" {
				suite = 2
				# Options stand in brackets, with or without blanks.
				if ($2 ~ /^\[/) {
					while ($suite !~ /\]$/) suite++
					suite++
				}
				suite++
				if ($suite == name) {
					$suite = name "-backports"
					NF = suite + 1
					$NF = "main"
					print
					exit
				}
			}' "$file"
	done | head -n 1 | grep . && return
	for file in "$dir"/sources.list.d/*.sources; do
		[ -f "$file" ] || continue
		awk -v name="$name" '
			function flush() {
				if (types ~ /(^| )deb( |$)/ && (" " suites " ") ~ (" " name " ") && uri != "" && enabled != "no") {
					printf "deb %s%s %s-backports main\n", key == "" ? "" : "[signed-by=" key "] ", uri, name
					done = 1
					exit
				}
				types = suites = uri = key = enabled = ""
			}
			/^#/ { next }
			/^[ \t]*$/ { flush(); next }
			tolower($1) == "types:" { sub(/^[^:]*:[ \t]*/, ""); types = $0 }
			tolower($1) == "suites:" { sub(/^[^:]*:[ \t]*/, ""); suites = $0 }
			tolower($1) == "uris:" { uri = $2 }
			tolower($1) == "signed-by:" { key = $2 }
			tolower($1) == "enabled:" { enabled = tolower($2) }
			END { if (!done) flush() }' "$file"
	done | head -n 1 | grep .
}

if [ "${1-}" = backports ]; then
	entry "$2" "$3"
	exit
fi

cd "$(dirname "$0")/.."
wanted=$(sed 's/#.*//' packages.txt)

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
	missing=
	PATH=$PATH:/usr/sbin:/sbin
	for tool in bc bison busybox ccache flex gcc git ld make mke2fs patch perl python3 qemu-system-x86_64 redis-check-rdb script sparse sqlite3 tmux vim xz; do
		command -v $tool >/dev/null || missing="$missing $tool"
	done
	[ -z "$missing" ] && exit
	echo "deps: this is not Debian; install these commands first:$missing (and set KSRC to a kernel tree)" >&2
	exit 1
fi

missing=
for package in $wanted; do
	case $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || :) in
	*' installed') ;;
	*) missing="$missing $package" ;;
	esac
done
# A user's kernel tree takes the place of the source package.
if [ -n "${KSRC-}" ]; then
	missing=$(echo " $missing " | sed 's/ linux-source-[^ ]* / /')
fi
[ -z "$(echo $missing)" ] && exit

as_root=
if [ "$(id -u)" != 0 ]; then
	as_root=sudo
	if ! command -v sudo >/dev/null; then
		echo "deps: missing packages; as root: apt-get install$missing" >&2
		exit 1
	fi
fi

candidate() {
	apt-cache policy "$1" 2>/dev/null | grep -q '^  Candidate: [^(]'
}

echo "deps: installing$missing"
$as_root apt-get -q update
for package in $missing; do
	candidate "$package" && continue
	name=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
	file=/etc/apt/sources.list.d/linux-cr-backports.list
	if [ -z "$name" ] || ! line=$(entry /etc/apt "$name"); then
		echo "deps: no package $package, and no apt source of this release to derive its backports from" >&2
		exit 1
	fi
	echo "deps: $package comes from $name-backports, now listed in $file"
	echo "$line" | $as_root tee "$file" >/dev/null
	$as_root apt-get -q update
	if ! candidate "$package"; then
		echo "deps: $name-backports has no package $package; name a kernel tree with KSRC=DIR if that is what is missing" >&2
		exit 1
	fi
done
$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends $missing
