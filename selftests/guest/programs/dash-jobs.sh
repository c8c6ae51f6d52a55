# Background jobs, traps, and a shell that waits for the one and takes the other.
. ./gate.sh
trap 'echo "user signal" >>log' USR1
trap 'echo "end $?" >>log' EXIT
job() {
	trap 'echo "job $1: $(cat count.$1)"; exit 3' TERM
	for n in 1 2 3 4 5; do
		echo "$n" >>"count.$1"
		[ "$n" = 3 ] && gate "$1"
	done
	echo "job $1 ended"
}
job a >job.a &
a=$!
job b >job.b &
b=$!
(trap '' HUP; exec sleep 1000) &
c=$!
waitfor() {
	while :; do
		wait "$1"
		status=$?
		kill -0 "$1" 2>/dev/null || break
	done
	echo "$2: $status" >>log
}
waitfor $a a
waitfor $b b
kill $c
waitfor $c c
exit 5
