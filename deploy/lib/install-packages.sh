#!/usr/bin/env bash
# Installs the Debian packages of the lists that are named, and nothing else: no service is started or
# enabled, no question asked. Does nothing, not even an update, when all of them are there.
#
# usage: deploy/lib/install-packages.sh LIST...   (build, test, bench, quickstart, ci: deploy/packages/*.txt)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
policy=/usr/sbin/policy-rc.d
made_policy=no

# Prints the packages of the lists that are not installed.
missing_packages() {
  local list package command
  for list in "$@"; do
    while read -r package command; do
      if [[ -n $command ]] && command -v "$command" >/dev/null; then continue; fi
      dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^[hi]i' || echo "$package"
    done < <(grep -Ev '^(#|$)' "$here/../packages/$list.txt")
  done
}

# Debian asks this program before it starts a service of a package it installs; 101 means: do not.
forbid_services() {
  [[ -e $policy ]] && return
  made_policy=yes
  "${root[@]}" sh -c "printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy"
}

allow_services() {
  if [[ $made_policy == yes ]]; then "${root[@]}" rm -f "$policy"; fi
}

# What starts with the machine: links of systemd, and of the way before it.
enabled_services() { find /etc/systemd/system /etc/rc[2-5].d -type l 2>/dev/null | sort; }

# A package that brings a service enables it: not here. (procps, which cmake needs, only loads kernel
# settings.)
disable_new_services() {
  local link name
  while read -r link; do
    name=${link##*/}
    case $link in
      */S[0-9][0-9]procps) ;;
      /etc/rc*) "${root[@]}" update-rc.d "${name#S[0-9][0-9]}" disable ;;
      *) "${root[@]}" deb-systemd-helper disable "$name" ;;
    esac
  done < <(comm -13 <(printf '%s\n' "$enabled_before") <(enabled_services)) >>"$log" 2>&1
}

update() { "${root[@]}" apt-get -qq update; }
apt_install() {
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -qq -o Dpkg::Use-Pty=0 install --yes --no-install-recommends "$@" </dev/null
}

# The lists of what can be had may be absent (a fresh system) or too old to fetch from.
install_all() {
  apt-get -qq --simulate install "$@" >/dev/null 2>&1 || update
  apt_install "$@" || { update && apt_install "$@"; }
}

clean_up() {
  allow_services
  disable_new_services
  rm -f "$log"
}

for list in "$@"; do
  [[ -r $here/../packages/$list.txt ]] || { echo "no list of packages is called $list" >&2 && exit 1; }
done
mapfile -t missing < <(missing_packages "$@" | sort -u)
if ((${#missing[@]} == 0)); then
  echo "every package is there: $*"
  exit 0
fi

root=()
if ((EUID != 0)); then
  if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null; then
    echo "Packages are missing, and only root may install them. As root:" >&2
    echo "  apt-get update && apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
  fi
  root=(sudo -n)
fi

enabled_before=$(enabled_services)
log=$(mktemp)
trap clean_up EXIT
trap 'exit 130' INT TERM HUP
forbid_services
echo "installing: ${missing[*]}"
if ! install_all "${missing[@]}" >"$log" 2>&1; then
  cat "$log" >&2
  echo "The packages could not be installed; the reason is above." >&2
  exit 1
fi
