# The Kerberos side of the demonstration: a KDC, and a web server and a proxy that both ask who comes.
# Sourced by deploy/quickstart.
# shellcheck shell=bash

source deploy/lib/demo.sh

kdc_port=''

# kerberos COMMAND...: with the demonstration's realm in place of the machine's.
kerberos() {
  env KRB5_CONFIG="$stage/etc/krb5.conf" KRB5_KDC_PROFILE="$stage/kdc/kdc.conf" KRB5RCACHENAME=none: \
    KRB5_KTNAME="$stage/kdc/http.keytab" "$@"
}

# The realm; principals of those who are shown to servers, and of the servers; a keytab for each.
make_realm() {
  local name
  kdc_port=$(free_port) private_port=$(free_port) proxy_port=$(free_port)
  install -d -m 711 "$stage/kdc"
  install -d -o "$bitsd_uid" -g "$bitsd_uid" -m 700 "$stage/own/keys"
  realm_configuration >"$stage/etc/krb5.conf"
  kdc_configuration >"$stage/kdc/kdc.conf"
  {
    for name in fetcher netuser; do
      echo "addprinc -randkey $name"
      echo "ktadd -k $stage/own/keys/$name.keytab $name"
    done
    echo "addprinc -randkey HTTP/localhost"
    echo "ktadd -k $stage/kdc/http.keytab HTTP/localhost"
  } >"$stage/kdc/commands"
  {
    kerberos kdb5_util create -s -r "$realm" -P "$(od -An -N16 -tx1 /dev/urandom | tr -d ' ')" &&
      kerberos kadmin.local -p quickstart <"$stage/kdc/commands"
  } >"$stage/log/kdc.log" 2>&1 || { cat "$stage/log/kdc.log" >&2 && die "The Kerberos realm could not be made; the reason is above."; }
  # A keytab is for whoever acts with it, and for nobody else.
  chown "$bitsd_uid:$bitsd_uid" "$stage"/own/keys/*.keytab
  chown "$web_uid:$web_uid" "$stage/kdc/http.keytab"
}

realm_configuration() {
  cat <<END
[libdefaults]
 default_realm = $realm
 dns_lookup_kdc = false
 dns_lookup_realm = false
 dns_canonicalize_hostname = false
 rdns = false
 udp_preference_limit = 1
[realms]
 $realm = {
  kdc = 127.0.0.1:$kdc_port
 }
[domain_realm]
 localhost = $realm
END
}

kdc_configuration() {
  cat <<END
[kdcdefaults]
 kdc_listen = 127.0.0.1:$kdc_port
 kdc_tcp_listen = 127.0.0.1:$kdc_port
[realms]
 $realm = {
  database_name = $stage/kdc/principal
  key_stash_file = $stage/kdc/stash
  acl_file = $stage/kdc/kadm5.acl
 }
[logging]
 kdc = FILE:$stage/log/kdc.log
END
}

# The same files as the first web server's, for whom Kerberos vouches; and a proxy for the same people.
kerberos_web_configuration() {
  local module
  local asks="AuthType GSSAPI
    AuthName demonstration
    GssapiAllowedMech krb5
    GssapiAcceptorName HTTP@localhost
    Require valid-user"
  for module in mpm_event authn_core authz_core authz_user auth_gssapi proxy proxy_http; do
    echo "LoadModule ${module}_module /usr/lib/apache2/modules/mod_$module.so"
  done
  cat <<END
ServerName localhost
Listen 127.0.0.1:$private_port
Listen 127.0.0.1:$proxy_port
ServerRoot $stage
DefaultRuntimeDir $stage/kdc
PidFile $stage/log/kerberos-web.pid
Mutex pthread default
ErrorLog $stage/log/kerberos-web-error.log
LogFormat "%u %>s %m %U" short
StartServers 1
User #$web_uid
Group #$web_uid
DocumentRoot $stage/web
<VirtualHost 127.0.0.1:$private_port>
  CustomLog $stage/log/server.log short
  <Location "/">
    $asks
  </Location>
</VirtualHost>
<VirtualHost 127.0.0.1:$proxy_port>
  CustomLog $stage/log/proxy.log short
  ProxyRequests On
  # Without asking who localhost is: a machine need not know.
  ProxyRemote "http://localhost:$private_port" "http://127.0.0.1:$private_port"
  <Proxy "*">
    $asks
  </Proxy>
</VirtualHost>
END
}

start_kerberos() {
  start "$stage/log/kdc.log" env KRB5_CONFIG="$stage/etc/krb5.conf" KRB5_KDC_PROFILE="$stage/kdc/kdc.conf" \
    krb5kdc -n -P "$stage/log/kdc.pid"
  wait_for "the KDC" "$stage/log/kdc.log" port_answers "$kdc_port"
  kerberos_web_configuration >"$stage/etc/kerberos-web.conf"
  start "$stage/log/kerberos-web.log" env KRB5_CONFIG="$stage/etc/krb5.conf" KRB5RCACHENAME=none: \
    KRB5_KTNAME="$stage/kdc/http.keytab" /usr/sbin/apache2 -f "$stage/etc/kerberos-web.conf" -DFOREGROUND
  wait_for "the web server that asks for Kerberos" "$stage/log/kerberos-web.log" port_answers "$proxy_port"
}

# What bitsd.yaml says of the network: requests for localhost go through the proxy, and both it and the
# server may learn who comes.
network_configuration() {
  cat <<END
network:
  proxy: "localhost:$proxy_port"
  proxy_bypass: "127.0.0.1"
  hosts: [localhost]
  implicit_hosts: ["localhost:$private_port"]
  implicit_proxies: ["localhost:$proxy_port"]
END
}

# principal_of LOG: whom a server let in last.
principal_of() { awk '$2 == 200 { user = $1 } END { print user }' "$1"; }

# expect_principal NAME: the server and the proxy saw NAME, and let nobody in as somebody else.
expect_principal() {
  local log
  for log in proxy server; do
    say "$(printf "%-18s" "the ${log}'s log:") $(grep ' 200 ' "$stage/log/$log.log" | tail -n 1)"
    [[ $(principal_of "$stage/log/$log.log") == "$1@$realm" ]] || die "the $log did not see $1"
  done
  good "Server and proxy saw $1, and nobody else."
}
