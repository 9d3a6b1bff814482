// Package config reads what people set: process settings from the environment
// (it is the only reader of it), and repository settings from YAML files. The
// definitions that read a repository's settings also publish their JSON Schema
// and their documentation, so that the three cannot disagree.
//
// It hands plain values to the rooms that use them and knows nothing of
// GitHub, the queue or the server.
package config
