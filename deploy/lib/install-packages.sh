#!/usr/bin/env bash
# Installs the Debian packages of the lists that are named, and nothing else: no service is started or
# enabled, no question asked. Does nothing, not even an update, when all of them are there.
#
# usage: deploy/lib/install-packages.sh LIST...   (build, test, bench, quickstart, ci: deploy/packages/*.txt)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=deploy/lib/common.sh
source "$here/common.sh"
policy=/usr/sbin/policy-rc.d
made_policy=no
repository_help="Can this machine reach the package repositories in /etc/apt? \`apt-get update\` says."

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
  "${root[@]}" sh -c "printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy" ||
    die "$policy could not be written: packages would start their services, so none is installed."
}

allow_services() {
  [[ $made_policy == no ]] || "${root[@]}" rm -f "$policy" ||
    complain "$policy could not be removed: do it, or no package will start its service."
}

# What starts with the machine or with a user's session: links of systemd, and of the way before it.
enabled_services() {
  { find /etc/systemd/system /etc/systemd/user /etc/rc[2-5].d -type l \
    -not -path '/etc/rc*/K*' -not -path '/etc/rc*/S[0-9][0-9]procps' 2>/dev/null || true; } | sort
}
new_services() { comm -13 <(printf '%s\n' "$enabled_before") <(enabled_services); }

# disable LINK: as the package's own scripts would, so that an upgrade does not enable it again. The
# helper works for those scripts only, and by the variable knows them.
disable() {
  local name=${1##*/}
  case $1 in
    /etc/rc*) "${root[@]}" update-rc.d "${name#S[0-9][0-9]}" disable ;;
    /etc/systemd/user/*) "${root[@]}" env DPKG_MAINTSCRIPT_PACKAGE=bitsd deb-systemd-helper --user disable "$name" ;;
    *) "${root[@]}" env DPKG_MAINTSCRIPT_PACKAGE=bitsd deb-systemd-helper disable "$name" ;;
  esac
}

# A package that brings a service enables it: not here. (procps, which cmake needs, only loads kernel
# settings.) What the packages' own means leave is removed.
disable_new_services() {
  local link
  for link in $(new_services); do disable "$link" || true; done
  for link in $(new_services); do "${root[@]}" rm -f "$link" || true; done
  [[ -z $(new_services) ]]
}

update() { "${root[@]}" apt-get -qq update; }
apt_install() {
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 \
    install --yes --no-install-recommends "$@" </dev/null
}

# The lists of what can be had may be absent (a fresh system) or too old to fetch from; an
# installation before this one may have been interrupted.
install_all() {
  [[ -z $(dpkg --audit) ]] || "${root[@]}" env DEBIAN_FRONTEND=noninteractive dpkg --configure -a </dev/null || true
  apt-get -qq --simulate install "$@" >/dev/null 2>&1 || update
  apt_install "$@" || { update && apt_install "$@"; }
}

# At every end: the machine starts nothing that it did not start before.
clean_up() {
  local status=$? log
  trap - ERR
  trap '' INT TERM HUP
  set +e
  allow_services
  log=$(disable_new_services 2>&1) || {
    printf '%s\n' "$log" >&2
    complain "These packages' services start with the machine now; disable them:" "$(new_services)"
    status=1
  }
  exit "$status"
}

for list in "$@"; do
  [[ -r $here/../packages/$list.txt ]] || die "No list of packages is called $list: see deploy/packages."
done
command -v apt-get >/dev/null ||
  die "This needs Debian 12: there is no apt-get here. deploy/packages/*.txt say what has to be installed."
mapfile -t missing < <(missing_packages "$@" | sort -u)
if ((${#missing[@]} == 0)); then
  echo "every package is there: $*"
  exit 0
fi

root=()
if ((EUID != 0)); then
  if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null; then
    die "Packages are missing, and only root may install them. As root:
  apt-get update && apt-get install --no-install-recommends ${missing[*]}"
  fi
  root=(sudo -n)
fi

enabled_before=$(enabled_services)
trap clean_up EXIT
trap 'exit 130' INT TERM HUP
forbid_services
echo "installing: ${missing[*]}"
logged apt_steps install_all "${missing[@]}" ||
  die "The packages could not be installed; the reason is above. $repository_help"
mapfile -t missing < <(missing_packages "$@" | sort -u)
((${#missing[@]} == 0)) || die "apt-get said nothing, and these packages are not there: ${missing[*]}"
