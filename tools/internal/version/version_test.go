// SPDX-License-Identifier: GPL-2.0

package version

import (
	"runtime/debug"
	"testing"
)

func TestDescribe(t *testing.T) {
	commit := []debug.BuildSetting{{Key: "vcs.revision", Value: "0123456789abcdef"}, {Key: "vcs.modified", Value: "true"}}
	for _, c := range []struct {
		info debug.BuildInfo
		want string
	}{
		{debug.BuildInfo{}, "devel (image format revision 3)"},
		{debug.BuildInfo{Main: debug.Module{Version: "(devel)"}, Settings: commit[:1]}, "0123456789ab (image format revision 3)"},
		{debug.BuildInfo{Main: debug.Module{Version: "(devel)"}, Settings: commit}, "0123456789ab+changes (image format revision 3)"},
		{debug.BuildInfo{Main: debug.Module{Version: "v1.2.0"}, Settings: commit}, "v1.2.0 (image format revision 3)"},
	} {
		if got := describe(&c.info, 3); got != c.want {
			t.Errorf("describe(%+v) = %q, want %q", c.info, got, c.want)
		}
	}
}
