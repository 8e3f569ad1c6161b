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

# Runs a command; its output is shown on a terminal, and otherwise only when it fails.
quietly() {
  local log status=0
  if [[ -t 1 ]]; then "$@"; return; fi
  log=$(mktemp)
  "$@" >"$log" 2>&1 || status=$?
  if ((status != 0)); then cat "$log" >&2; fi
  rm -f "$log"
  return "$status"
}

# build PRESET CMAKE-OPTIONS [TARGET...]: configures and builds, from the root of the repository.
# With CCACHE_DIR in the environment objects are cached there. (Without a cache that outlives the
# build folder, ccache costs a tenth of the time and finds nothing.)
build() {
  local preset=$1 options=$2
  shift 2
  if [[ -n ${CCACHE_DIR:-} ]] && command -v ccache >/dev/null; then
    export CCACHE_SLOPPINESS=pch_defines,time_macros
    options+=" -DCMAKE_CXX_COMPILER_LAUNCHER=ccache"
  fi
  # A first build is one from scratch; what is there already stays as its owner configured it.
  if [[ ! -f build/$preset/CMakeCache.txt ]]; then options+=" -DBITSD_UNITY=ON"; fi
  # shellcheck disable=SC2086  # Options are words.
  quietly cmake --preset "$preset" $options || return
  quietly cmake --build --preset "$preset" ${1:+--target "$@"}
}
