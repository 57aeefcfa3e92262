# setup.sh: what ./quickstart and ./check share. Sourced by bash, after
# `top` was set to the top of the source tree.

# Debian packages, by what needs them. ipsec-mb and AF_XDP are left out where
# the archive has none: configure then builds without.
packages_build="build-essential autoconf automake pkg-config libssl-dev
	libevent-dev libsrtp2-dev libconfuse-dev libjansson-dev libre-dev
	libcurl4-openssl-dev libcap-ng-dev libsystemd-dev openssl"
packages_build_maybe="libipsec-mb-dev libxdp-dev libbpf-dev"
packages_demo="baresip-core kamailio kamailio-tls-modules
	kamailio-secsipid-modules"
packages_check="chromium clang libcmocka-dev mandoc python3 python3-pytest
	python3-aiortc python3-cryptography python3-openssl
	python3-pylibsrtp rtpengine-daemon sip-tester"

started=$SECONDS

# say TEXT...: one line of progress, with the seconds since the start.
say() {
	printf '[%4ds] %s\n' $((SECONDS - started)) "$*"
}

# die TEXT...: what is wrong and what to do about it.
die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

package_is_there() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = \
		installed ]
}

# packages_missing NAME...: those that are not installed.
packages_missing() {
	local name
	for name; do
		package_is_there "$name" || echo "$name"
	done
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "root is needed for: $* (no sudo here; run it as root)"
	fi
}

# packages_install LOG NAME...: installs what is missing, nothing else.
packages_install() {
	local log=$1 missing
	shift
	if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null
	then
		say "no apt-get here: the packages have to be there already," \
			"by their Debian names:" $*
		return
	fi
	missing=$(packages_missing "$@")
	if [ -z "$missing" ]; then
		say "packages: all there"
		return
	fi
	say "packages: apt-get install" $missing
	export DEBIAN_FRONTEND=noninteractive
	as_root apt-get update >"$log" 2>&1 </dev/null ||
		say "packages: apt-get update failed, trying with what is known"
	# No service may start by itself only because it is installed.
	as_root env RUNLEVEL=1 apt-get install -y --no-install-recommends \
		$missing >>"$log" 2>&1 </dev/null || {
		tail -5 "$log" >&2
		die "apt-get could not install: $(echo $missing)." \
			"Install them by hand and start again ($log)."
	}
	services_stop $missing
}

# services_stop NAME...: those of them that are services stay off. Only called
# with what was installed just now: what the machine ran before is not ours.
services_stop() {
	local name
	[ -d /run/systemd/system ] || return 0
	for name; do
		case " $services " in
		*" $name "*)
			as_root systemctl disable --now "$name" \
				>/dev/null 2>&1 </dev/null
			;;
		esac
	done
	return 0
}

# packages_available NAME...: those of them that the archive has.
packages_available() {
	local name
	command -v apt-cache >/dev/null || return 0
	for name; do
		package_is_there "$name" && echo "$name" && continue
		apt-cache show "$name" >/dev/null 2>&1 && echo "$name"
	done
	return 0
}
