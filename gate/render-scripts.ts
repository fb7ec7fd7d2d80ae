import { MASK, MASKED_LENGTH } from '../contract/mask';
import { GATE_ENV } from '../contract/names';
import { LAMBDA_UPSTREAM } from './locations';
import { PLACEHOLDERS } from './render-nginx';

/** The user of stock nginx images, as which the gate runs in ECS. */
const NGINX_UID = 101;

/** First words of each message, so that it is found in a log that others write too. */
const FAIL = `fail() { echo "voicegate gate: $1" >&2; exit 1; }`;

/** The init container's command: unpacks the bundle only when it is the one that this command was made with. */
export function renderBootstrap(sha256: string): string {
  const dir = `"$${GATE_ENV.directory}"`;
  return `set -eu
umask 022
${FAIL}
[ -n "\${${GATE_ENV.directory}:-}" ] || fail '${GATE_ENV.directory} is not set; it must name the volume that both containers share'
[ -d ${dir} ] && [ -w ${dir} ] || fail "${GATE_ENV.directory}: ${dir.replaceAll('"', '')} is no writable directory"
[ -n "\${${GATE_ENV.bundle}:-}" ] || fail '${GATE_ENV.bundle} is not set'
packed=${dir}/bundle
printf %s "$${GATE_ENV.bundle}" | base64 -d > "$packed" || fail '${GATE_ENV.bundle} is no base64'
echo '${sha256}  '"$packed" | sha256sum -c --status || fail '${GATE_ENV.bundle} is not the bundle of this task definition: its SHA-256 must be ${sha256}'
tar -xzf "$packed" -C ${dir} --no-same-owner
rm "$packed"
exec sh ${dir}/init.sh`;
}

/** The gate container's command. */
export function renderStart(): string {
  const script = `"$${GATE_ENV.directory}/gate.sh"`;
  return `${FAIL}
[ -f ${script} ] || fail '${GATE_ENV.directory} holds no gate: the init container must succeed first'
exec sh ${script}`;
}

/** Fills the templates from the environment, checks the versions and the configuration, and hands the volume over. */
export function renderInit(requiredNjsVersion: string): string {
  return `set -eu
umask 022
dir=$${GATE_ENV.directory}
cd "$dir"
${FAIL}

# The environment: NAME, its value, the characters it may hold, its shape, and the shape in words.
check() {
  [ -n "$2" ] || fail "$1 is not set; it must be $5"
  case $2 in *[!$3]*) fail "$1 must be $5, got \\"$2\\"" ;; esac
  echo "$2" | grep -Eq "$4" || fail "$1 must be $5, got \\"$2\\""
}
address='^([0-9.]+|\\[[0-9A-Fa-f:.]+\\]):[0-9]{1,5}$'
words='an IP address and a port, such as 127.0.0.1:8080 or [::1]:8080'
listen=\${${GATE_ENV.listen}:-}
health=\${${GATE_ENV.healthListen}:-}
upstream=$(echo "\${${GATE_ENV.upstream}:-}" | sed 's/^localhost:/127.0.0.1:/')
modules=\${${GATE_ENV.modules}:-/usr/lib/nginx/modules}
check ${GATE_ENV.listen} "$listen" '][0-9A-Fa-f:.' "$address" "$words"
check ${GATE_ENV.healthListen} "$health" '][0-9A-Fa-f:.' "$address" "$words"
check ${GATE_ENV.upstream} "$upstream" '][0-9A-Fa-f:.' "$address" "$words"
check ${GATE_ENV.modules} "$modules" 'A-Za-z0-9._/-' '^/' "the absolute path of nginx's modules"
[ -r "$modules/ngx_http_js_module.so" ] || fail "njs is missing: found no $modules/ngx_http_js_module.so; required is an nginx image with njs ${requiredNjsVersion} or later"

# As root nginx would give up its rights to a user that an image need not have.
if [ "$(id -u)" = 0 ]; then set -- -g 'user root root;'; else set --; fi

# njs tells its version only to a program that it runs.
mkdir -p temp
sed "s|${PLACEHOLDERS.modules}|$modules|" version.conf.in > version.conf
rm -f njs-version
timeout 10 nginx -p "$dir/" -c version.conf "$@" > version.log 2>&1 < /dev/null || true
found=$(cat njs-version 2>/dev/null || true)
[ -n "$found" ] || { sh filter.sh < version.log >&2; fail "njs does not run, or is older than 0.8.1; required is ${requiredNjsVersion} or later"; }
echo "$found ${requiredNjsVersion}" | awk '{
  split($1, f, "."); split($2, r, ".");
  for (i = 1; i <= 3; i++) { if (f[i] + 0 > r[i] + 0) exit 0; if (f[i] + 0 < r[i] + 0) exit 1 }
}' || fail "found njs $found, required is ${requiredNjsVersion} or later: choose a newer nginx image"

# A resolver only where names have to be found; nginx reads no resolv.conf by itself.
servers=$(awk '$1 == "nameserver" { sub(/%.*/, "", $2); print ($2 ~ /:/ ? "[" $2 "]" : $2) }' "\${VOICEGATE_RESOLV_CONF:-/etc/resolv.conf}" 2>/dev/null | head -3 | tr '\\n' ' ' || true)
addresses='][0-9A-Fa-f:. '
case $servers in *[!$addresses]*) fail "resolv.conf names a nameserver that is no IP address: $servers" ;; esac
resolver=
[ -z "$servers" ] || resolver="resolver \${servers}valid=30s;"

certificates=
if [ -n "\${AWS_CA_BUNDLE:-}" ]; then
  check AWS_CA_BUNDLE "$AWS_CA_BUNDLE" 'A-Za-z0-9._/-' '^/' 'the absolute path of a file'
  [ -r "$AWS_CA_BUNDLE" ] || fail "AWS_CA_BUNDLE: cannot read $AWS_CA_BUNDLE"
  certificates=$AWS_CA_BUNDLE
else
  for file in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem; do
    if [ -z "$certificates" ] && [ -r "$file" ]; then certificates=$file; fi
  done
fi
fetch= proxy=
if [ -n "$certificates" ]; then
  fetch="js_fetch_trusted_certificate $certificates;"
  proxy="proxy_ssl_verify on; proxy_ssl_verify_depth 5; proxy_ssl_trusted_certificate $certificates;"
fi

sed -e "s|${PLACEHOLDERS.modules}|$modules|" -e "s|${PLACEHOLDERS.listen}|$listen|" \\
  -e "s|${PLACEHOLDERS.healthListen}|$health|" -e "s|${PLACEHOLDERS.upstream}|$upstream|" -e "s|${PLACEHOLDERS.resolver}|$resolver|" \\
  -e "s|${PLACEHOLDERS.fetchTrust}|$fetch|" -e "s|${PLACEHOLDERS.proxyTrust}|$proxy|" nginx.conf.in > nginx.conf
# Where Lambda is, only the gate's own environment tells; the check needs some place.
AWS_ENDPOINT_URL_LAMBDA=http://127.0.0.1:9 ${GATE_ENV.authorizer}=check AWS_REGION=check sh lambda.sh > lambda.conf
sed "s|${PLACEHOLDERS.upstream}|$upstream|" program.js.in > program.js

nginx -t -p "$dir/" -c nginx.conf "$@" > test.log 2>&1 < /dev/null || { sh filter.sh < test.log >&2; fail 'nginx refuses its configuration'; }
rm -f draining
[ "$(id -u)" != 0 ] || chown -R ${NGINX_UID}:${NGINX_UID} .
echo "voicegate gate: ready, njs $found"
`;
}

/** Tells nginx, on standard output, where Lambda is: from the environment, as the AWS SDKs read it. */
export function renderLambda(): string {
  const name = `\${${GATE_ENV.authorizer}:-}`;
  const bad = (variable: string, what: string) => `fail "${variable} must ${what}, got \\"$given\\""`;
  return `set -eu
${FAIL}
given=${name}
region=\${AWS_REGION:-\${AWS_DEFAULT_REGION:-}}
characters='A-Za-z0-9_:$-'
case $given in
  '' | *[!$characters]*) ${bad(GATE_ENV.authorizer, 'be the name or ARN of a Lambda function')} ;;
  arn:*:lambda:*:*:function:*) region=$(echo "$given" | cut -d : -f 4) ;;
  *) [ -n "$region" ] || fail 'AWS_REGION must be set when ${GATE_ENV.authorizer} is no ARN' ;;
esac
given=$region
case $given in *[!a-z0-9-]*) ${bad('AWS_REGION', 'be a region such as eu-west-1')} ;; esac
case $region in cn-*) suffix=amazonaws.com.cn ;; *) suffix=amazonaws.com ;; esac
given=\${AWS_ENDPOINT_URL_LAMBDA:-\${AWS_ENDPOINT_URL:-https://lambda.$region.$suffix}}
characters='A-Za-z0-9.:/_~[-'
case $given in *[!]$characters]*) ${bad('AWS_ENDPOINT_URL', 'look like https://host:port')} ;; esac
echo "$given" | grep -Eq '^https?://([A-Za-z0-9.-]+|\\[[0-9A-Fa-f:.]+\\])(:[0-9]{1,5})?(/.*)?$' || ${bad('AWS_ENDPOINT_URL', 'look like https://host:port')}
# DNS does not know the name localhost.
endpoint=$(echo "$given" | sed -E 's#^(https?://)localhost([:/]|$)#\\1127.0.0.1\\2#')
authority=$(echo "$endpoint" | sed -E 's#^https?://([^/]*).*#\\1#')
case $endpoint in
  https:*)
    port=443
    grep -q proxy_ssl_trusted_certificate nginx.conf || fail 'found no CA certificates to verify AWS with: the image needs ca-certificates, or the init container AWS_CA_BUNDLE'
    ;;
  *) port=80 ;;
esac
echo "$authority" | grep -Eq ':[0-9]+$' || authority=$authority:$port
resolve=
if echo "$authority" | grep -Eqv '^([0-9.]+|\\[.*\\]):[0-9]+$'; then
  grep -q '^ *resolver ' nginx.conf || fail "cannot find the address of $authority: resolv.conf names no nameserver"
  resolve=' resolve'
fi
cat << END
upstream ${LAMBDA_UPSTREAM} {
  zone lambda 256k;
  server $authority max_fails=0$resolve;
  keepalive 16;
  keepalive_timeout 30s;
}
map '' \\$gate_lambda_endpoint {
  default '$endpoint';
}
END
`;
}

/** Runs nginx; TERM and QUIT turn health red, wait, and let what is in flight finish. */
export function renderGate(drainDelay: number, webSession = false): string {
  const secret = GATE_ENV.sessionSecret;
  const check = webSession
    ? `[ -n "\${${secret}:-}" ] || fail '${secret} is not set; with webSession it must hold a secret of at least 32 characters'\n`
    : '';
  return `set -u
${FAIL}
cd "$${GATE_ENV.directory}" && [ -f program.js ] || fail '${GATE_ENV.directory} is not prepared: the init container must succeed first'
${check}sh lambda.sh > lambda.conf || exit 1
rm -f draining out.fifo err.fifo
# Contexts of njs lie far apart: on huge pages a request costs a twentieth less CPU. Other C libraries ignore this.
export GLIBC_TUNABLES=glibc.malloc.hugetlb=1
mkfifo -m 600 out.fifo err.fifo || exit 1
# Through pipes of our own: standard output may be a socket, or another user's, which nginx could not open by name.
cat < out.fifo &
sh filter.sh < err.fifo >&2 &
if [ "$(id -u)" = 0 ]; then set -- -g 'user root root;'; else set --; fi
nginx -p "$PWD/" -c nginx.conf "$@" < /dev/null > out.fifo 2> err.fifo &
nginx=$!
stopping=
drain() {
  trap '' TERM QUIT INT
  stopping=1
  : > draining
  sleep ${drainDelay} &
  wait $!
  kill -QUIT "$nginx" 2> /dev/null
}
trap drain TERM QUIT INT
code=0
while kill -0 "$nginx" 2> /dev/null; do
  wait "$nginx"
  code=$?
done
if [ -n "$stopping" ]; then
  wait
  exit "$code"
fi
echo "voicegate gate: nginx ended by itself with exit code $code" >&2
[ "$code" -ne 0 ] || code=1
exit "$code"
`;
}

/**
 * Filters nginx's error log, which quotes what clients send. Of a line about a request, everything from the first quote
 * on goes; of any line, what follows a question mark and whatever could be a key.
 */
export function renderFilter(): string {
  const unit = '([0-9A-Za-z]|%(25)*(3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa]))';
  return `exec sed -uE -e '/, client: /s/".*//' -e 's/\\?.*/?/' -e 's/${unit}{${MASKED_LENGTH},}/${MASK}/g'
`;
}

/** The smallest nginx that runs a program: it writes njs's version into a file and ends. */
export function renderVersionProbe(): { readonly conf: string; readonly program: string } {
  return {
    conf: `load_module ${PLACEHOLDERS.modules}/ngx_http_js_module.so;
daemon off;
master_process off;
pid version.pid;
error_log stderr;
events {
}
http {
  access_log off;
  client_body_temp_path temp/body;
  proxy_temp_path temp/proxy;
  fastcgi_temp_path temp/fastcgi;
  uwsgi_temp_path temp/uwsgi;
  scgi_temp_path temp/scgi;
  js_import version from version.js;
  server {
    listen unix:version.sock;
    location @version {
      js_periodic version.tell interval=10ms;
    }
  }
}
`,
    program: `import fs from 'fs';
function tell() {
  fs.writeFileSync(ngx.prefix + 'njs-version', njs.version);
  process.kill(process.pid, 'SIGTERM');
}
export default { tell };
`,
  };
}
