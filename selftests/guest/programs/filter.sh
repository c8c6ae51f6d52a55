# filter.sh FILTER: a filter that has read half of its input.
. ./gate.sh
half() {
	awk -v from="$1" 'BEGIN { x = from; for (i = 0; i < 20000; i++) { x = (x * 1103 + 12345) % 1000003; print x, i } }'
}
{
	half 1
	gate
	half 2
} | sh -c "$1"
