# Shared by the scripts of this repository; sourced, not run. Colours appear on a terminal only.
# shellcheck shell=bash

if [[ -t 1 ]]; then
  bold=$'\e[1m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'
else
  bold='' green='' red='' plain=''
fi

say() { printf '%s\n' "$*"; }
heading() { printf '\n%s== %s%s\n' "$bold" "$*" "$plain"; }
good() { printf '%s%s%s\n' "$green" "$*" "$plain"; }
complain() { printf '%s%s%s\n' "$red" "$*" "$plain" >&2; }
die() {
  complain "$*"
  exit 1
}

# With `set -e` a script ends at the first command that fails: never without a word.
report_failure() {
  local status=$?
  complain "${BASH_SOURCE[1]}, line ${BASH_LINENO[0]}: ended with status $status: $BASH_COMMAND"
}
if [[ $- == *e* ]]; then
  set -E
  trap report_failure ERR
fi

phase_names=()
phase_seconds=()

# timed NAME COMMAND...: runs the command and remembers how long it took. Its status is the command's.
timed() {
  local name=$1 start=$SECONDS status=0
  shift
  heading "$name"
  "$@" || status=$?
  phase_names+=("$name")
  phase_seconds+=($((SECONDS - start)))
  return "$status"
}

print_times() {
  local i
  heading "where the time went"
  for i in "${!phase_names[@]}"; do
    printf '%5d s  %s\n' "${phase_seconds[i]}" "${phase_names[i]}"
  done
  printf '%5d s  in all\n' "$SECONDS"
}

# build_steps LOG, apt_steps LOG: how far a build or an installation is, by what it has printed.
build_steps() { sed -nE 's/^\[([0-9]+)\/([0-9]+)\].*/\1 of \2 steps/p' "$1" | tail -n 1; }
apt_steps() {
  awk '/^Unpacking/ { unpacked++ } /^Setting up/ { ready++ }
    END { printf "%d packages unpacked, %d of them ready\n", unpacked, ready }' "$1"
}

# tell_progress STEPS LOG: every 20 s a line, as long as the shell that began it lives.
tell_progress() {
  local seconds=0 text nothing
  exec {nothing}<> <(:)
  until read -r -t 1 -u "$nothing" || ! kill -0 $$ 2>/dev/null; do
    if ((++seconds % 20 == 0)); then
      text=$("$1" "$2")
      say "  after $seconds s: ${text:-at work}"
    fi
  done
}

# logged STEPS COMMAND...: the output is shown only when the command fails; meanwhile it is told how far
# it is, by what STEPS makes of the output.
logged() {
  local name log status=0 teller
  name=$(mktemp)
  exec {log}<>"$name"
  rm -f "$name" # Nothing stays, however this ends.
  tell_progress "$1" "/dev/fd/$log" &
  teller=$!
  "${@:2}" >"/dev/fd/$log" 2>&1 || status=$?
  kill "$teller" 2>/dev/null || true
  wait "$teller" 2>/dev/null || true
  if ((status != 0)); then cat "/dev/fd/$log" >&2; fi
  exec {log}>&-
  return "$status"
}

# Runs a command; its output is shown on a terminal, and otherwise only when it fails.
quietly() { if [[ -t 1 ]]; then "$@"; else logged build_steps "$@"; fi; }

# build PRESET CMAKE-OPTIONS [TARGET...]: configures and builds, from the root of the repository.
# With CCACHE_DIR in the environment objects are cached there, for every checkout of the machine.
# (Without a cache that outlives the build folder, ccache costs a tenth of the time and finds nothing.)
build() {
  local preset=$1 options=$2
  shift 2
  if [[ -n ${CCACHE_DIR:-} ]] && command -v ccache >/dev/null; then
    export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=pch_defines,time_macros
    options+=" -DCMAKE_CXX_COMPILER_LAUNCHER=ccache"
  fi
  # A first build is one from scratch; what is there already stays as its owner configured it.
  if [[ ! -f build/$preset/CMakeCache.txt ]]; then options+=" -DBITSD_UNITY=ON"; fi
  if [[ ! -f build/$preset/.ninja_log ]]; then say "The first build takes some minutes."; fi
  # shellcheck disable=SC2086  # Options are words.
  quietly cmake --preset "$preset" $options || return
  quietly cmake --build --preset "$preset" ${1:+--target "$@"}
}
