// SPDX-License-Identifier: GPL-2.0

package schema

// IOEvent is one completion.
var IOEvent = &Struct{
	Name: "io_event", Doc: "A completed request, as struct io_event of io_getevents(2).",
	Fields: []Field{
		{Name: "data", Kind: U64, Doc: "aio_data of the request"},
		{Name: "obj", Kind: U64, Doc: "address of the request"},
		{Name: "res", Kind: S64, Doc: "result"},
		{Name: "res2", Kind: S64, Doc: "second result"},
	},
}

// AIO is asynchronous I/O of io_setup(2).
var AIO = Subsystem{
	Name: "AIO", Doc: "Contexts of asynchronous I/O (io_setup(2)), without requests in flight.",
	Structs: []*Struct{IOEvent},
	Records: []*Record{
		{Name: "aio", Type: 340, Doc: "Contexts of an address space. It follows the areas; nr_contexts records of type aio_context follow.", Fields: []Field{
			{Name: "nr_contexts", Kind: U32, Max: 1 << 16, Doc: "contexts"},
			{Name: "reserved0", Kind: U32, Reserved: true},
		}},
		{Name: "aio_context", Type: 341, Doc: "A context. Its ring is mapped at the address that is its identifier; no area record stands for it.", Fields: []Field{
			{Name: "id", Kind: U64, Doc: "aio_context_t: address of the ring"},
			{Name: "bytes", Kind: U64, Doc: "size of the ring, bytes"},
			{Name: "max_reqs", Kind: U32, Doc: "nr_events of io_setup(2)"},
			{Name: "nr", Kind: U32, Doc: "events that the ring holds"},
			{Name: "head", Kind: U32, Doc: "first event that has not been read"},
			{Name: "tail", Kind: U32, Doc: "where the next event goes"},
			{Name: "reserved0", Kind: U32, Reserved: true},
			{Name: "unread", Kind: U32, Max: 1 << 16, Doc: "events that have not been read"},
			{Name: "events", Of: IOEvent, LenOf: "unread", MaxLen: 1 << 16, Doc: "these events"},
		}},
	},
}
