package github

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParsePatch(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, patch    string
		hunks, changed []Lines
	}{
		{"none", "", nil, nil},
		{"new file", "@@ -0,0 +1,2 @@\n+a\n+b\n\\ No newline at end of file", []Lines{{1, 2}}, []Lines{{1, 2}}},
		{"one line", "@@ -1 +1 @@\n-a\n+b", []Lines{{1, 1}}, []Lines{{1, 1}}},
		{"removed file", "@@ -1,2 +0,0 @@\n-a\n-b", nil, nil},
		{"two hunks", "@@ -1,3 +1,4 @@ func x\n a\n+b\n c\n d\n@@ -10,3 +11,4 @@\n a\n-b\n+c\n+d\n e", []Lines{{1, 4}, {11, 14}}, []Lines{{2, 2}, {12, 13}}},
		{"apart", "@@ -1,3 +1,5 @@\n+a\n b\n+c\n d\n e", []Lines{{1, 5}}, []Lines{{1, 1}, {3, 3}}},
		{"removed between", "@@ -1,3 +1,4 @@\n+a\n-b\n+c\n d\n e", []Lines{{1, 4}}, []Lines{{1, 2}}},
		{"a line like a header", "@@ -1,1 +1,2 @@\n+@@ -1 +1 @@\n a", []Lines{{1, 2}}, []Lines{{1, 1}}},
		{"carriage returns", "@@ -1,1 +1,2 @@\r\n+a\r\n b\r\n", []Lines{{1, 2}}, []Lines{{1, 1}}},
		{"more lines than said", "@@ -1,0 +1,1 @@\n+a\n+b\n+c", []Lines{{1, 1}}, []Lines{{1, 1}}},
		{"nonsense", "@@ -1 +x @@\n+a\n@@ -1 +-5,3 @@\n+a\n@@ +1 -1 @@\n@@ -1 +1,99999999999999999999 @@\n+a\n@@", nil, nil},
		{"before any header", "+a\n b", nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			hunks, changed := parsePatch(tt.patch)
			if diff := cmp.Diff(tt.hunks, hunks); diff != "" {
				t.Errorf("hunks\n%s", diff)
			}
			if diff := cmp.Diff(tt.changed, changed); diff != "" {
				t.Errorf("changed\n%s", diff)
			}
		})
	}
}
