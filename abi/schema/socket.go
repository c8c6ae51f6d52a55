// SPDX-License-Identifier: GPL-2.0

package schema

// SocketStates are the states of a socket.
var SocketStates = &Enum{
	Name: "socket_state", Prefix: "CKPT_SOCKET_", Doc: "state of a socket",
	Values: []Value{
		{"UNCONNECTED", 1, "neither connected nor listening"},
		{"CONNECTED", 2, "connected, or of a datagram socket: somebody has connected to it"},
		{"LISTENING", 3, "listen(2)"},
	},
}

// SocketFlags are marks of a socket.
var SocketFlags = &Enum{
	Name: "socket_flags", Prefix: "CKPT_SOCKF_", Bits: true, Doc: "marks of a socket",
	Values: []Value{
		{"EMBRYO", 1 << 0, "a connection that has not been accepted yet: no open file leads to it"},
		{"SHUT_RD", 1 << 1, "shutdown(2), SHUT_RD"},
		{"SHUT_WR", 1 << 2, "shutdown(2), SHUT_WR"},
		{"NAME", 1 << 3, "a socket_name record with the address, as getsockname(2) gives it, follows"},
		{"BOUND", 1 << 4, "it is found by its address"},
		{"PATH", 1 << 5, "a string record with the path of its file follows"},
		{"PEERCRED", 1 << 6, "a socket_peercred record follows"},
	},
}

// SocketQueueFlags are how a socket is connected.
var SocketQueueFlags = &Enum{
	Name: "socket_queue_flags", Prefix: "CKPT_SOCKQ_", Bits: true, Doc: "how a socket is connected",
	Values: []Value{
		{"PEER_CLOSED", 1 << 0, "the peer is closed; a socket_name record with the address that it had follows"},
		{"PEER_NAMED", 1 << 1, "datagrams: the peer is outside of the hierarchy and found by its address; a socket_name record follows"},
	},
}

// SocketBufferFlags are marks of a message.
var SocketBufferFlags = &Enum{
	Name: "socket_buffer_flags", Prefix: "CKPT_SOCKB_", Bits: true, Doc: "marks of a message",
	Values: []Value{
		{"OOB", 1 << 0, "the byte that MSG_OOB sent, and that is out of band still"},
		{"OOB_READ", 1 << 1, "where such a byte was that has been read: SIOCATMARK"},
		{"CREDS", 1 << 2, "pid, uid and gid are set"},
		{"SENDER_PEER", 1 << 3, "the peer has sent it"},
		{"SENDER_NAME", 1 << 4, "the sender is closed or outside; a socket_name record with its address follows"},
	},
}

// SocketOption is one option.
var SocketOption = &Struct{Name: "socket_option", Doc: "An option of a socket, of level SOL_SOCKET.", Fields: []Field{
	{Name: "optname", Kind: U32, Doc: "SO_*"},
	{Name: "optlen", Kind: U32, Doc: "bytes of the value"},
	{Name: "optval", Kind: U8, Count: 16, Doc: "the value, as getsockopt(2) gives it and in the byte order of the source"},
}}

// Sockets are the ends of connections.
var Sockets = Subsystem{
	Name: "Sockets", Doc: "Unix sockets: what an open file or a message in flight leads to, what they are connected with, what waits in them. Queues stand behind the last task, for sockets refer to each other and may be in flight in each other.",
	Enums:   []*Enum{SocketStates, SocketFlags, SocketQueueFlags, SocketBufferFlags},
	Structs: []*Struct{SocketOption},
	Records: []*Record{
		{Name: "socket", Type: 701, Object: obj("SOCKET"), Doc: "A socket. What its flags name follows, in the order of the flags.", Fields: []Field{
			{Name: "objref", Kind: S32, Doc: "object number"},
			{Name: "family", Kind: U32, Max: 0xff, Doc: "AF_*"},
			{Name: "sock_type", Kind: U32, Max: 0xf, Doc: "SOCK_*"},
			{Name: "protocol", Kind: U32, Max: 0xffff, Doc: "third argument of socket(2)"},
			{Name: "state", Kind: U32, Enum: SocketStates, Doc: "state"},
			{Name: "flags", Kind: U32, Flags: SocketFlags, Doc: "marks"},
			{Name: "error", Kind: U32, Max: 4095, Doc: "pending error, as SO_ERROR gives it once; 0 for none"},
			{Name: "backlog", Kind: U32, Doc: "of listen(2)"},
			{Name: "uid", Kind: U32, Doc: "st_uid"},
			{Name: "gid", Kind: U32, Doc: "st_gid"},
			{Name: "mode", Kind: U32, Max: 0o7777, Doc: "permissions of st_mode"},
			{Name: "node_uid", Kind: U32, Doc: "st_uid of the file that it is bound to"},
			{Name: "node_gid", Kind: U32, Doc: "st_gid of that"},
			{Name: "node_mode", Kind: U32, Max: 0o7777, Doc: "permissions of that"},
			{Name: "reserved0", Kind: U32, Reserved: true},
			{Name: "nr_options", Kind: U32, Max: 64, Doc: "options"},
			{Name: "options", Of: SocketOption, LenOf: "nr_options", MaxLen: 64, Doc: "options that are not as in a new socket, and the sizes of the buffers"},
		}},
		{Name: "socket_name", Type: 702, Doc: "An address.", Fields: []Field{
			{Name: "reserved0", Kind: U32, Reserved: true},
			{Name: "len", Kind: U32, Max: 128, Doc: "bytes; 0 for a socket without an address"},
			{Name: "name", Kind: U8, LenOf: "len", MaxLen: 128, Doc: "behind sa_family: sun_path, with a leading NUL in the abstract name space"},
		}},
		{Name: "socket_peercred", Type: 703, Doc: "Who was at the other end when the connection was made.", Fields: []Field{
			{Name: "pid", Kind: S32, Max: 1 << 30, Doc: "SO_PEERCRED, process; 0 for one outside of the hierarchy or gone"},
			{Name: "uid", Kind: U32, Doc: "SO_PEERCRED, effective user id"},
			{Name: "gid", Kind: U32, Doc: "SO_PEERCRED, effective group id"},
			{Name: "nr_groups", Kind: U32, Max: 65536, Doc: "supplementary groups"},
			{Name: "groups", Kind: U32, LenOf: "nr_groups", MaxLen: 65536, Doc: "SO_PEERGROUPS"},
		}},
		{Name: "socket_file", Type: 704, Doc: "Follows the file record of an open socket.", Fields: []Field{
			{Name: "socket_ref", Kind: S32, Ref: "SOCKET", NonNull: true, Doc: "the socket"},
			{Name: "reserved0", Kind: U32, Reserved: true},
		}},
		{Name: "socket_queue", Type: 705, Object: obj("SOCKET_QUEUE"), Doc: "What a socket is connected with, and what waits in it: nr_buffers records of type socket_buffer follow. The connections that wait in a listening socket are messages of those.", Fields: []Field{
			{Name: "objref", Kind: S32, Doc: "object number"},
			{Name: "socket_ref", Kind: S32, Ref: "SOCKET", NonNull: true, Doc: "the socket"},
			{Name: "peer_ref", Kind: S32, Ref: "SOCKET", Doc: "what it is connected with; 0 for none, or one that is not in the image"},
			{Name: "flags", Kind: U32, Flags: SocketQueueFlags, Doc: "how it is connected"},
			{Name: "nr_buffers", Kind: U32, Max: 1 << 20, Doc: "messages"},
			{Name: "reserved0", Kind: U32, Reserved: true},
		}},
		{Name: "socket_buffer", Type: 706, Doc: "A message, or what is left of it. The sender's address follows if its flags say so, then nr_files records of type socket_right.", Fields: []Field{
			{Name: "flags", Kind: U32, Flags: SocketBufferFlags, Doc: "marks"},
			{Name: "sender_ref", Kind: S32, Ref: "SOCKET", Doc: "who has sent it; 0 for the peer, or one that is not in the image"},
			{Name: "pid", Kind: S32, Max: 1 << 30, Doc: "SCM_CREDENTIALS; 0 for a process outside of the hierarchy or gone"},
			{Name: "uid", Kind: U32, Doc: "SCM_CREDENTIALS"},
			{Name: "gid", Kind: U32, Doc: "SCM_CREDENTIALS"},
			{Name: "nr_files", Kind: U32, Max: 253, Doc: "open files in flight: SCM_RIGHTS"},
			{Name: "tstamp", Kind: S64, Doc: "SO_TIMESTAMP, nanoseconds of CLOCK_REALTIME; 0 for none"},
			{Name: "reserved0", Kind: U32, Reserved: true},
			{Name: "size", Kind: U32, Max: 1 << 22, Doc: "bytes"},
			{Name: "data", Kind: U8, LenOf: "size", MaxLen: 1 << 22, Doc: "what has not been read"},
		}},
		{Name: "socket_right", Type: 707, Doc: "An open file in flight.", Fields: []Field{
			{Name: "file_ref", Kind: S32, Ref: "FILE", NonNull: true, Doc: "the file"},
			{Name: "reserved0", Kind: U32, Reserved: true},
		}},
	},
}
