package check

import (
	"slices"
	"strings"
)

// regions are those of the commercial Azure cloud in which Defender for APIs
// is available, by name without spaces in lower case. Read on 2026-11-24 from
// https://learn.microsoft.com/azure/defender-for-cloud/defender-for-apis-prepare
var regions = []string{
	"australiacentral", "australiacentral2", "australiaeast", "australiasoutheast",
	"brazilsouth", "brazilsoutheast",
	"canadacentral", "canadaeast",
	"centralindia", "southindia", "westindia",
	"centralus", "centraluseuap", "eastus", "eastus2", "eastus2euap", "northcentralus",
	"southcentralus", "westcentralus", "westus", "westus2", "westus3",
	"eastasia", "southeastasia",
	"francecentral", "francesouth",
	"germanynorth", "germanywestcentral",
	"italynorth",
	"japaneast", "japanwest",
	"koreacentral", "koreasouth",
	"northeurope", "westeurope",
	"norwayeast", "norwaywest",
	"southafricanorth", "southafricawest",
	"swedencentral", "swedensouth",
	"switzerlandnorth", "switzerlandwest",
	"uksouth", "ukwest",
}

// supportedRegion reports whether a location, by name or display name, is in
// the table or among the extra ones. What cannot be a region's name, such as
// the placeholder of a pipeline, may become one that is.
func supportedRegion(location string, extra []string) bool {
	name := regionName(location)
	if name == "" || slices.Contains(regions, name) || strings.ContainsFunc(name, notInRegion) {
		return true
	}
	return slices.ContainsFunc(extra, func(s string) bool { return regionName(s) == name })
}

func regionName(s string) string { return strings.ToLower(strings.ReplaceAll(s, " ", "")) }

func notInRegion(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') }
