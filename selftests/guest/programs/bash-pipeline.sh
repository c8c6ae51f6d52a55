# A pipeline of processes and subshells, a process substitution, a trap, arrays, and a descriptor opened by number.
. ./gate.sh
echo "begin" >>log
trap 'echo "end" >>log' EXIT
exec 7>>numbered
declare -A sums
feed() {
	seq 1 3000
	gate
	seq 3001 6000
}
while read -r key value; do
	((sums[$key] += value))
	((value % 500)) || echo "$key $value" >&7
done < <(feed | awk '{ print $1 % 7, $1 }' | sort -n -k1,1 -k2,2r)
for key in "${!sums[@]}"; do
	echo "$key ${sums[$key]}"
done | sort
echo "${PIPESTATUS[@]} $SHLVL ${#sums[@]}"
