#!/usr/bin/env bash
# deploy/quickstart works, and leaves the machine as it was: no process, no listening socket, no user,
# no service, no file, at its ordinary end as well as when it is interrupted.
#
# usage: tests/integration/quickstart_test.sh [FOLDER]     FOLDER keeps the output of quickstart
# Status 77: skipped.
set -uo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
((EUID == 0)) || {
  echo "skipped: needs root, as deploy/quickstart does"
  exit 77
}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# Everything that quickstart starts inherits this.
export BITSD_QUICKSTART_TEST=$scratch
failures=0

fail() {
  echo "FAILED: $*" >&2
  failures=$((failures + 1))
}

# Local addresses of TCP sockets that listen (state 0A) and of all UDP sockets.
sockets() {
  awk 'FNR > 1 && $4 == "0A" { print "tcp", $2 }' /proc/net/tcp /proc/net/tcp6 2>/dev/null
  awk 'FNR > 1 { print "udp", $2 }' /proc/net/udp /proc/net/udp6 2>/dev/null
}

# cmake needs procps, whose script only loads kernel settings at boot.
services() {
  find /etc/systemd/system /etc/rc?.d -type l 2>/dev/null | grep -v '/S01procps$'
  find /usr/sbin/policy-rc.d 2>/dev/null
}

# Processes that came from quickstart, or that the demonstration's identities have.
processes() {
  local folder uid
  for folder in /proc/[0-9]*; do
    uid=$(awk '/^Uid:/ { print $2 }' "$folder/status" 2>/dev/null)
    if ((${uid:-0} >= 61000 && ${uid:-0} < 61100)) || is_ours "$folder"; then
      echo "${folder#/proc/} $(tr '\0' ' ' 2>/dev/null <"$folder/cmdline")"
    fi
  done
}

# /proc shows the environment that a process was started with: this script itself has no mark.
is_ours() { grep -qzxF "BITSD_QUICKSTART_TEST=$scratch" "$1/environ" 2>/dev/null; }

# snapshot NAME: everything that must be the same before and after.
snapshot() {
  mkdir -p "$scratch/$1"
  sockets | sort >"$scratch/$1/sockets"
  services | sort >"$scratch/$1/services"
  cat /etc/passwd /etc/group >"$scratch/$1/users"
  find "${TMPDIR:-/tmp}" -maxdepth 1 -name 'bitsd-quickstart.*' | sort >"$scratch/$1/files"
  processes >"$scratch/$1/processes"
  sort -o "$scratch/$1/processes" "$scratch/$1/processes"
}

# added NAME...: the lines that a list of the snapshot has now and had not before. What has gone since
# was another's, which was about to end.
added() {
  local name
  for name in "$@"; do comm -13 "$scratch/before/$name" "$scratch/after/$name" | sed "s/^/$name: /"; done
}

# as_before: the machine is as it was. Prints what is not.
as_before() {
  snapshot after
  diff "$scratch/before/users" "$scratch/after/users"
  diff "$scratch/before/services" "$scratch/after/services"
  added sockets files processes
}

# compare WHEN: the machine is as it was. What is being closed may take a moment.
compare() {
  local end=$((SECONDS + 10))
  until as_before >"$scratch/difference" && [[ ! -s $scratch/difference ]]; do
    if ((SECONDS >= end)); then
      fail "$1, the machine is not as it was before:"
      cat "$scratch/difference" >&2
      return
    fi
  done
}

# run_quickstart LOG ARGUMENTS...: with no terminal.
run_quickstart() {
  local log=$scratch/$1
  shift
  deploy/quickstart "$@" </dev/null >"$log" 2>&1 && return
  fail "deploy/quickstart $*: status $?"
  cat "$log" >&2
}

test_ordinary_end() {
  run_quickstart ordinary.log
  grep -q "Refused by the rule handle_bound_to_another" "$scratch/ordinary.log" || fail "no refusal was shown"
  grep -q "nothing is opened as alice any more" "$scratch/ordinary.log" || fail "no logoff was shown"
  grep -q "Server and proxy saw netuser" "$scratch/ordinary.log" || fail "netuser was not shown to server and proxy"
  grep -q "Server and proxy saw fetcher" "$scratch/ordinary.log" || fail "fetcher was not shown to server and proxy"
  compare "after it ended"
}

test_keep() {
  local line
  run_quickstart keep.log --keep
  if comm -13 "$scratch/before/sockets" <(sockets | sort) | grep -vE '^(tcp|udp) (0100007F|0000000000000000FFFF00000100007F):'; then
    fail "a socket above is not on 127.0.0.1"
  fi
  grep -E '^  env XDG_RUNTIME_DIR=' "$scratch/keep.log" >"$scratch/commands"
  [[ $(wc -l <"$scratch/commands") == 3 ]] || fail "--keep does not print three commands"
  while read -r line; do
    eval "$line" </dev/null >"$scratch/command.log" 2>&1 || fail "a printed command fails: $(<"$scratch/command.log")"
  done <"$scratch/commands"
  eval "$(sed -n 's/^And to end it: //p' "$scratch/keep.log")"
  compare "after --keep was ended"
}

# Interrupted as soon as bitsd listens.
test_interruption() {
  local pid end=$((SECONDS + 300))
  deploy/quickstart </dev/null >"$scratch/interrupted.log" 2>&1 &
  pid=$!
  until grep -q "bitsd listens on" "$scratch/interrupted.log" || ((SECONDS >= end)); do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  kill -TERM "$pid"
  wait "$pid" && fail "an interrupted quickstart ends with status 0"
  compare "after it was interrupted"
}

snapshot before
test_ordinary_end
test_keep
test_interruption
if [[ -n ${1:-} ]]; then cp "$scratch"/*.log "$1"; fi
((failures == 0)) || exit 1
echo "deploy/quickstart left nothing behind"
