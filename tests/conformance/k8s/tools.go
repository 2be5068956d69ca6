// SPDX-License-Identifier: Apache-2.0
//go:build tools

// Package tools names the commands that the laboratory builds, for go.mod.
package tools

import (
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kube-controller-manager"
	_ "k8s.io/kubernetes/cmd/kubectl"
)
