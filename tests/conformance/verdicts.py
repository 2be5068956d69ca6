# SPDX-License-Identifier: Apache-2.0
"""./dev conformance verdicts: does `portcullis check` accept what a cluster accepts, and refuse what it refuses?

Every document of the corpus is given to a real kube-apiserver (`kubectl apply --dry-run=server`, with the CRDs of the
Gateway API's experimental channel, those of 2021 and our own) and to `portcullis check --objects-only`. Prints each
document on which the two disagree; exit code 1 if there is one. Documents that tests/verdicts marks `stricter` are ones
that we refuse although a cluster accepts them.

Corpus: tests/verdicts, the inputs of the golden cases, the examples, and the examples and invalid examples that the
Gateway API's modules carry.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from conformance.cluster import TREE, Cluster, ClusterError, build, gateway_api, missing_requirement

TODAY, OF_2021 = "v1.7.0", "v0.3.0"
GROUPS = {"gateway.networking.k8s.io", "networking.x-k8s.io", "discovery.k8s.io", "portcullis.dev"}
CORE_KINDS = {"Service", "Secret", "ConfigMap", "Namespace"}
EXPECTATION = re.compile(r"--- # (accepted|refused|stricter): (.*)")
FILE = re.compile(r"(\d{5})\.yaml")


class Document:
    """One document of a file, in a file of its own."""

    def __init__(self, origin, line, text, expected):
        self.origin, self.line, self.text, self.expected = origin, line, text, expected
        self.cluster = self.ours = ""  # why it is refused; empty if it is not

    def place(self):
        return f"{self.origin}:{self.line}"


def split(path):
    """The documents of a file, at each "---" that begins a line."""
    documents, lines, first, expected = [], [], 1, None
    for number, line in enumerate([*path.read_text().splitlines(), "---"], 1):
        if not re.match(r"---(\s|$)", line):
            lines.append(line)
            continue
        if any(text.strip() and not text.lstrip().startswith("#") for text in lines):
            documents.append(Document(path, first, "\n".join(lines) + "\n", expected))
        told = EXPECTATION.match(line)
        expected = told and told.group(1)
        lines, first = [], number + 1
    return documents


def is_ours(document):
    """Whether Portcullis reads the kind. Text that says nothing of itself is left out."""
    try:
        value = yaml.safe_load(document.text)
    except yaml.YAMLError:
        return False
    if not isinstance(value, dict) or not isinstance(value.get("apiVersion"), str):
        return False
    group = value["apiVersion"].rpartition("/")[0]
    return group in GROUPS or (not group and value.get("kind") in CORE_KINDS)


def namespaces(documents):
    found = set(re.findall(r"namespace: *([-a-z0-9]+)", "\n".join(document.text for document in documents)))
    return sorted(name for name in found if len(name) <= 63 and not name.startswith("-") and not name.endswith("-"))


def ask_cluster(cluster, directory, documents):
    """Fills in `cluster`: what kubectl says of a document's file, for those that are refused."""
    for name in namespaces(documents):
        cluster.kubectl("create", "namespace", name, check=False)
    _, errors = cluster.kubectl("apply", "--dry-run=server", f"--filename={directory}", check=False)
    # Each error names its file; one line may have several errors, and one error several lines.
    told = list(FILE.finditer(errors))
    ends = [*(match.start() for match in told[1:]), len(errors)]
    for match, end in zip(told, ends):
        last_line = errors.rfind("\n", match.end(), end)  # where the next error begins
        text = errors[match.end():end if last_line < 0 else last_line]
        documents[int(match.group(1))].cluster += text.strip('": ') + "\n"


def ask_portcullis(directory, documents):
    """Fills in `ours`."""
    done = subprocess.run([TREE / "build/bin/portcullis", "check", "--objects-only",
                           *sorted(directory.glob("*.yaml"))], capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise ClusterError(f"portcullis check: {done.stderr}")
    document = None
    for line in done.stdout.splitlines():
        told = FILE.search(line)
        if told:
            document = documents[int(told.group(1))]
        # A problem that quotes a value with a line break in it goes on in the next line.
        document.ours += (line[told.end() + 1:] if told else line) + "\n"


def corpus():
    today, of_2021 = gateway_api(TODAY), gateway_api(OF_2021)
    paths = [*TREE.glob("tests/verdicts/*.yaml"), *TREE.glob("tests/golden/cases/*/in.yaml"),
             *TREE.glob("deploy/examples/**/*.yaml"), *today.glob("examples/**/*.yaml"),
             *today.glob("hack/invalid-examples/**/*.yaml"), *of_2021.glob("examples/**/*.yaml")]
    documents = [document for path in sorted(paths) for document in split(path)]
    return [document for document in documents if is_ours(document)]


def crds():
    return [*sorted(gateway_api(TODAY).glob("config/crd/experimental/gateway.networking.k8s.io_*.yaml")),
            *sorted(gateway_api(OF_2021).glob("config/crd/bases/*.yaml")), *sorted(TREE.glob("deploy/crds/*.yaml"))]


def disagreements(documents):
    """Between the cluster and us, and between the cluster and what tests/verdicts says of it."""
    for document in documents:
        if document.expected == "stricter":
            if document.cluster or not document.ours:
                yield document, "said to be accepted by the cluster and refused by us, which it is not"
        elif bool(document.cluster) != bool(document.ours):
            yield document, "the cluster " + ("refuses, we accept" if document.cluster else "accepts, we refuse")
        elif document.expected and (document.expected == "refused") != bool(document.cluster):
            yield document, f"said to be {document.expected}, which it is not"


def main():
    parser = argparse.ArgumentParser(prog="./dev conformance verdicts", description=__doc__.splitlines()[0])
    parser.add_argument("--verbose", action="store_true", help="also what both refuse, with both reasons")
    options = parser.parse_args()
    if missing := missing_requirement():
        sys.exit(f"conformance verdicts: skipped: {missing}")
    with tempfile.TemporaryDirectory(prefix="portcullis-verdicts-") as name, Cluster(build()) as cluster:
        directory = Path(name)
        documents = corpus()
        for index, document in enumerate(documents):
            (directory / f"{index:05}.yaml").write_text(document.text)
        cluster.install(*(crd for crd in crds() if "vap_" not in crd.name))
        ask_cluster(cluster, directory, documents)
        ask_portcullis(directory, documents)
    wrong = list(disagreements(documents))
    for document, what in wrong:
        print(f"{document.place()}: {what}\n{document.cluster}{document.ours}")
    if options.verbose:
        for document in documents:
            if document.cluster and document.ours:
                print(f"{document.place()}:\n  cluster: {document.cluster}  we: {document.ours}")
    refused = sum(bool(document.cluster) for document in documents)
    print(f"{len(documents)} documents, {refused} refused by the cluster, {len(wrong)} disagreements")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    try:
        main()
    except ClusterError as error:
        sys.exit(f"conformance verdicts: {error}")
