//go:build tools

// Package tools names the programs that this module is built for, so that go mod tidy keeps them.
package tools

import (
	_ "helm.sh/helm/v4/cmd/helm"
)
