// SPDX-License-Identifier: GPL-2.0

// Package saved puts the contents of chosen files in front of an image, and back into the file system before a restart.
//
// At a checkpoint the processes are frozen: Find looks in /proc which regular files they have open or mapped, and Write
// saves those that are wanted. What has no name is not for this package: the kernel saves it.
//
// At a restart Stage reads the section into temporary files without names and compares it with what is there, and only
// when all of it has been read and found to be in order Place gives names to the files that were missing. A file that
// differs is somebody's work: nothing is written to it unless that was asked for. If the restart then fails, Undo has
// everything as it was.
package saved
