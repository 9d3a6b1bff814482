package report

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestEncode fills lists of several lengths; what comes out is what the encoder
// makes of the document with the lists in it.
func TestEncode(t *testing.T) {
	t.Parallel()
	type element struct {
		Text string   `json:"text"`
		More []string `json:"more"`
	}
	type document struct {
		Text   string    `json:"text"`
		First  []element `json:"first"`
		Inside struct {
			Second []element `json:"second"`
		} `json:"inside"`
	}
	some := []element{{`"second": [] <&>`, []string{}}, {"", []string{"a", "b"}}, {`"first": []`, nil}}
	for n := range some {
		for m := range some {
			d := document{Text: `"first": []`, First: some[:n]}
			d.Inside.Second = some[:m]
			var want strings.Builder
			e := json.NewEncoder(&want)
			e.SetEscapeHTML(false)
			e.SetIndent("", "  ")
			if err := e.Encode(d); err != nil {
				t.Fatal(err)
			}
			same := func(x element) any { return x }
			d.First, d.Inside.Second = []element{}, []element{}
			var got strings.Builder
			if err := encode(&got, d, elements("first", some[:n], same), elements("second", some[:m], same)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want.String(), got.String()); diff != "" {
				t.Errorf("%d and %d elements (-want +got):\n%s", n, m, diff)
			}
		}
	}
}

// full is a disk without room.
type full struct{}

var errFull = errors.New("no space left")

func (full) Write([]byte) (int, error) { return 0, errFull }

// TestFull writes a list to where there is no room, which stops it early.
func TestFull(t *testing.T) {
	t.Parallel()
	made := 0
	list := filling{"list", 1_000_000, func(int) any { made++; return strings.Repeat("x", 100) }}
	if err := encode(full{}, map[string][]string{"list": {}}, list); !errors.Is(err, errFull) {
		t.Errorf("error %v", err)
	}
	if made > 10_000 {
		t.Errorf("%d elements were made", made)
	}
}
