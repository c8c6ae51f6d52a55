# The shell of busybox with its own applets.
. ./gate.sh
mkdir bin
busybox --install -s bin
PATH=$PWD/bin
feed() {
	seq 1 2000
	gate
	seq 2001 4000
}
feed | sed 's/7/seven/' | tee copy | gzip | gunzip | awk '{ n += length($0) } END { print n, NR }'
md5sum <copy
n=0
while read -r line; do
	case $line in *seven*) n=$((n + 1)) ;; esac
done <copy
echo "$n"
find . -name 'cop*' | xargs wc -l
