#!/bin/sh
# The gate container: runs nginx. TERM and QUIT turn health red, wait, and let what is in flight finish.
set -u
fail() { echo "voicegate gate: $1" >&2; exit 1; }
cd "$VOICEGATE_DIR" && [ -f program.js ] || fail 'VOICEGATE_DIR is not prepared: the init container must succeed first'
needs_secret=@NEEDS_SECRET@
[ "$needs_secret" != yes ] || [ -n "${VOICEGATE_SESSION_SECRET:-}" ] || fail 'VOICEGATE_SESSION_SECRET is not set; with webSession it must hold a secret of at least 32 characters'
sh lambda.sh > lambda.conf || exit 1
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
# shellcheck disable=SC2329 # the trap below calls it
drain() {
  trap '' TERM QUIT INT
  stopping=1
  : > draining
  sleep @DRAIN_DELAY@ &
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
