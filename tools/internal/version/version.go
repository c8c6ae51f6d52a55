// SPDX-License-Identifier: GPL-2.0

// Package version says which build of the tools this is.
package version

import (
	"fmt"
	"runtime/debug"

	"linux-cr/abi/schema"
)

// String is what --version prints behind the name of the tool.
func String() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	return describe(info, schema.Rev)
}

func describe(info *debug.BuildInfo, rev uint16) string {
	build := info.Main.Version
	var commit, modified string
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			commit = s.Value
		case "vcs.modified":
			modified = s.Value
		}
	}
	if build == "" || build == "(devel)" {
		build = "devel"
		if len(commit) >= 12 {
			build = commit[:12]
			if modified == "true" {
				build += "+changes"
			}
		}
	}
	return fmt.Sprintf("%s (image format revision %d)", build, rev)
}
