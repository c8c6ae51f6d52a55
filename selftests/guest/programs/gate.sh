# gate.sh - where a program under test stands still in the middle of its work
#
# gate [NAME] says with the file mid (or mid.NAME) that it is there, and waits for the file go.
gate() {
	echo >"mid${1:+.$1}"
	while [ ! -e go ]; do
		sleep 0.05
	done
}
