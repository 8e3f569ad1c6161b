#!/usr/bin/env bash
# deploy/quickstart works, and leaves the machine as it was: no process, no socket, no user, no
# service, no file, at its ordinary end as well as when it is interrupted or takes too long.
#
# usage: tests/integration/deploy/quickstart_test.sh [FOLDER]     FOLDER keeps the output of quickstart
# It has processes, a network and an /etc of its own, so that nothing else on the machine matters.
# Status 77: skipped.
set -uo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../../.." || exit 1
own=(unshare --mount --pid --net --fork --kill-child)
if [[ ${1:-} != --within ]]; then
  if ((EUID != 0)) || ! "${own[@]}" true 2>/dev/null; then
    echo "skipped: needs root, as deploy/quickstart does, and namespaces of its own"
    exit 77
  fi
  exec "${own[@]}" "${BASH_SOURCE[0]}" --within "$@"
fi
shift

scratch=$(mktemp -d)
trap 'umount /etc; rm -rf --one-file-system "$scratch"' EXIT
failures=0

fail() {
  echo "FAILED: $*" >&2
  failures=$((failures + 1))
}

own_machine() {
  mount -t proc proc /proc && ip link set lo up || return
  cp -a /etc "$scratch/etc" && mount --bind "$scratch/etc" /etc || return
  chmod 711 "$scratch" && mkdir -m 1777 "$scratch/tmp" && export TMPDIR=$scratch/tmp
}

# Local addresses of TCP sockets that listen (state 0A) and of all UDP sockets.
sockets() {
  awk 'FNR > 1 && $4 == "0A" { print "tcp", $2 }' /proc/net/tcp /proc/net/tcp6 2>/dev/null
  awk 'FNR > 1 { print "udp", $2 }' /proc/net/udp /proc/net/udp6 2>/dev/null
}

# All but this script and what it runs to look.
processes() {
  local folder pid
  for folder in /proc/[0-9]*; do
    pid=${folder#/proc/}
    if ((pid == 1 || pid == BASHPID)) || [[ ! -s $folder/cmdline ]]; then continue; fi
    echo "process $pid $(tr '\0' ' ' 2>/dev/null <"$folder/cmdline")"
  done
}

# What is not as it was before.
changes() {
  sockets
  processes
  find "$TMPDIR" -mindepth 1 -maxdepth 1
  diff -r --no-dereference "$scratch/etc.before" /etc
}

# unchanged WHEN: the machine is as it was. What is being closed may take a moment.
unchanged() {
  local end=$((SECONDS + 10))
  until changes >"$scratch/changes" 2>&1 && [[ ! -s $scratch/changes ]]; do
    if ((SECONDS >= end)); then
      fail "$1, the machine is not as it was before:"
      cat "$scratch/changes" >&2
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
  unchanged "after it ended"
}

test_keep() {
  local line
  run_quickstart keep.log --keep
  if sockets | grep -vE '^(tcp|udp) (0100007F|0000000000000000FFFF00000100007F):'; then
    fail "a socket above is not on 127.0.0.1"
  fi
  grep -E '^  env XDG_RUNTIME_DIR=' "$scratch/keep.log" >"$scratch/commands"
  [[ $(wc -l <"$scratch/commands") == 3 ]] || fail "--keep does not print three commands"
  while read -r line; do
    eval "$line" </dev/null >"$scratch/command.log" 2>&1 || fail "a printed command fails: $(<"$scratch/command.log")"
  done <"$scratch/commands"
  eval "$(sed -n 's/^And to end it: //p' "$scratch/keep.log")"
  unchanged "after --keep was ended"
}

# interrupt SIGNAL TEXT: as soon as it says TEXT. It has five seconds; this machine may be busy.
interrupt() {
  local pid asked end=$((SECONDS + 300)) log=$scratch/interrupted.log
  : >"$log"
  set -m # A shell's background commands would ignore Ctrl-C.
  deploy/quickstart </dev/null >"$log" 2>&1 &
  pid=$!
  set +m
  until grep -q "$2" "$log" || ((SECONDS >= end)); do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  asked=$SECONDS
  kill "-$1" "$pid"
  wait "$pid" && fail "a quickstart that is interrupted at \"$2\" ends with status 0"
  ((SECONDS - asked < 15)) || fail "interrupted by $1 at \"$2\", it took $((SECONDS - asked)) s to end"
  unchanged "after it was interrupted by $1 at \"$2\""
}

# A scene that does not come to its end ends all the same, and says what its job waits for.
test_delay() {
  BITSD_SCENE_SECONDS=1 deploy/quickstart </dev/null >"$scratch/delay.log" 2>&1 &&
    fail "a scene that takes too long ends with status 0"
  if ! grep -q "How the job is:" "$scratch/delay.log" || ! grep -qE '^ *state: ' "$scratch/delay.log"; then
    fail "a scene that takes too long does not say how its job is"
    cat "$scratch/delay.log" >&2
  fi
  unchanged "after a scene took too long"
}

own_machine || { echo "the namespaces could not be set up" >&2 && exit 1; }
cp -a /etc "$scratch/etc.before"
test_ordinary_end
test_keep
interrupt TERM "^== Build"
interrupt INT "bitsd listens on"
interrupt TERM "alice logs off in the middle"
test_delay
if [[ -n ${1:-} ]]; then cp "$scratch"/*.log "$1"; fi
((failures == 0)) || exit 1
echo "deploy/quickstart left nothing behind"
