package github

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHunks(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, patch string
		want        []Lines
	}{
		{"none", "", nil},
		{"new file", "@@ -0,0 +1,2 @@\n+a\n+b\n\\ No newline at end of file", []Lines{{1, 2}}},
		{"one line", "@@ -1 +1 @@\n-a\n+b", []Lines{{1, 1}}},
		{"removed file", "@@ -1,2 +0,0 @@\n-a\n-b", nil},
		{"two hunks", "@@ -1,3 +1,4 @@ func x\n a\n+b\n c\n d\n@@ -10,3 +11,4 @@\n a\n-b\n+c\n+d\n e", []Lines{{1, 4}, {11, 14}}},
		{"lines like headers", "@@ -1,2 +1,3 @@\n+@@ -1 +7 @@\n @@ -1 +8 @@\n-@@ -1 +9 @@\n a", []Lines{{1, 3}}},
		{"carriage returns", "@@ -1,1 +1,2 @@\r\n+a\r\n b\r\n", []Lines{{1, 2}}},
		{"nonsense", "@@ -1 +x @@\n+a\n@@ -1 +-5,3 @@\n+a\n@@ +1 -1 @@\n@@ -1 +1,99999999999999999999 @@\n+a\n@@", nil},
		{"before any header", "+a\n b", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, hunks(tt.patch)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
