// SPDX-License-Identifier: GPL-2.0

package main

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"linux-cr/abi/image"
)

// socketTypes are the types of sockets, as ss shows them.
var socketTypes = map[uint32]string{unix.SOCK_STREAM: "stream", unix.SOCK_DGRAM: "dgram", unix.SOCK_SEQPACKET: "seqpacket"}

// socketStates are the states that are worth a word.
var socketStates = map[uint32]string{image.CKPT_SOCKET_LISTENING: "listening", image.CKPT_SOCKET_UNCONNECTED: "unconnected"}

// address is the text of an address: abstract ones begin with @, as in /proc/net/unix.
func address(name []byte) string {
	if len(name) > 0 && name[0] == 0 {
		return "@" + plain(strings.ReplaceAll(string(name[1:]), "\x00", "@"))
	}
	return plain(strings.TrimRight(string(name), "\x00"))
}

// addSocket takes a record of what a socket is, has as its address, or is connected with.
func (s *survey) addSocket(r image.Record) {
	switch r := r.(type) {
	case *image.SocketName:
		// One behind a queue is the address of somebody else.
		if last := len(s.objects) - 1; last >= 0 && len(s.objects[last].names) == 0 {
			if _, ok := s.objects[last].record.(*image.Socket); ok && len(r.Name) > 0 {
				s.objects[last].names = []string{address(r.Name)}
			}
		}
	case *image.SocketFile:
		if last := len(s.objects) - 1; last >= 0 {
			s.socketFiles[r.SocketRef] = int32(last + 1)
		}
	case *image.SocketQueue:
		s.queues[r.SocketRef] = r
	}
}

// socketName tells what socket n is.
func (s *survey) socketName(n int32) string {
	o := &s.objects[n-1]
	sock, ok := o.record.(*image.Socket)
	if !ok {
		return "?"
	}
	words := []string{"unix"}
	if name, ok := socketTypes[sock.SockType]; ok {
		words = append(words, name)
	}
	if state, ok := socketStates[sock.State]; ok {
		words = append(words, state)
	}
	if len(o.names) > 0 {
		words = append(words, o.names[0])
	}
	if q := s.queues[n]; q != nil {
		if q.NrBuffers > 0 {
			words = append(words, fmt.Sprintf("waiting=%d", q.NrBuffers))
		}
		if q.Flags&image.CKPT_SOCKQ_PEER_CLOSED != 0 {
			words = append(words, "peer closed")
		}
	}
	return strings.Join(words, " ")
}

// connected is the file of the socket that file n is connected with, or 0.
func (s *survey) connected(n int32) int32 {
	part, ok := s.objects[n-1].part.(*image.SocketFile)
	if !ok {
		return 0
	}
	q := s.queues[part.SocketRef]
	if q == nil || q.PeerRef == 0 {
		return 0
	}
	return s.socketFiles[q.PeerRef]
}
