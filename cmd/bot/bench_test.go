//go:build unix

package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// BenchmarkCheck runs the built program on folders of API Management
// templates, 130 Bicep files to 70 ARM ones and 22 kB each, and reports the
// time and the memory of the whole process. In process, it counts allocations.
func BenchmarkCheck(b *testing.B) {
	bot := filepath.Join(b.TempDir(), "bot")
	if out, err := exec.CommandContext(b.Context(), "go", "build", "-trimpath", "-o", bot, ".").CombinedOutput(); err != nil {
		b.Fatalf("build: %v\n%s", err, out)
	}
	for _, files := range []int{200, 2_000, 20_000} {
		dir := filepath.Join(b.TempDir(), strconv.Itoa(files))
		size := writeFolder(b, dir, files)
		b.Run(fmt.Sprintf("process/files=%d", files), func(b *testing.B) {
			b.SetBytes(size)
			peak := int64(0)
			for b.Loop() {
				c := exec.CommandContext(b.Context(), bot, "check", "--format", "json")
				c.Dir, c.Stdout = dir, io.Discard
				if err := c.Run(); c.ProcessState.ExitCode() != exitFail {
					b.Fatalf("check: %v", err)
				}
				if usage, ok := c.ProcessState.SysUsage().(*syscall.Rusage); ok {
					peak = max(peak, usage.Maxrss)
				}
			}
			b.ReportMetric(float64(peak)/1024, "peak-MiB")
		})
		if files > 200 {
			continue
		}
		b.Run(fmt.Sprintf("in-process/files=%d", files), func(b *testing.B) {
			b.Chdir(dir)
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				if status := run(b.Context(), []string{"check", "--format", "json"}, environment{
					stdout: io.Discard, stderr: io.Discard, lookup: os.LookupEnv, now: time.Now,
				}); status != exitFail {
					b.Fatalf("exit status %d", status)
				}
			}
		})
	}
}

// writeFolder writes so many templates as many teams would, and reports their
// size: each team has a root with its API modules and parameters, and ARM
// templates of its own.
func writeFolder(b *testing.B, dir string, files int) (size int64) {
	b.Helper()
	write := func(path string, content []byte) {
		path = filepath.Join(dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			b.Fatal(err)
		}
		size += int64(len(content))
	}
	for team := range files / 20 {
		root := fmt.Sprintf("teams/t%05d/", team)
		var main bytes.Buffer
		main.WriteString("targetScope = 'resourceGroup'\n\n@description('The service that all teams share.')\nparam serviceName string\nparam stage string = 'dev'\n")
		for n := range 12 {
			fmt.Fprintf(&main, "\nmodule api%d 'modules/api%d.bicep' = if (stage != 'off') {\n  name: 'api-%d'\n  params: {\n    serviceName: serviceName\n    apiName: 'team%d-${stage}-%d'\n  }\n}\n", n, n, n, team, n)
			write(fmt.Sprintf("%smodules/api%d.bicep", root, n), bicepAPI(n))
		}
		write(root+"main.bicep", pad(&main, "// The deployment of one team.\n"))
		for n := range 7 {
			write(fmt.Sprintf("%sarm/azuredeploy%d.json", root, n), armAPIs(n))
		}
	}
	return size
}

// bicepAPI is a module with an API, its operations and its policies; every
// third is onboarded.
func bicepAPI(n int) []byte {
	var b bytes.Buffer
	b.WriteString("param serviceName string\nparam apiName string\nparam backends array = [\n  {\n    name: 'blue'\n    url: 'https://blue.example.com'\n  }\n]\n\n" +
		"var displayName = toUpper(replace(apiName, '-', ' '))\n\nresource apim 'Microsoft.ApiManagement/service@2023-05-01-preview' existing = {\n  name: serviceName\n}\n\n" +
		"resource api 'Microsoft.ApiManagement/service/apis@2023-05-01-preview' = {\n  parent: apim\n  name: apiName\n  properties: {\n    displayName: displayName\n    path: '${apiName}/v1'\n    protocols: [\n      'https'\n    ]\n  }\n}\n\n" +
		"resource backend 'Microsoft.ApiManagement/service/backends@2023-05-01-preview' = [for b in backends: {\n  parent: apim\n  name: '${apiName}-${b.name}'\n  properties: {\n    url: b.url\n    protocol: 'http'\n  }\n}]\n")
	for i := range 24 {
		fmt.Fprintf(&b, "\nresource operation%d 'Microsoft.ApiManagement/service/apis/operations@2023-05-01-preview' = {\n  parent: api\n  name: 'operation-%d'\n  properties: {\n    displayName: 'Operation %d'\n    method: 'GET'\n    urlTemplate: '/items/{id}/%d'\n    templateParameters: [\n      {\n        name: 'id'\n        required: true\n        type: 'string'\n      }\n    ]\n  }\n}\n"+
			"\nresource policy%d 'Microsoft.ApiManagement/service/apis/operations/policies@2023-05-01-preview' = {\n  parent: operation%d\n  name: 'policy'\n  properties: {\n    format: 'rawxml'\n    value: '''\n<policies>\n  <inbound>\n    <base />\n    <rate-limit calls=\"%d\" renewal-period=\"60\" />\n  </inbound>\n</policies>\n'''\n  }\n}\n", i, i, i, i, i, i, i)
	}
	if n%3 == 0 {
		b.WriteString("\nresource apiDefender 'Microsoft.Security/apiCollections@2023-11-15' = {\n  scope: apim\n  name: api.name\n}\n")
	}
	return pad(&b, "// Operations and policies of one API.\n")
}

// armAPIs is a template with an API, its operations and a nested deployment.
func armAPIs(n int) []byte {
	var b bytes.Buffer
	b.WriteString("{\n  \"$schema\": \"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#\",\n  \"contentVersion\": \"1.0.0.0\",\n" +
		"  \"parameters\": {\n    \"serviceName\": { \"type\": \"string\" },\n    \"apiName\": { \"type\": \"string\", \"defaultValue\": \"" + fmt.Sprintf("legacy-%d", n) + "\" }\n  },\n  \"resources\": [\n" +
		"    {\n      \"type\": \"Microsoft.ApiManagement/service/apis\",\n      \"apiVersion\": \"2022-08-01\",\n      \"name\": \"[concat(parameters('serviceName'), '/', parameters('apiName'))]\",\n      \"properties\": {\n        \"displayName\": \"[parameters('apiName')]\",\n        \"path\": \"[parameters('apiName')]\"\n      }\n    }")
	for i := range 40 {
		fmt.Fprintf(&b, ",\n    {\n      \"type\": \"Microsoft.ApiManagement/service/apis/operations\",\n      \"apiVersion\": \"2022-08-01\",\n      \"name\": \"[concat(parameters('serviceName'), '/', parameters('apiName'), '/operation-%d')]\",\n      \"dependsOn\": [\n        \"[resourceId('Microsoft.ApiManagement/service/apis', parameters('serviceName'), parameters('apiName'))]\"\n      ],\n      \"properties\": {\n        \"displayName\": \"Operation %d\",\n        \"method\": \"GET\",\n        \"urlTemplate\": \"/items/%d\"\n      }\n    }", i, i, i)
	}
	b.WriteString("\n  ]\n}\n")
	return b.Bytes()
}

// pad appends lines until the file has the size of an ordinary one.
func pad(b *bytes.Buffer, line string) []byte {
	const size = 22000
	if n := size - b.Len(); n > 0 {
		b.WriteString(strings.Repeat(line, n/len(line)))
	}
	return b.Bytes()
}
