# git has imported half of a history.
. ./gate.sh
commits() {
	n=$1
	while [ "$n" -le "$2" ]; do
		text="content $n"
		printf 'commit refs/heads/main\nmark :%d\ncommitter A <a@example.org> %d +0000\ndata 9\ncommit %02d\n' "$n" $((1700000000 + n)) "$n"
		printf 'M 100644 inline file%d\ndata %d\n%s\n' $((n % 9)) ${#text} "$text"
		n=$((n + 1))
	done
}
export GIT_CONFIG_NOSYSTEM=1 HOME=$PWD
git init -q -b main repo
{
	commits 1 40
	echo "progress half"
	gate
	commits 41 80
} | git -C repo fast-import --quiet >progress
git -C repo fsck --strict
git -C repo log --format='%H %s' | md5sum
git -C repo ls-tree main
