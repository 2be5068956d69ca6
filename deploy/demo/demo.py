# SPDX-License-Identifier: Apache-2.0
"""./dev demo [--keep | --down]: Portcullis at work on this machine, in namespaces of its own.

client --- gateway --- three backend hosts running nginx. Every claim that is printed was checked; if one does not
hold, the demo says so and ends with exit code 1. Everything is removed at the end, also on Ctrl-C.
"""

import argparse
import collections
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from lab import manifests
from lab.lab import Lab, LabError, missing_requirement, run
from lab.topology import GATEWAY4, Daemon, Topology

STATE = Path("/run/portcullis-demo.json")
URL = f"http://{GATEWAY4}:8080/"
REQUESTS = 200

NGINX = """
worker_processes 1;
daemon off;
pid {directory}/nginx.pid;
error_log stderr;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path {directory};
  proxy_temp_path {directory};
  fastcgi_temp_path {directory};
  uwsgi_temp_path {directory};
  scgi_temp_path {directory};
  server {{
    listen 9000 default_server;
    listen [::]:9000 default_server;
    location / {{ return 200 "{name}\\n"; }}
  }}
}}
"""


class Wrong(Exception):
    """Something that the demo claims did not happen."""


def claim(holds, text):
    if not holds:
        raise Wrong(text)
    print(f"   ok: {text}")


def heading(text):
    bold, plain = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")
    print(f"\n{bold}== {text}{plain}", flush=True)


def show(text):
    for line in text.rstrip("\n").splitlines():
        print(f"   {line}")


def start_nginx(backend):
    directory = backend.namespace.lab.directory / f"nginx-{backend.name}"
    directory.mkdir(mode=0o777)
    config = directory / "nginx.conf"
    config.write_text(NGINX.format(directory=directory, name=backend.name))
    process = backend.namespace.start(f"nginx-{backend.name}", "nginx", "-p", directory, "-c", config)
    process.wait_until(lambda: ":9000" in backend.namespace.run("ss", "-ltn"), "to listen")


def ask(topology, number=REQUESTS):
    """Real HTTP requests, each over a connection of its own; who answered."""
    command = topology.client.enter("curl", "-sS", "--max-time", "5", "--no-keepalive", "-H", "Connection: close",
                                    *[URL] * number)
    done = subprocess.run(command, capture_output=True, text=True)
    answers = collections.Counter(done.stdout.split())
    errors = len(done.stderr.splitlines())
    return answers, errors


def bars(answers):
    total = sum(answers.values())
    for name, number in sorted(answers.items()):
        print(f"   {name}  {number:4d} of {total}  {'#' * round(40 * number / total)}")


def wait_until(condition, what, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Wrong(f"{what} (waited {seconds} s)")
        time.sleep(0.05)


def weights(topology, daemon, b1, b2, b3):
    daemon.write("shop.yaml", manifests.split(topology, {"b1": b1, "b2": b2, "b3": b3}, route="shop", parent="shop"))


def show_forwarding(topology, daemon):
    heading(f"{REQUESTS} requests to {URL}, weights 70 : 20 : 10")
    answers, errors = ask(topology)
    bars(answers)
    claim(errors == 0 and sum(answers.values()) == REQUESTS, "every request was answered")
    # 200 draws stray by less than 0.15 from their weight but once in a million runs.
    near = all(abs(answers[name] / REQUESTS - share) < 0.15 for name, share in (("b1", 0.7), ("b2", 0.2), ("b3", 0.1)))
    claim(near and answers["b2"] and answers["b3"], "in about the proportion of the weights")


def show_tools(daemon):
    heading("gwctl get gateways,tcproutes,services")
    show(daemon.gwctl("get", "gateways,tcproutes,services"))
    heading("gwctl dump-maps maglev (what the kernel chooses from)")
    show(daemon.gwctl("dump-maps", "maglev"))
    heading("gwctl dump-maps flows (the last connections, first five)")
    show("\n".join(daemon.gwctl("dump-maps", "flows").splitlines()[:6]))


def show_change(topology, daemon):
    heading("The weights on disk are changed to 0 : 0 : 100")
    weights(topology, daemon, 0, 0, 100)
    wait_until(lambda: set(ask(topology, 10)[0]) == {"b3"}, "new connections all go to b3")
    answers, errors = ask(topology)
    bars(answers)
    claim(not errors and answers == {"b3": REQUESTS}, "all traffic moved to b3")
    weights(topology, daemon, 1, 1, 1)
    wait_until(lambda: len(ask(topology, 30)[0]) == 3, "all three to answer again")


def rounds(held):
    return held.output().count("round ")


def show_kill(topology, daemon):
    heading("100 connections stay open with traffic on them; then: kill -9")
    for backend in topology.backends:
        server = backend.namespace.start(f"echo-{backend.name}", "/usr/bin/python3",
                                         Path(__file__).parents[2] / "tests/lab/server.py", backend.name, 9001)
        server.wait_for("listening")
    daemon.write("echo.yaml", manifests.documents(
        manifests.gateway("echo", (("tcp", 8081),)), manifests.tcp_route("echo", "echo", echo=1),
        *manifests.service("echo", [backend.address4 for backend in topology.backends], port=9001)))
    wait_until(lambda: "echo" in daemon.gwctl("dump-maps", "listeners"), "the new Gateway to be in the kernel")
    held = topology.client.start("held", *topology.client_command("hold", GATEWAY4, 8081, 100)[2:])
    held.wait_for("round 2\n")
    daemon.process.stop(signal.SIGKILL)
    print(f"   portcullis (pid {daemon.process.pid}) is dead")
    before = rounds(held)
    held.wait_until(lambda: rounds(held) > before + 5, "to go on")
    claim(True, "the open connections go on")
    answers, errors = ask(topology, 60)
    claim(not errors and len(answers) == 3, f"so do new ones: {dict(sorted(answers.items()))}")
    daemon.start()
    print(f"   portcullis (pid {daemon.process.pid}) is back")
    before = rounds(held)
    held.wait_until(lambda: rounds(held) > before + 5, "to go on")
    held.stop()
    report = json.loads(held.output().splitlines()[-1])
    claim(report["broken"] == 0, f"of {report['connections']} open connections {report['broken']} broke")


def show_end(daemon):
    heading("gwctl status")
    code, text = daemon.gwctl_code("status")
    show(text)
    claim(code == 0, "ready, nothing to report")


def tell_what_to_try(topology, daemon):
    gwctl = f"build/bin/gwctl --pin-dir {daemon.pin_dir} --admin {daemon.admin}"
    heading("It stays up. Try")
    show(f"{' '.join(topology.client.enter('curl', '-s', URL))}\n"
         f"{gwctl} status\n{gwctl} describe gateway shop\n{gwctl} dump-maps\n"
         f"$EDITOR {daemon.manifests}/shop.yaml      # change a weight, and ask again\n"
         "./dev demo --down                           # when you are done")


def remember(lab, daemon):
    STATE.write_text(json.dumps({
        "namespaces": [name for name in run("ip", "netns", "list").split() if name.startswith(lab.prefix)],
        "directory": str(lab.directory), "pin_dir": daemon.pin_dir, "bin": str(daemon.bin)}))


def take_down():
    if not STATE.exists():
        print("no demo is up")
        return 0
    state = json.loads(STATE.read_text())
    for name in state["namespaces"]:
        for pid in run("ip", "netns", "pids", name, check=False).split():
            os.kill(int(pid), signal.SIGKILL)
    for name in state["namespaces"]:
        if name.endswith("-gateway"):
            run("nsenter", f"--net=/run/netns/{name}", f"{state['bin']}/portcullis", "unload", "--pin-dir",
                state["pin_dir"], check=False)
        run("ip", "netns", "del", name, check=False)
    run("rm", "-rf", state["directory"])
    STATE.unlink()
    print("the demo is down")
    return 0


def demo(lab, keep):
    heading("A network: client --- gateway --- b1, b2, b3 (nginx)")
    topology = Topology(lab, backends=3)
    for backend in topology.backends:
        start_nginx(backend)
    show(f"client {topology.client.full_name}, gateway {GATEWAY4}, backends "
         + ", ".join(backend.address4 for backend in topology.backends))
    daemon = Daemon(topology)
    weights(topology, daemon, 70, 20, 10)
    heading("portcullis run --manifests ... (in the gateway's namespace)")
    daemon.start()
    show("\n".join(line.split(" ", 1)[1] for line in daemon.process.output().splitlines() if " set net." not in line))
    show_forwarding(topology, daemon)
    show_tools(daemon)
    show_change(topology, daemon)
    show_kill(topology, daemon)
    show_end(daemon)
    if keep:
        remember(lab, daemon)
        tell_what_to_try(topology, daemon)


def main():
    parser = argparse.ArgumentParser(prog="./dev demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave everything up and say what to try")
    parser.add_argument("--down", action="store_true", help="take down what --keep left")
    options = parser.parse_args()
    if options.down:
        return take_down()
    reason = missing_requirement()
    if reason:
        print(f"the demo {reason}", file=sys.stderr)
        return 1
    if STATE.exists():
        print("a demo is up already: ./dev demo --down", file=sys.stderr)
        return 1
    with Lab("demo", may_stay=options.keep) as lab:
        try:
            demo(lab, options.keep)
        except (Wrong, LabError) as error:
            print(f"\nThis did not work: {error}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print("\ninterrupted: taking everything down", file=sys.stderr)
            return 130
        lab.keep = options.keep
    if not options.keep:
        print("\nDone; everything was taken down again. ./dev demo --keep leaves it up.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
