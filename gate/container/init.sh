#!/bin/sh
# The init container: fills the templates from the environment, checks the versions and the configuration, and hands the
# volume over.
set -eu
umask 022
dir=$VOICEGATE_DIR
cd "$dir"
fail() { echo "voicegate gate: $1" >&2; exit 1; }

# The environment: NAME, its value, the characters it may hold, its shape, and the shape in words.
check() {
  [ -n "$2" ] || fail "$1 is not set; it must be $5"
  case $2 in *[!$3]*) fail "$1 must be $5, got \"$2\"" ;; esac
  echo "$2" | grep -Eq "$4" || fail "$1 must be $5, got \"$2\""
}
address='^([0-9.]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}$'
words='an IP address and a port, such as 127.0.0.1:8080 or [::1]:8080'
listen=${VOICEGATE_LISTEN:-}
health=${VOICEGATE_HEALTH_LISTEN:-}
upstream=${VOICEGATE_UPSTREAM:-}
case $upstream in localhost:*) upstream=127.0.0.1:${upstream#localhost:} ;; esac
modules=${VOICEGATE_NGINX_MODULES:-/usr/lib/nginx/modules}
check VOICEGATE_LISTEN "$listen" '][0-9A-Fa-f:.' "$address" "$words"
check VOICEGATE_HEALTH_LISTEN "$health" '][0-9A-Fa-f:.' "$address" "$words"
check VOICEGATE_UPSTREAM "$upstream" '][0-9A-Fa-f:.' "$address" "$words"
check VOICEGATE_NGINX_MODULES "$modules" 'A-Za-z0-9._/-' '^/' "the absolute path of nginx's modules"
[ -r "$modules/ngx_http_js_module.so" ] || fail "njs is missing: found no $modules/ngx_http_js_module.so; required is an nginx image with njs @REQUIRED_NJS@ or later"

# As root nginx would give up its rights to a user that an image need not have.
user=$(id -u)
if [ "$user" = 0 ]; then set -- -g 'user root root;'; else set --; fi

# njs tells its version only to a program that it runs.
mkdir -p temp
sed "s|@MODULES@|$modules|" version.conf.in > version.conf
rm -f njs-version draining
timeout 10 nginx -p "$dir/" -c version.conf "$@" > version.log 2>&1 < /dev/null || true
found=
[ ! -f njs-version ] || read -r found < njs-version || true
[ -n "$found" ] || { sh filter.sh < version.log >&2; fail "njs does not run, or is older than 0.8.1; required is @REQUIRED_NJS@ or later"; }
echo "$found @REQUIRED_NJS@" | awk '{
  split($1, f, "."); split($2, r, ".");
  for (i = 1; i <= 3; i++) { if (f[i] + 0 > r[i] + 0) exit 0; if (f[i] + 0 < r[i] + 0) exit 1 }
}' || fail "found njs $found, required is @REQUIRED_NJS@ or later: choose a newer nginx image"

# A resolver only where names have to be found; nginx reads no resolv.conf by itself.
servers=$(awk '$1 == "nameserver" && n++ < 3 {
  sub(/%.*/, "", $2); printf "%s ", ($2 ~ /:/ ? "[" $2 "]" : $2)
}' "${VOICEGATE_RESOLV_CONF:-/etc/resolv.conf}" 2>/dev/null || true)
addresses='][0-9A-Fa-f:. '
case $servers in *[!$addresses]*) fail "resolv.conf names a nameserver that is no IP address: $servers" ;; esac
resolver=
[ -z "$servers" ] || resolver="resolver ${servers}valid=30s;"

certificates=
if [ -n "${AWS_CA_BUNDLE:-}" ]; then
  check AWS_CA_BUNDLE "$AWS_CA_BUNDLE" 'A-Za-z0-9._/-' '^/' 'the absolute path of a file'
  [ -r "$AWS_CA_BUNDLE" ] || fail "AWS_CA_BUNDLE: cannot read $AWS_CA_BUNDLE"
  certificates=$AWS_CA_BUNDLE
else
  for file in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem; do
    if [ -z "$certificates" ] && [ -r "$file" ]; then certificates=$file; fi
  done
fi
fetch=''
proxy=''
if [ -n "$certificates" ]; then
  fetch="js_fetch_trusted_certificate $certificates;"
  proxy="proxy_ssl_verify on; proxy_ssl_verify_depth 5; proxy_ssl_trusted_certificate $certificates;"
fi

sed -e "s|@MODULES@|$modules|" -e "s|@LISTEN@|$listen|" \
  -e "s|@HEALTH_LISTEN@|$health|" -e "s|@UPSTREAM@|$upstream|" -e "s|# @RESOLVER@|$resolver|" \
  -e "s|# @FETCH_TRUST@|$fetch|" -e "s|# @PROXY_TRUST@|$proxy|" nginx.conf.in > nginx.conf
# Where Lambda is, only the gate's own environment tells; the check needs some place.
AWS_ENDPOINT_URL_LAMBDA=http://127.0.0.1:9 VOICEGATE_AUTHORIZER=check AWS_REGION=check sh lambda.sh > lambda.conf
sed "s|@UPSTREAM@|$upstream|" program.js.in > program.js

nginx -t -p "$dir/" -c nginx.conf "$@" > test.log 2>&1 < /dev/null || { sh filter.sh < test.log >&2; fail 'nginx refuses its configuration'; }
[ "$user" != 0 ] || chown -R @UID@:@UID@ .
echo "voicegate gate: ready, njs $found"
