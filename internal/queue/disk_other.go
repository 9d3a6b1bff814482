//go:build !linux

package queue

// onNetwork is only known on Linux, which is what the bot is deployed on.
func onNetwork(string) (bool, error) { return false, nil }
