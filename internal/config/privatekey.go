package config

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
)

// privateKey makes the PEM form of what people put into a variable: the PEM
// itself, with its line breaks as \n because many tools allow none, or all of
// it in base64 for the same reason. What is wrong never quotes the key.
func privateKey(text string) (string, error) {
	text = strings.TrimSpace(strings.Trim(strings.TrimSpace(text), `"'`))
	if !strings.Contains(text, "-----BEGIN") {
		bare := strings.Join(strings.Fields(text), "")
		decoded, err := base64.StdEncoding.DecodeString(bare)
		if err != nil {
			decoded, err = base64.RawURLEncoding.DecodeString(strings.TrimRight(bare, "="))
		}
		if err != nil || !strings.Contains(string(decoded), "-----BEGIN") {
			return "", errNotPEM
		}
		text = string(decoded)
	}
	text = strings.TrimSpace(strings.NewReplacer(`\r\n`, "\n", `\n`, "\n", "\r\n", "\n").Replace(text)) + "\n"
	block, rest := pem.Decode([]byte(text))
	switch {
	case block == nil:
		return "", errNotPEM
	case strings.Contains(block.Type, "PUBLIC"), strings.Contains(block.Type, "CERTIFICATE"):
		return "", errPublicKey
	case block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "":
		return "", errEncryptedKey
	case strings.TrimSpace(string(rest)) != "":
		return "", errTwoKeys
	}
	if _, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return text, nil
	}
	// The parsers' words are dropped: they could quote the key.
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return "", errNotPEM
	}
	if _, ok := key.(*rsa.PrivateKey); !ok {
		return "", errNotRSA
	}
	return text, nil
}
