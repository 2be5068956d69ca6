# SPDX-License-Identifier: Apache-2.0
"""Gateway API manifests as YAML text."""

import json


def documents(*objects):
    """JSON is YAML."""
    return "".join(f"---\n{json.dumps(thing, indent=1)}\n" for thing in objects)


def gateway(name="web", listeners=(("tcp", 8080),), addresses=()):
    spec = {"gatewayClassName": "portcullis",
            "listeners": [{"name": listener, "port": port, "protocol": "UDP" if listener == "udp" else "TCP"}
                          for listener, port in listeners]}
    if addresses:
        spec["addresses"] = [{"type": "IPAddress", "value": address} for address in addresses]
    return {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": {"name": name}, "spec": spec}


def tcp_route(name, parent="web", section=None, kind="TCPRoute", **weights):
    """A route to Services by name, port 80, with their weights."""
    reference = {"name": parent}
    if section:
        reference["sectionName"] = section
    refs = [{"name": service, "port": 80, "weight": weight} for service, weight in weights.items()]
    return {"apiVersion": "gateway.networking.k8s.io/v1", "kind": kind, "metadata": {"name": name},
            "spec": {"parentRefs": [reference], "rules": [{"backendRefs": refs}]}}


def udp_route(name, section=None, **weights):
    return tcp_route(name, section=section, kind="UDPRoute", **weights)


def service(name, addresses, port=9000, node=None, protocol="TCP"):
    """A Service with one port, 80, and its EndpointSlices: one for each family that `addresses` has."""
    made = [{"apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
             "spec": {"ports": [{"port": 80, "protocol": protocol}]}}]
    for family, colon in (("IPv4", False), ("IPv6", True)):
        of_family = [address for address in addresses if (":" in address) == colon]
        if not of_family:
            continue
        endpoints = [{"addresses": [address], **({"nodeName": node} if node else {})} for address in of_family]
        made.append({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
                     "metadata": {"name": f"{name}-{family.lower()}", "labels": {"kubernetes.io/service-name": name}},
                     "addressType": family, "ports": [{"port": port, "protocol": protocol}], "endpoints": endpoints})
    return made


def policy(kind, target, name="p", **spec):
    """An UpstreamPolicy or ClientPolicy for one target: {"group": ..., "kind": ..., "name": ...}."""
    return {"apiVersion": "portcullis.dev/v1alpha1", "kind": kind, "metadata": {"name": name},
            "spec": {"targetRefs": [target], **spec}}


def split(topology, weights, node=None, route="split", port=8080, parent="web"):
    """A Gateway and a route that splits connections over the backends: {"b1": 70, "b2": 30}."""
    made = [gateway(parent, (("tcp", port),)), tcp_route(route, parent, **weights)]
    for backend in topology.backends:
        if backend.name in weights:
            made += service(backend.name, [backend.address4, backend.address6], node=node)
    return documents(*made)
