module github.com/onboard-defender/onboard-defender

go 1.26.0
