"""Runs every measurement and prints one table, each figure beside its target."""

import json
import os
import subprocess
import sys
import tempfile

here = os.path.dirname(os.path.abspath(__file__))


def google(program, *filters):
    """CPU (or real, where the benchmark says so) nanoseconds by benchmark name: the median of five."""
    done = subprocess.run([program, "--benchmark_format=json", "--benchmark_repetitions=5",
                           "--benchmark_report_aggregates_only=true", *filters],
                          capture_output=True, text=True, check=True)
    unit = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}
    figures = {}
    for run in json.loads(done.stdout)["benchmarks"]:
        if run.get("aggregate_name", "median") == "median":
            key = "real_time" if "real_time" in run["run_name"] else "cpu_time"
            figures[run["run_name"].split("/iterations")[0]] = dict(run, ns=run[key] * unit[run["time_unit"]])
    return figures


def main():
    rows = []

    def row(what, measured, target, met, beside=""):
        rows.append((what, measured, target, "yes" if met else "NO", beside))

    def at_most(what, value, limit, unit, scale=1.0, digits=2, beside=""):
        row(what, f"{value * scale:.{digits}f} {unit}", f"≤ {limit * scale:.{digits}f} {unit}", value <= limit, beside)

    print("measuring protocol …", file=sys.stderr)
    codec = google("bench-protocol", "--benchmark_filter=code")
    at_most("encode + decode + copy, 64-byte payload", codec["encode_decode_copy_frame"]["ns"], 20, "ns", digits=1,
            beside=f"plain C: {codec['encode_decode_copy_plain_c']['ns']:.1f} ns")
    row("header decode alone", f"{codec['decode_header']['ns']:.1f} ns", "–", True,
        f"plain C: {codec['decode_header_plain_c']['ns']:.1f} ns")

    print("measuring the VM …", file=sys.stderr)
    vm = google("bench-vm")
    for steps, limit in ((100, 0.5e6), (1000, 5e6)):
        found = next(figure for name, figure in vm.items() if name == f"compile_and_instantiate/{steps}")
        at_most(f"parse + check + compile + instantiate, {steps} steps", found["ns"], limit, "ms", 1e-6)
    kinds = json.loads(subprocess.run(["bench-kinds"], capture_output=True, text=True, check=True).stdout)
    worst = max(kinds, key=lambda kind: kinds[kind]["seconds"])
    at_most(f"parse + check + compile, 1,000 steps of the worst kind ({worst})", kinds[worst]["seconds"], 10e-3, "ms",
            1e3, beside=f"{kinds[worst]['bytes'] / 1e3:.0f} kB; of {len(kinds)} kinds")
    at_most("a step answered in the same process", vm["a_step_answered_in_process"]["per_step"], 1e-6, "µs", 1e6)
    at_most("`nothing`", vm["nothing"]["per_step"], 0.2e-6, "µs", 1e6)
    print("measuring guests …", file=sys.stderr)
    guest = google("bench-guest")
    for name, limit in (("crc32", 1.2), ("convolve", 1.2)):
        native, ours = guest[f"{name}_native"]["ns"], guest[f"{name}_guest/native_code:1"]["ns"]
        at_most(f"guest ahead of time: {name}", ours / native, limit, "× native",
                beside=f"{ours / 1e6:.2f} ms; native {native / 1e6:.2f} ms; interpreted "
                       f"{guest[f'{name}_guest/native_code:0']['ns'] / 1e6:.0f} ms")
    for code, kind in ((0, "interpreted"), (1, "ahead of time")):
        at_most(f"spawn of a guest with libc, {kind}", guest[f"spawn/native_code:{code}"]["ns"], 200e3, "µs", 1e-3, 0,
                beside="in a room of its own: "
                       f"{guest[f'spawn_in_its_own_room/native_code:{code}']['ns'] / 1e3:.0f} µs")
        at_most(f"memory of each of 1,000 guests asleep in a call, {kind}",
                guest[f"memory_of_an_instance/native_code:{code}"]["KB"], 60, "KB", digits=0)
    print("measuring Erlang …", file=sys.stderr)
    erlang = json.loads(subprocess.run(["escript", os.path.join(here, "erlang_process.escript")], capture_output=True,
                                       text=True, check=True).stdout)
    at_most("start + run + end of an empty sequence", vm["start_run_end_of_an_empty_sequence"]["ns"], 1000, "µs", 1e-3,
            beside=f"Erlang: {erlang['start_run_end_ns'] / 1000:.2f} µs")
    waiting = next(figure for name, figure in vm.items() if name.startswith("waiting_processes"))
    size = max(value for name, value in waiting.items() if name.startswith(("heap", "resident")))
    at_most("memory of each of 60,000 waiting processes", size, 1024, "bytes", digits=0,
            beside=f"Erlang: {erlang['bytes']:.0f} bytes")

    print("measuring workers of guests …", file=sys.stderr)
    worker = json.loads(subprocess.run(["bench-worker"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                       check=True).stdout)
    at_most("a worker's start, until it answers HELLO", worker["start"]["until_hello"]["median_s"], 30e-3, "ms", 1e3, 1)
    at_most("an instance more in a running worker", worker["instances"]["spawn"]["median_s"], 200e-6, "µs", 1e6, 0)
    at_most("memory of each of 1,000 waiting instances", worker["instances"]["each"]["private_dirty"], 60e3, "KB", 1e-3,
            1)
    for case, figures in worker["kill"].items():
        at_most(f"kill of a guest, {case.replace('_', ' ')}, the slowest", figures["max_s"], 50e-3, "ms", 1e3, 1)

    print("measuring messages between guests …", file=sys.stderr)
    messages = json.loads(subprocess.run([sys.executable, os.path.join(here, "guest", "messages.py")], stdout=subprocess.PIPE, text=True,
                                         check=True).stdout)
    for key, name in (("one", "one processor"), ("all", "two processors")):
        figures = messages[key]
        at_most(f"request and response of two guests in one worker, {name}", figures["inside_s"], 20e-6, "µs", 1e6, 1)
        at_most(f"the same between two workers, {name}", figures["times_bare"], 2, "× bare ping-pong",
                beside=f"{figures['between_s'] * 1e6:.1f} µs; bare: {figures['bare_s'] * 1e6:.1f} µs")
        at_most(f"the same with code compiled ahead of time, {name}", figures["compiled_times_bare"], 2, "× bare ping-pong",
                beside=f"{figures['compiled_s'] * 1e6:.1f} µs")
    row("1,000,000 messages between two guests", f"{messages['million_received']:,} came, {messages['million_misplaced']} out of their place",
        "all, in order", messages["million_received"] == 1_000_000 and messages["million_misplaced"] == 0,
        f"{messages['million_s']:.1f} s")

    print("measuring sockets and daemons …", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="celeriac-bench-") as directory:
        server = subprocess.Popen(["celeriac-vm", "--dir", directory], stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, text=True)
        server.stdout.readline()
        sockets = json.loads(subprocess.run(["bench-vm-socket", directory], capture_output=True, text=True,
                                            check=True).stdout)
        server.terminate()
        server.wait()
    for name, case in sockets.items():
        name = name.replace("_", " ")
        at_most(f"request and response, client to VM, {name}", case["ratio"], 2, "× bare C",
                beside=f"{case['vm_s'] * 1e6:.1f} µs; bare C: {case['bare_s'] * 1e6:.1f} µs")
        row(f"1,000 requests in flight, {name}", f"{case['in_flight_per_s']:,.0f} /s", "≥ 200,000 /s",
            case["in_flight_per_s"] >= 200000)
    daemons = json.loads(subprocess.run([sys.executable, os.path.join(here, "daemons.py")], capture_output=True,
                                        text=True, check=True).stdout)
    at_most("R02 of a move to the first byte of the next, 99 %", daemons["gap_99_s"], 1e-3, "ms", 1e3,
            beside=f"median {daemons['gap_median_s'] * 1e3:.2f}, longest {daemons['gap_max_s'] * 1e3:.2f} ms "
                   f"of {daemons['gaps']}")
    at_most("hypervisor ready", daemons["hal_ready_s"], 0.2, "ms", 1e3, 0)
    at_most("VM ready", daemons["vm_ready_s"], 0.2, "ms", 1e3, 0)
    at_most("hypervisor resident", daemons["hal_resident"], 15e6, "MB", 1e-6, 1)
    at_most("VM private (written) memory, idle", daemons["vm_written"], 30e6, "MB", 1e-6, 1,
            beside=f"and {daemons['vm_clean'] / 1e6:.1f} MB of the engine's libraries, clean and reclaimable")

    print("measuring a day of garden work …", file=sys.stderr)
    day = json.loads(subprocess.run(["bench-garden-day"], capture_output=True, text=True, check=True).stdout)
    at_most(f"a day of garden work: {day['moves']:,} moves, {day['pin_operations']:,} pin operations", day["wall_s"], 10,
            "s", beside=f"{day['simulated_s'] / 3600:.1f} h on virtual time, hypervisor and simulator in process")

    print("measuring stops …", file=sys.stderr)
    stops = json.loads(subprocess.run([sys.executable, os.path.join(here, "hal", "stops.py")], capture_output=True,
                                      text=True, check=True).stdout)
    for way in ("direct", "through_the_vm"):
        estop = stops[f"estop_{way}"]
        name = f"client's ESTOP to E on the wire, {way.replace('_', ' ')}"
        at_most(f"{name}, 99 %", estop["p99_s"], 1e-3, "ms", 1e3,
                beside=f"1,000 processes, 20 clients polling; median {estop['median_s'] * 1e3:.2f} ms of {estop['stops']}")
        at_most(f"{name}, longest", estop["max_s"], 5e-3, "ms", 1e3)
    button = stops["estop_button"]
    at_most("stop button's edge to E on the wire, 99 %", button["p99_s"], 2e-3, "ms", 1e3,
            beside=f"the same load; median {button['median_s'] * 1e3:.2f} ms, longest {button['max_s'] * 1e3:.2f} ms of "
                   f"{button['stops']}")
    at_most("VM killed in a move: its socket's closing to @ on the wire, longest", stops["deadman"]["max_s"], 0.1, "ms",
            1e3, beside=f"median {stops['deadman']['median_s'] * 1e3:.2f} ms of {stops['deadman']['deaths']}")

    header = ("what", "measured", "target", "met", "beside it")
    widths = [max(len(line[i]) for line in [header, *rows]) for i in range(5)]
    for line in [header, tuple("-" * width for width in widths), *rows]:
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |")


if __name__ == "__main__":
    main()
