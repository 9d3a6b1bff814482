package review

import "strconv"

// Titles and texts of check runs that do not come from a report.
const (
	titleNothing    = "No API Management templates changed"
	titleOff        = "Switched off"
	titleSuperseded = "Superseded"
	titleUndone     = "The check could not be done"
	titleEmpty      = "No API Management APIs"

	textNothing    = "No template, parameter file or setting is changed, so there is nothing to check."
	textOff        = "The settings of this repository, or those for all of its owner's, switch the check off (`enabled: false`)."
	textSuperseded = "Something newer happened while this check ran; the newer check run has the result."
	textUndone     = "The templates could not be fetched or evaluated, so nothing is known about the APIs they publish. " +
		"Re-run the check; if it fails again, the operator of the App finds the reason in its log."
)

// counted is "1 API" or "3 APIs".
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}
