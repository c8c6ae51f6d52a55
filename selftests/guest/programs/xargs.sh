# xargs with children at work at the same time.
. ./gate.sh
cat >child.sh <<'CHILD'
. ./gate.sh
echo "$1 begins" >"part.$1"
gate "$1"
echo "$1 ends" >>"part.$1"
CHILD
seq 1 6 | xargs -P 3 -n 1 sh child.sh
cat part.*
