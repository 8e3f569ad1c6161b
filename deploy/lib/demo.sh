# The stage of the demonstration: a folder, identities, a web server and bitsd. Sourced by
# deploy/quickstart. Everything started is remembered by its process id and stopped at the end.
# shellcheck shell=bash

# Identities are numbers that no user of the machine has; none is created.
bitsd_uid=61000
web_uid=61090
declare -A uid_of=([fetcher]=61001 [alice]=61002 [netuser]=61003 [mallory]=61005 [admin]=61006)
declare -A sid_of=(
  [fetcher]=S-1-5-21-1-2-3-1001 [alice]=S-1-5-21-1-2-3-1002 [netuser]=S-1-5-21-1-2-3-1003
  [mallory]=S-1-5-21-1-2-3-1005 [admin]=S-1-5-21-1-2-3-1006)
stage='' endpoint='' web_port=''
realm=DEMO.LOCAL private_port='' proxy_port=''  # Of kerberos.sh.
started=()
# What is shown now, and until when: it never waits without an end.
job='' owner=fetcher
scene_seconds=${BITSD_SCENE_SECONDS:-60}
scene_end=$scene_seconds

# scene TITLE
scene() {
  heading "$*"
  scene_end=$((SECONDS + scene_seconds))
}

# In a folder where every identity may pass, unlike perhaps the folder of the repository.
make_stage() {
  stage=$(mktemp -d "${TMPDIR:-/tmp}/bitsd-quickstart.XXXXXX")
  chmod 755 "$stage"
  mkdir "$stage"/{bin,etc,web,log,home,people}
  install -m 755 build/release/server/bitsd build/release/client/cli/bitsctl "$stage/bin"
  install -d -o "$bitsd_uid" -g "$bitsd_uid" -m 700 "$stage"/own "$stage"/own/{state,run,log}
  install -d -o "${uid_of[alice]}" -g "${uid_of[alice]}" -m 755 "$stage/home/alice"
  run_as alice test -w "$stage/home/alice" ||
    die "${stage%/*} does not let other users pass: set TMPDIR to a folder that does, such as /tmp"
}

# run_as NAME COMMAND...
run_as() { setpriv --reuid "${uid_of[$1]}" --regid "${uid_of[$1]}" --clear-groups "${@:2}"; }

# stop_all SECONDS: fails when one of the processes did not end with status 0, by itself, in that time.
stop_all() {
  local pid result=0 end=$((SECONDS + $1))
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${started[@]}"; do
    while kill -0 "$pid" 2>/dev/null && ((SECONDS < end)); do sleep 0.05; done
    kill -KILL -- "-$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || result=1
  done
  started=()
  return "$result"
}

# At every end, also a failed one: what bitsd said is shown before the folder goes.
clean_up() {
  local status=$?
  trap '' INT TERM HUP
  stop_all 3 || true
  if ((status != 0 && status != 130)) && [[ -s $stage/log/bitsd.log ]]; then
    complain "The end of bitsd's log:"
    tail -n 20 "$stage/log/bitsd.log" >&2
  fi
  if [[ -n $stage ]]; then rm -rf "$stage"; fi
}

# start LOG COMMAND...: in a session of its own, so that a signal for its group reaches only it.
start() {
  local log=$1
  shift
  setsid "$@" </dev/null >>"$log" 2>&1 &
  started+=("$!")
}

# wait_for WHAT LOG TEST...: until the test succeeds; fails when the last process ended or in 20 s.
wait_for() {
  local what=$1 log=$2 end=$((SECONDS + 20))
  shift 2
  until "$@" 2>/dev/null; do
    if ((SECONDS >= end)) || ! kill -0 "${started[-1]}" 2>/dev/null; then
      cat "$log" >&2
      complain "$what did not start; its log is above"
      return 1
    fi
    sleep 0.05
  done
}

make_pki() {
  local name
  "$stage/bin/bitsctl" pki init "$stage/ca" >/dev/null
  install -m 644 "$stage/ca/ca.crt" "$stage/ca/server.crt" "$stage/etc"
  install -o "$bitsd_uid" -g "$bitsd_uid" -m 600 "$stage/ca/server.key" "$stage/etc"
  for name in "${!sid_of[@]}"; do
    "$stage/bin/bitsctl" pki issue "$stage/ca" "$name" --sid "${sid_of[$name]}" --days 1 >/dev/null
    install -d -o "${uid_of[$name]}" -g "${uid_of[$name]}" -m 700 "$stage/people/$name"
    install -o "${uid_of[$name]}" -g "${uid_of[$name]}" -m 600 \
      "$stage/ca/$name.crt" "$stage/ca/$name.key" "$stage/people/$name"
  done
}

make_directory() {
  local name
  {
    echo "accounts:"
    for name in fetcher alice netuser mallory admin; do
      echo "  - {sid: ${sid_of[$name]}, name: $name, uid: ${uid_of[$name]}, gid: ${uid_of[$name]}$(groups_of "$name")$(network_of "$name")}"
    done
  } >"$stage/etc/accounts.yaml"
}

groups_of() {
  if [[ $1 == admin ]]; then echo ", sid_groups: [{sid: S-1-5-32-544, attributes: [ENABLED]}]"; fi
}

# Whose tickets bitsd may get, with the keytab: those of fetcher and netuser.
network_of() {
  local keytab=$stage/own/keys/$1.keytab
  if [[ -e $keytab ]]; then echo ", network: {kerberos: {principal: $1@$realm, keytab: $keytab}}"; fi
}

make_source() {
  head -c 100M /dev/urandom >"$stage/web/image.bin"
  head -c 1M /dev/urandom >"$stage/web/small.bin"
  # Apache gives files of this very second no ETag that a transfer could be resumed with.
  touch -d '1 hour ago' "$stage"/web/*
  chmod 644 "$stage"/web/*
}

port_answers() { (: <"/dev/tcp/127.0.0.1/$1"); }
free_port() {
  local port
  for port in $(shuf -i 20000-29999 -n 20); do
    if ! port_answers "$port" 2>/dev/null; then break; fi
  done
  echo "$port"
}

web_configuration() {
  local module
  for module in mpm_event authz_core env ratelimit; do
    echo "LoadModule ${module}_module /usr/lib/apache2/modules/mod_$module.so"
  done
  # 25 MiB a second: slow enough to watch.
  cat <<END
ServerName 127.0.0.1
Listen 127.0.0.1:$web_port
ServerRoot $stage
DefaultRuntimeDir $stage/log
PidFile $stage/log/web.pid
Mutex pthread default
ErrorLog $stage/log/web-error.log
StartServers 1
User #$web_uid
Group #$web_uid
DocumentRoot $stage/web
SetOutputFilter RATE_LIMIT
SetEnv rate-limit 25600
END
}

start_web_server() {
  web_port=$(free_port)
  web_configuration >"$stage/etc/web.conf"
  start "$stage/log/web.log" /usr/sbin/apache2 -f "$stage/etc/web.conf" -DFOREGROUND
  wait_for "the web server" "$stage/log/web.log" port_answers "$web_port"
}

start_bitsd() {
  cat >"$stage/etc/bitsd.yaml" <<END
listen: "127.0.0.1:0"
tls: {certificate: $stage/etc/server.crt, key: $stage/etc/server.key, roots: $stage/etc/ca.crt}
account_directory: $stage/etc/accounts.yaml
run_as: {uid: $bitsd_uid, gid: $bitsd_uid}
state_dir: $stage/own/state
run_dir: $stage/own/run
log_dir: $stage/own/log
# Loopback is denied to every job; these ports are the servers of the demonstration.
allowed_addresses: ["127.0.0.1:$web_port", "127.0.0.1:$private_port", "127.0.0.1:$proxy_port"]
$(network_configuration)
END
  start "$stage/log/bitsd.log" env KRB5_CONFIG="$stage/etc/krb5.conf" \
    "$stage/bin/bitsd" --config "$stage/etc/bitsd.yaml"
  wait_for bitsd "$stage/log/bitsd.log" test -s "$stage/own/run/endpoint"
  endpoint=$(<"$stage/own/run/endpoint")
}

# The command line of somebody: as that POSIX identity, with that certificate, and with a folder where
# a logon session is remembered.
person() {
  local name=$1
  printf '%s\n' env "XDG_RUNTIME_DIR=$stage/people/$name" setpriv --reuid "${uid_of[$name]}" --regid "${uid_of[$name]}" --clear-groups \
    "$stage/bin/bitsctl" --endpoint "$endpoint" --ca "$stage/etc/ca.crt" \
    --cert "$stage/people/$name/$name.crt" --key "$stage/people/$name/$name.key"
}

# as NAME WORDS...: runs bitsctl as NAME, until the scene has to be over.
as() {
  local command status=0 left=$((scene_end - SECONDS))
  mapfile -t command < <(person "$1")
  timeout --foreground "$((left > 0 ? left : 1))" "${command[@]}" "${@:2}" || status=$?
  if ((status == 124)); then tell_delay; fi
  return "$status"
}

# What the job waits for, and what went wrong.
tell_delay() {
  local command
  complain "This scene may take $scene_seconds s, and they are over. How the job is:"
  mapfile -t command < <(person "$owner")
  { timeout --foreground 5 "${command[@]}" info "$job" || true; } |
    grep -E '^ *(state|bytes|it waits|error|HTTP|next retry)' >&2 || complain "bitsd does not say"
}
