/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM checkpoint

#if !defined(_TRACE_CHECKPOINT_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_CHECKPOINT_H

#include <linux/tracepoint.h>

#ifndef _TRACE_CHECKPOINT_PHASES
#define _TRACE_CHECKPOINT_PHASES
enum checkpoint_trace_phase {
	CKPT_TRACE_BEGIN,
	CKPT_TRACE_HELD,
	CKPT_TRACE_CAPTURED,
	CKPT_TRACE_EMITTED,
	CKPT_TRACE_RELEASED,
	CKPT_TRACE_RESTORED,
	CKPT_TRACE_COMMITTED,
};
#endif

TRACE_DEFINE_ENUM(CKPT_TRACE_BEGIN);
TRACE_DEFINE_ENUM(CKPT_TRACE_HELD);
TRACE_DEFINE_ENUM(CKPT_TRACE_CAPTURED);
TRACE_DEFINE_ENUM(CKPT_TRACE_EMITTED);
TRACE_DEFINE_ENUM(CKPT_TRACE_RELEASED);
TRACE_DEFINE_ENUM(CKPT_TRACE_RESTORED);
TRACE_DEFINE_ENUM(CKPT_TRACE_COMMITTED);

#define show_checkpoint_phase(phase)			\
	__print_symbolic(phase,				\
		{ CKPT_TRACE_BEGIN, "begin" },		\
		{ CKPT_TRACE_HELD, "held" },		\
		{ CKPT_TRACE_CAPTURED, "captured" },	\
		{ CKPT_TRACE_EMITTED, "emitted" },	\
		{ CKPT_TRACE_RELEASED, "released" },	\
		{ CKPT_TRACE_RESTORED, "restored" },	\
		{ CKPT_TRACE_COMMITTED, "committed" })

/* One event per phase of a checkpoint or a restart. */
TRACE_EVENT(checkpoint_phase,
	TP_PROTO(u64 id, bool restart, int phase, u64 bytes),
	TP_ARGS(id, restart, phase, bytes),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(bool, restart)
		__field(int, phase)
		__field(u64, bytes)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->restart = restart;
		__entry->phase = phase;
		__entry->bytes = bytes;
	),
	TP_printk("id=%llu op=%s phase=%s bytes=%llu", __entry->id,
		  __entry->restart ? "restart" : "checkpoint",
		  show_checkpoint_phase(__entry->phase), __entry->bytes)
);

/* One event per line of the log. */
TRACE_EVENT(checkpoint_log,
	TP_PROTO(u64 id, int err, const char *line),
	TP_ARGS(id, err, line),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(int, err)
		__string(line, line)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->err = err;
		__assign_str(line);
	),
	TP_printk("id=%llu err=%d %s", __entry->id, __entry->err,
		  __get_str(line))
);

#endif /* _TRACE_CHECKPOINT_H */

#include <trace/define_trace.h>
