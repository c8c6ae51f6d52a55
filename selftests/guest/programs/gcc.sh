# The compiler has read half of a source.
. ./gate.sh
functions() {
	n=$1
	while [ "$n" -lt "$2" ]; do
		echo "int f$n(int *p, int n) { int s = 0; for (int i = 0; i < n; i++) s += p[i] * $n; return s; }"
		n=$((n + 1))
	done
}
{
	functions 0 40
	gate
	functions 40 80
} | gcc -pipe -O1 -frandom-seed=1 -x c -c -o out.o - && md5sum out.o
