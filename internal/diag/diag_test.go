package diag

import "testing"

func TestSeverity(t *testing.T) {
	t.Parallel()
	for s, want := range map[Severity]string{Notice: "notice", Warning: "warning", Failure: "failure", 0: "invalid"} {
		if got := s.String(); got != want {
			t.Errorf("%d is %q, want %q", uint8(s), got, want)
		}
	}
}

func TestFirst(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{
		1: "Detail.",
		2: "Detail. The file has one more such place.",
		4: "Detail. The file has 3 more such places.",
	} {
		ds := make([]Diagnostic, n)
		ds[0] = Diagnostic{Summary: "Summary", Detail: "Detail."}
		if got := First(ds); got.Detail != want || got.Summary != "Summary" {
			t.Errorf("of %d: %+v", n, got)
		}
		if ds[0].Detail != "Detail." {
			t.Error("the list has changed")
		}
	}
}
