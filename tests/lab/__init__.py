# SPDX-License-Identifier: Apache-2.0
"""A network of namespaces on this machine, with servers, clients and a gateway in it.

Used by the end-to-end tests, the demo and the benchmarks alike. Everything that is made is registered
with a Lab, which takes it down again: at the end of the `with` block, at exit, and on SIGINT or SIGTERM.
"""
