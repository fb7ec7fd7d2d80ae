#!/bin/sh
# The gate container's command.
fail() { echo "voicegate gate: $1" >&2; exit 1; }
[ -f "$VOICEGATE_DIR/gate.sh" ] || fail 'VOICEGATE_DIR holds no gate: the init container must succeed first'
exec sh "$VOICEGATE_DIR/gate.sh"
