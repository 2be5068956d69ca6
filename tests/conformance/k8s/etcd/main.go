// SPDX-License-Identifier: Apache-2.0

// Command etcd is upstream's etcd, whose own main module cannot be required.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
