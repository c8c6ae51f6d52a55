// SPDX-License-Identifier: GPL-2.0
/*
 * unix_call - asleep in a call about a Unix socket until a handler that runs after
 * the restart lets it go on
 *
 * Variants: see calls[].
 */
#include "unix.h"

static volatile int runs;

/* Somebody with as many connections, or datagrams, as may wait. */
static void make_full(int type)
{
	struct sockaddr_un un;
	socklen_t len = name(&un, own_name(), 1);
	int i;

	listener = must(socket(AF_UNIX, type, 0));
	must(bind(listener, (void *)&un, len));
	if (type == SOCK_STREAM)
		must(listen(listener, 0));
	for (i = 0; i < 1000; i++) {
		b = must(socket(AF_UNIX, type | SOCK_NONBLOCK, 0));
		if (connect(b, (void *)&un, len))
			break;
		if (type == SOCK_DGRAM && send(b, "x", 1, 0) != 1)
			break;
	}
	want_u64("full", errno, EAGAIN);
	a = must(socket(AF_UNIX, type, 0));
	if (type == SOCK_DGRAM)
		must(connect(a, (void *)&un, len));
}

static void on_signal(int sig)
{
	runs++;
	if (prog_is("read"))
		put(a, 10, 1);
	else if (prog_is("accept"))
		a = make_client(own_name(), 1, SOCK_STREAM);
	else if (prog_is("connect"))
		must(accept(listener, NULL, NULL));
	else if (prog_is("sendto"))
		must(recv(listener, buf, 100, 0));
	else
		drain();
}

static int do_call(void)
{
	struct sockaddr_un un;
	socklen_t len;

	if (prog_is("read"))
		return read(b, buf, 100);
	if (prog_is("accept"))
		return accept(listener, NULL, NULL) >= 0;
	if (prog_is("send"))
		return send(a, data, 4096, 0);
	if (prog_is("sendto"))
		return send(a, data, 50, 0);
	len = name(&un, own_name(), 1);
	return connect(a, (void *)&un, len);
}

static const struct {
	const char *name;
	int ret;
} calls[] = {
	{ "read", 10 }, { "accept", 1 }, { "send", 4096 }, { "sendto", 50 }, { "connect", 0 },
};

/* Asleep in a call while it is saved and brought back. */
static void call(int right)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	int ret;

	must(sigaction(SIGUSR1, &sa, NULL));
	if (prog_is("accept"))
		listener = make_listener(own_name(), 1, SOCK_STREAM);
	else if (prog_is("connect"))
		make_full(SOCK_STREAM);
	else if (prog_is("sendto"))
		make_full(SOCK_DGRAM);
	else
		pair(SOCK_STREAM);
	if (prog_is("send"))
		while (send(a, data, 4096, MSG_DONTWAIT) > 0)
			;
	prog_ready();
	ret = prog_losing ? -2 : do_call();
	prog_wait();
	want_u64("return value", ret, right);
	want_u64("handler", runs, 1);
}

int main(int argc, char **argv)
{
	unsigned int i;

	prog_start(argc, argv);
	for (i = 0; i < ARRAY_SIZE(calls) - 1 && !prog_is(calls[i].name); i++)
		;
	call(calls[i].ret);
	prog_done();
}
