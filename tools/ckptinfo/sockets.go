// SPDX-License-Identifier: GPL-2.0

package main

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"linux-cr/abi/image"
	"linux-cr/abi/schema"
)

// socketEnd is what there is to know of a socket, beside its record.
type socketEnd struct {
	file   int32             // the open file that leads to it, 0 for none
	h      image.SocketQueue // the record of what waits in it
	behind *object           // the object of that, nil for none
	waits  int32             // the listening socket in which it waits to be accepted, 0 for none
}

// sockets are the ends of connections by their numbers.
func (s *survey) sockets() map[int32]*socketEnd {
	if s.socketEnds != nil {
		return s.socketEnds
	}
	all := map[int32]*socketEnd{}
	end := func(n int32) *socketEnd {
		if all[n] == nil {
			all[n] = &socketEnd{}
		}
		return all[n]
	}
	for i, o := range s.all() {
		switch r := o.record.(type) {
		case *image.File:
			if part, ok := o.part.(*image.SocketFile); ok {
				end(part.SocketRef).file = int32(i)
			}
		case *image.SocketQueue:
			e := end(r.SocketRef)
			e.h, e.behind = *r, o
		}
	}
	// A listening socket is in the place of the reader of connections that wait.
	for n, e := range all {
		if e.behind == nil || s.socketOf(n) == nil || s.socketOf(n).State != image.CKPT_SOCKET_LISTENING {
			continue
		}
		for _, sender := range e.behind.senders {
			end(sender).waits = n
		}
	}
	s.socketEnds = all
	return all
}

// socketOf is the record of a socket, nil when the object is something else.
func (s *survey) socketOf(n int32) *image.Socket {
	if n < 1 || int(n) > len(s.objects) {
		return nil
	}
	r, _ := s.objects[n-1].record.(*image.Socket)
	return r
}

// address is as /proc/net/unix shows it: a path, or @ and a name of the abstract name space. Empty for none.
func address(r image.Record) string {
	name, ok := r.(*image.SocketName)
	if !ok || len(name.Name) == 0 {
		return ""
	}
	text := string(name.Name)
	if text[0] == 0 {
		text = "@" + text[1:]
	}
	text = plain(strings.TrimSuffix(text, "\x00"))
	if strings.Contains(text, " ") {
		text = `"` + text + `"`
	}
	return text
}

func socketType(r *image.Socket) string {
	family, kind := fmt.Sprintf("family=%d", r.Family), fmt.Sprintf("type=%d", r.SockType)
	if r.Family == unix.AF_UNIX {
		family = "unix"
	}
	switch r.SockType {
	case unix.SOCK_STREAM:
		kind = "stream"
	case unix.SOCK_DGRAM:
		kind = "dgram"
	case unix.SOCK_SEQPACKET:
		kind = "seqpacket"
	}
	return family + " " + kind
}

func symbolOf(e *schema.Enum, v uint32) string {
	return strings.ToLower(image.Symbol(e, uint64(v)))
}

// socketWords tell of a socket: what it is, its address, and what it is connected with.
func (s *survey) socketWords(n int32) []string {
	r := s.socketOf(n)
	if r == nil {
		return []string{"?"}
	}
	o := &s.objects[n-1]
	words := []string{fmt.Sprintf("socket:%d", n), socketType(r), symbolOf(schema.SocketStates, r.State)}
	if name := address(o.part); name != "" {
		words = append(words, name)
	}
	// The path only when it is not what the address says.
	for _, path := range o.shownNames() {
		if !slices.Contains(words, path) {
			words = append(words, "at", path)
		}
	}
	for _, m := range []struct {
		flag uint32
		word string
	}{{image.CKPT_SOCKF_SHUT_RD, "shut:r"}, {image.CKPT_SOCKF_SHUT_WR, "shut:w"}} {
		if r.Flags&m.flag != 0 {
			words = append(words, m.word)
		}
	}
	e := s.sockets()[n]
	if e == nil {
		return words
	}
	if e.waits != 0 {
		words = append(words, fmt.Sprintf("waits in socket:%d", e.waits))
	}
	return append(words, s.peerWords(e)...)
}

// peerWords tell what a socket is connected with.
func (s *survey) peerWords(e *socketEnd) []string {
	if e.behind == nil {
		return nil
	}
	words := []string(nil)
	name := address(e.behind.part)
	switch {
	case e.h.PeerRef != 0:
		words = append(words, fmt.Sprintf("peer=socket:%d", e.h.PeerRef))
	case e.h.Flags&image.CKPT_SOCKQ_PEER_CLOSED != 0:
		words = append(words, strings.TrimSpace("peer=closed "+name))
	case e.h.Flags&image.CKPT_SOCKQ_PEER_NAMED != 0:
		words = append(words, "peer="+name)
	}
	if e.behind.nested > 0 {
		words = append(words, fmt.Sprintf("messages=%d bytes=%d", e.behind.nested, e.behind.bytes))
	}
	return words
}

// socketPeer is the open file at the other end of the socket that file n leads to, 0 for none.
func (s *survey) socketPeer(n int32) int32 {
	part, ok := s.objects[n-1].part.(*image.SocketFile)
	if !ok {
		return 0
	}
	ends := s.sockets()
	e := ends[part.SocketRef]
	if e == nil || e.h.PeerRef == 0 || ends[e.h.PeerRef] == nil {
		return 0
	}
	return ends[e.h.PeerRef].file
}

// socketHolders are who has a socket, or the one in which it waits.
func (s *survey) socketHolders(n int32, holders map[int32][]holder) []holder {
	e := s.sockets()[n]
	switch {
	case e == nil:
		return nil
	case e.file != 0:
		return holders[e.file]
	case e.waits != 0:
		return []holder{{0, fmt.Sprintf("socket:%d", e.waits)}}
	}
	return nil
}

// socketBytes is how much waits in a socket.
func (s *survey) socketBytes(n int32) uint64 {
	if e := s.sockets()[n]; e != nil && e.behind != nil {
		return e.behind.bytes
	}
	return 0
}
