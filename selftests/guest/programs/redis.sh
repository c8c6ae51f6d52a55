# A redis server with data and an append-only file, and a client in the middle of a transaction on a Unix socket.
# Debian has the server in redis-tools under another name, so that no server of the machine has to be installed.
. ./gate.sh
bash -c 'exec -a redis-server /usr/bin/redis-check-rdb --port 0 --unixsocket redis.sock --save "" --appendonly yes --daemonize no' >server.log 2>&1 &
until redis-cli -s redis.sock ping >/dev/null 2>&1; do
	sleep 0.1
done
{
	n=1
	while [ $n -le 100 ]; do
		echo "rpush list item$n"
		n=$((n + 1))
	done
	echo "set volatile x ex 100000"
	echo "multi"
	echo "incrby number 41"
	echo "lpop list"
	gate
	echo "incr number"
	echo "exec"
	echo "llen list"
	echo "lrange list 0 2"
} | redis-cli -s redis.sock >client.out
redis-cli -s redis.sock get number
redis-cli -s redis.sock llen list
redis-cli -s redis.sock exists volatile
redis-cli -s redis.sock shutdown
wait
grep -c item appendonlydir/*.incr.aof
