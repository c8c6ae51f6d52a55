// SPDX-License-Identifier: GPL-2.0

package main

import (
	"iter"
	"slices"
	"strings"

	"linux-cr/abi/image"
	"linux-cr/abi/schema"
)

// survey is what the views show: who has which objects, and how large it all is.
type survey struct {
	*contents
	objects []object // number n at n-1
	users   []user   // the tasks whose state was read, in this order
	kinds   map[string]*kind
	latest  map[string]int // of a type of objects, the last one's index
	naming  bool           // strings that come now name the last object
	filling int            // the object that pages which come now belong to, by index

	socketEnds map[int32]*socketEnd // see sockets()
}

// object is a shared object.
type object struct {
	record image.Record
	names  []string
	pages  int
	part   image.Record      // the record behind that of a file, which tells more of it
	fds    []*image.FileDesc // of a descriptor table
	by     []int32           // objects that refer to it
	tasks  []int             // users that do, by index
	seen   int               // by the last search that came here

	nested  int     // pieces of what is in it,
	bytes   uint64  // and their size
	watched []int32 // descriptors, of an epoll instance
	senders []int32 // sockets that have sent a message, of a queue
}

// user is a task with the objects that it has itself.
type user struct {
	pid  int32
	refs []int32
	objs *image.TaskObjs
}

// kind is a type of record.
type kind struct {
	records int
	bytes   int64
}

// ownerOf are the records that belong to an object that need not be the last one.
var ownerOf = map[uint32]string{image.CKPT_HDR_FILE_DESC: "FILE_TABLE", image.CKPT_HDR_VMA: "MM"}

// contained are the records that hold a piece of what is in an object, with the field that has its size.
var contained = map[uint32]string{image.CKPT_HDR_PIPE_BUF: "size", image.CKPT_HDR_SOCKET_BUFFER: "size"}

// add takes the next record.
func (s *survey) add(e *image.Entry) {
	s.count(e)
	if e.Record == nil {
		return
	}
	decl := image.Declaration(e.Record)
	switch r := e.Record.(type) {
	case *image.StringRecord:
		if s.naming {
			last := &s.objects[len(s.objects)-1]
			last.names = append(last.names, r.Value())
		}
		return
	case *image.Task:
		s.users = append(s.users, user{pid: r.PID})
	case *image.TaskObjs:
		if last := len(s.users) - 1; last >= 0 {
			s.users[last].objs = r
		}
	case *image.FileDesc:
		if at := s.owner(e, decl); at >= 0 {
			s.objects[at].fds = append(s.objects[at].fds, r)
		}
	case *image.SocketBuffer:
		if last := len(s.objects) - 1; last >= 0 && r.SenderRef != 0 {
			s.objects[last].senders = append(s.objects[last].senders, r.SenderRef)
		}
	case *image.EpollItem:
		if last := len(s.objects) - 1; last >= 0 {
			s.objects[last].watched = append(s.objects[last].watched, r.FD)
		}
	}
	directly := s.naming
	if s.naming = decl.Object != nil; s.naming {
		s.objects = append(s.objects, object{record: e.Record})
		if s.latest == nil {
			s.latest = map[string]int{}
		}
		s.latest[decl.Object.Name] = len(s.objects) - 1
	}
	switch {
	case e.Type == image.CKPT_HDR_VMA:
		s.filling = s.owner(e, decl)
	case decl.Object != nil && decl.Object.Num != image.CKPT_OBJ_FILE:
		s.filling = len(s.objects) - 1
	}
	s.attach(e, decl, directly)
	s.link(e, decl)
}

func (s *survey) count(e *image.Entry) {
	if s.kinds == nil {
		s.kinds = map[string]*kind{}
	}
	k := s.kinds[e.Name()]
	if k == nil {
		k = &kind{}
		s.kinds[e.Name()] = k
	}
	k.records++
	k.bytes += int64(e.Len)
}

// owner is the index of the object that a record is or belongs to, -1 for none.
func (s *survey) owner(e *image.Entry, decl *schema.Record) int {
	name := ownerOf[e.Type]
	if name == "" || decl.Object != nil {
		return len(s.objects) - 1
	}
	if at, ok := s.latest[name]; ok {
		return at
	}
	return -1
}

// attach gives a record without a number to the object that it follows: directly, or not.
func (s *survey) attach(e *image.Entry, decl *schema.Record, directly bool) {
	if decl.Object != nil || len(s.objects) == 0 {
		return
	}
	o := &s.objects[len(s.objects)-1]
	if hasPart(o.record, e.Record) && directly && ownerOf[e.Type] == "" {
		o.part = e.Record
		s.naming = true // A path may follow yet.
		return
	}
	if field := contained[e.Type]; field != "" {
		o.nested++
		o.bytes += number(e.Record, field)
	}
}

// hasPart reports whether what follows the record of an object at once tells more of it: of a file its kind's own, of a
// socket its address, of a queue the address of the peer.
func hasPart(r, next image.Record) bool {
	_, name := next.(*image.SocketName)
	switch r.(type) {
	case *image.File:
		return true
	case *image.Socket, *image.SocketQueue:
		return name
	}
	return false
}

// number is a field of a record by its name, 0 when there is none.
func number(r image.Record, field string) uint64 {
	for _, v := range image.Values(r) {
		if n, ok := v.Uint(); ok && v.Name == field {
			return n
		}
	}
	return 0
}

// link notes what a record refers to, and the pages it has.
func (s *survey) link(e *image.Entry, decl *schema.Record) {
	at := s.owner(e, decl)
	if len(e.Addrs) > 0 && s.filling >= 0 && s.filling < len(s.objects) {
		s.objects[s.filling].pages += len(e.Addrs)
	}
	values := []image.Value(nil)
	for i, f := range decl.Fields {
		if f.Ref == "" {
			continue
		}
		if values == nil {
			values = image.Values(e.Record)
		}
		n, ok := values[i].V.(int32)
		if !ok || n == 0 {
			continue
		}
		to := &s.objects[n-1] // The reader has checked it.
		switch {
		case e.Type == image.CKPT_HDR_TASK_OBJS:
			if last := len(s.users) - 1; last >= 0 {
				to.tasks = append(to.tasks, last)
				s.users[last].refs = append(s.users[last].refs, n)
			}
		case at >= 0:
			if last := len(to.by) - 1; last < 0 || to.by[last] != int32(at+1) {
				to.by = append(to.by, int32(at+1))
			}
		}
	}
}

// usersOf are the ids of the tasks that use an object, also by way of others.
func (s *survey) usersOf(n int) []int32 {
	var found []int
	for todo := []int32{int32(n)}; len(todo) > 0; {
		o := &s.objects[todo[len(todo)-1]-1]
		todo = todo[:len(todo)-1]
		if o.seen == n {
			continue
		}
		o.seen = n
		todo = append(todo, o.by...)
		found = append(found, o.tasks...)
	}
	slices.Sort(found)
	pids := []int32{}
	for _, t := range slices.Compact(found) {
		pids = append(pids, s.users[t].pid)
	}
	return pids
}

// kept is the memory, in bytes, that the image holds of each task by its id.
func (s *survey) kept() map[int32]int64 {
	page := int64(1) << s.reader.Header().PageShift
	bytes := map[int32]int64{}
	for _, u := range s.users {
		for _, n := range u.refs {
			bytes[u.pid] += int64(s.objects[n-1].pages) * page
		}
	}
	return bytes
}

// threads counts the threads of each process.
func (s *survey) threads() map[int32]int {
	n := map[int32]int{}
	for _, t := range s.tasks {
		if !t.ghost() {
			n[t.TGID]++
		}
	}
	return n
}

func (t *task) ghost() bool  { return t.Flags&image.CKPT_PIDS_GHOST != 0 }
func (t *task) thread() bool { return !t.ghost() && t.PID != t.TGID }

// name is that of the task, as far as the image tells.
func (t *task) name() string {
	if t.state == nil {
		return "?"
	}
	return image.CString(t.state.Comm[:])
}

// doing is what a task was at, in a word.
func (t *task) doing() string {
	switch {
	case t.ghost():
		return "ghost"
	case t.state == nil:
		return "?"
	}
	return strings.ToLower(image.Symbol(schema.TaskStates, uint64(t.state.State)))
}

// all goes over the objects with their numbers.
func (s *survey) all() iter.Seq2[int, *object] {
	return func(yield func(int, *object) bool) {
		for i := range s.objects {
			if !yield(i+1, &s.objects[i]) {
				return
			}
		}
	}
}
