package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strconv"
	"sync"

	"github.com/onboard-defender/onboard-defender/internal/github/githubtest"
)

// appKey is one key for all tests: making one takes longer than a test.
var appKey = sync.OnceValue(newKey)

func newKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

func privatePEM(key *rsa.PrivateKey) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
}

// variables are the environment of a program that is the App of that number on
// a GitHub, and listens on ports that are free.
func variables(world *githubtest.Server, app int64, webhookSecret, stateDir string) map[string]string {
	return map[string]string{
		"GITHUB_APP_ID": strconv.FormatInt(app, 10), "GITHUB_PRIVATE_KEY": privatePEM(appKey()), "GITHUB_WEBHOOK_SECRET": webhookSecret,
		"GITHUB_API_URL": world.APIURL(), "STATE_DIR": stateDir, "LISTEN_ADDR": "127.0.0.1:0", "ADMIN_ADDR": "127.0.0.1:0",
	}
}
