/**
 * The shell program that stands between us and nats-server, so that the server ends with us even when we are killed:
 * its stdin is a pipe from us, and the kernel closes that whatever we die of.
 *
 * It runs "$@" in the background, ends it with TERM when it is told to end or its stdin ends, waits until it really is
 * gone, and exits with its code. `wait` also returns when a signal arrives, hence the loop.
 */
export const keeperScript = `
exec 3<&0
"$@" </dev/null 3<&- &
server=$!
( while read -r _; do :; done <&3; kill -TERM "$server" ) 2>/dev/null >&2 &
watcher=$!
exec 3<&-
trap 'kill -TERM "$server" 2>/dev/null' TERM INT HUP
while :; do
  wait "$server"
  code=$?
  kill -0 "$server" 2>/dev/null || break
done
kill "$watcher" 2>/dev/null
exit "$code"
`;
