package github

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
)

func sign(body, secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

func TestVerify(t *testing.T) {
	t.Parallel()
	const body = `{"zen":"Keep it logically awesome."}`
	old := hmac.New(sha1.New, []byte("new"))
	old.Write([]byte(body))
	for _, tt := range []struct {
		name      string
		body      string
		signature string
		secrets   []string
		want      bool
	}{
		{"right", body, sign(body, "new"), []string{"new"}, true},
		{"second of two", body, sign(body, "old"), []string{"new", "old"}, true},
		{"first of two", body, sign(body, "new"), []string{"new", "old"}, true},
		{"upper case digits", body, "sha256=" + strings.ToUpper(sign(body, "new")[7:]), []string{"new"}, true},
		{"empty body", "", sign("", "new"), []string{"new"}, true},
		{"other secret", body, sign(body, "other"), []string{"new"}, false},
		{"other body", body + " ", sign(body, "new"), []string{"new"}, false},
		{"no secrets", body, sign(body, ""), nil, false},
		{"empty secret", body, sign(body, ""), []string{""}, false},
		{"empty among others", body, sign(body, ""), []string{"new", ""}, false},
		{"no signature", body, "", []string{"new"}, false},
		{"no prefix", body, sign(body, "new")[7:], []string{"new"}, false},
		{"prefix only", body, "sha256=", []string{"new"}, false},
		{"cut short", body, sign(body, "new")[:40], []string{"new"}, false},
		{"too long", body, sign(body, "new") + "00", []string{"new"}, false},
		{"not digits", body, "sha256=" + strings.Repeat("z", 64), []string{"new"}, false},
		{"sha-1", body, "sha1=" + hex.EncodeToString(old.Sum(nil)), []string{"new"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var secrets [][]byte
			for _, s := range tt.secrets {
				secrets = append(secrets, []byte(s))
			}
			if got := Verify([]byte(tt.body), tt.signature, secrets); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
