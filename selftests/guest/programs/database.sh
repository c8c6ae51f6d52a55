# database.sh BEGIN END: a sqlite3 that has done half of its work, with or without a transaction.
. ./gate.sh
rows() {
	n=$1
	while [ "$n" -le "$2" ]; do
		echo "insert into t values ($n, 'row $n');"
		n=$((n + 1))
	done
}
{
	echo "create table t (n integer primary key, s text); create temp table kept (s text); insert into kept values ('kept');"
	echo "pragma cache_size = 50;"
	echo "$1"
	rows 1 100
	echo "select 'half', count(*) from t;"
	# Standard output is a buffered file: what is in it is seen when sqlite3 says so through a child.
	echo ".system echo half >half"
	gate
	rows 101 200
	echo "$2"
	echo "select count(*), sum(n), max(s) from t; select s from kept;"
} | sqlite3 data.db
sqlite3 data.db "pragma integrity_check; select count(*) from t;"
