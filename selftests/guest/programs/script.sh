# script(1) with a shell in its terminal.
. ./gate.sh
{
	echo "PS1='$ '; stty -echo; x=before"
	echo "tty >tty.before; echo >in.terminal"
	until [ -e in.terminal ]; do
		sleep 0.05
	done
	gate
	echo "tty >tty.after; echo \$x >value; cmp tty.before tty.after && echo same >same"
	echo "exit 3"
} | script -q -e -c "dash -i" typescript >/dev/null
echo "status $?"
