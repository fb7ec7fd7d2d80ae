#!/bin/sh
# The init container's command: unpacks the bundle only when it is the one that this command was made with.
set -eu
umask 022
fail() { echo "voicegate gate: $1" >&2; exit 1; }
[ -n "${VOICEGATE_DIR:-}" ] || fail 'VOICEGATE_DIR is not set; it must name the volume that both containers share'
[ -d "$VOICEGATE_DIR" ] && [ -w "$VOICEGATE_DIR" ] || fail "VOICEGATE_DIR: $VOICEGATE_DIR is no writable directory"
[ -n "${VOICEGATE_BUNDLE:-}" ] || fail 'VOICEGATE_BUNDLE is not set'
packed="$VOICEGATE_DIR"/bundle
printf %s "$VOICEGATE_BUNDLE" | base64 -d > "$packed" || fail 'VOICEGATE_BUNDLE is no base64'
said=$(echo '@SHA256@  '"$packed" | sha256sum -c --status 2>&1) || {
  sed -u '' < /dev/null 2> /dev/null || fail "this image has the tools of BusyBox, as Alpine's have: required is an nginx image based on Debian, such as nginx:@TAG@"
  fail "VOICEGATE_BUNDLE is not the bundle of this task definition: its SHA-256 must be @SHA256@${said:+, $said}"
}
tar -xzf "$packed" -C "$VOICEGATE_DIR" --no-same-owner
rm "$packed"
exec sh "$VOICEGATE_DIR"/init.sh
