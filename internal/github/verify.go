package github

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// SignatureHeader is the header that carries a webhook's signature. The older
// X-Hub-Signature is SHA-1 and never read. See
// https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
const SignatureHeader = "X-Hub-Signature-256"

// Verify reports whether the value of [SignatureHeader] is the HMAC-SHA256 of
// body under any of secrets, which are several while one is being rotated.
// Empty secrets never match, and comparison takes the same time wherever the
// signatures differ. Body must be the bytes as they were received.
func Verify(body []byte, signature string, secrets [][]byte) bool {
	digits, ok := strings.CutPrefix(signature, "sha256=")
	if !ok || len(digits) != hex.EncodedLen(sha256.Size) {
		return false
	}
	got, err := hex.DecodeString(digits)
	if err != nil {
		return false
	}
	match := false
	for _, secret := range secrets {
		if len(secret) == 0 {
			continue
		}
		mac := hmac.New(sha256.New, secret)
		mac.Write(body)
		// No early exit: which secret matched must not show in the time taken.
		match = hmac.Equal(got, mac.Sum(nil)) || match
	}
	return match
}
