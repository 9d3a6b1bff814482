package openapitest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Examples goes through the payloads of @octokit/webhooks-examples in a folder,
// those of GitHub and of GitHub Enterprise Server, and gives their number. They
// are not part of this repository: "make webhooks" fetches them.
func Examples(dir string, use func(event string, payload []byte)) (n int, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "*", "index.json"))
	if err != nil {
		return 0, err
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return n, err
		}
		var events []struct {
			Name     string            `json:"name"`
			Examples []json.RawMessage `json:"examples"`
		}
		if err := json.Unmarshal(content, &events); err != nil {
			return n, fmt.Errorf("%s: %w", file, err)
		}
		for _, event := range events {
			for _, payload := range event.Examples {
				use(event.Name, payload)
				n++
			}
		}
	}
	return n, nil
}
