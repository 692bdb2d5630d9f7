"""docs/performance.md and its plots, of what bench/doors found. A figure is shown as the median of its rounds with the
least and the most; a ratio is made within each round."""
import statistics

import common
import plot

# Figures of a run, and the counts of an operation, as the tables name them.
FIGURES = (
    ("per_second", "operations/s", "{:,.0f}"),
    ("server_cpu_us_per_operation", "server, µs of CPU time per operation", "{:.2f}"),
    ("own_cpu_us_per_operation", "generator, µs of CPU time per operation", "{:.2f}"),
    ("latency_p50_ms", "latency, median, ms", "{:.2f}"),
    ("latency_p99_ms", "latency, 99th percentile, ms", "{:.2f}"),
)
COUNTS = (
    ("system_calls", "system calls per operation", "{:.2f}"),
    ("allocations", "allocations per operation", "{:.2f}"),
    ("allocated_bytes", "bytes allocated per operation", "{:,.0f}"),
    ("copies", "copies per operation", "{:.1f}"),
    ("copied_bytes", "bytes copied per operation", "{:,.0f}"),
)
REPORT_CASES = {"ingest": "all cores", "one_core": "one core", "paced_5k": "paced", "paced_20k": "paced, four times",
                "ten": "10 devices", "fan_in": "many devices"}
SET_COLUMNS = {"one": "1 connection", "many": "all connections", "half": "all, at half that rate"}
MEMORY_ROWS = {"idle": "idle device: its connection and its empty twin", "idle_tls": "idle device with TLS",
               "full": "twin of a DELTA 2 with all values, beside that"}


def spread(rounds, form):
    """The median, and in brackets the least and the most."""
    middle = form.format(statistics.median(rounds))
    return middle if len(rounds) == 1 else f"{middle} ({form.format(min(rounds))}–{form.format(max(rounds))})"


def rows_of(*rows):
    head, *rest = rows
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rest))


def table(case, columns=None):
    """A row a figure. `columns`: what the sides of a round are called; then no ratios are shown."""
    sides = list(case["rounds"][0])
    names = [columns[side] for side in sides] if columns else sides
    ratios = [] if columns else sides[1:]
    rows = [["", *names, *(f"ratio to {side}" for side in ratios)]]
    for key, name, form in FIGURES:
        each = {side: [figures[side][key] for figures in case["rounds"]] for side in sides}
        row = [name, *(spread(each[side], form) for side in sides)]
        for side in ratios:
            pairs = [ours / theirs for ours, theirs in zip(each[sides[0]], each[side]) if theirs]
            row.append(spread(pairs, "{:.2f}") if pairs else "")
        rows.append(row)
    for key, name, form in COUNTS if case["counts"] else ():
        counts = [form.format(case["counts"][side][key]) if side in case["counts"] else "" for side in sides]
        rows.append([name, *counts, *("" for _ in ratios)])
    if "arrived" in case["rounds"][0][sides[0]]:
        lost = [sum(figures[side]["expected"] - figures[side]["arrived"] for figures in case["rounds"])
                for side in sides]
        rows.append(["did not reach a subscriber", *(f"{count:,}" for count in lost), *("" for _ in ratios)])
    return rows_of(*rows)


def rounds_of(case, key):
    """{side: that figure of all rounds}."""
    return {side: [figures[side][key] for figures in case["rounds"]] for side in case["rounds"][0]}


def growth_table(steps):
    rows = [["devices", "reports/s", "server, µs of CPU time per report", "memory of an idle device, kB"]]
    for step in steps:
        rows.append([f"{step['connections']:,}", spread([run["per_second"] for run in step["rounds"]], "{:,.0f}"),
                     spread([run["server_cpu_us_per_operation"] for run in step["rounds"]], "{:.2f}"),
                     spread(step["device_kb"], "{:.2f}") if step["connections"] >= 1000 else "-"])
    return rows_of(*rows)


def memory_table(found):
    return rows_of(["", "kB"], *([name, spread(found[key], "{:.2f}")] for key, name in MEMORY_ROWS.items()))


def start_table(found):
    return rows_of(["devices", "seconds"], *([f"{int(devices):,}", spread(each, "{:.3f}")]
                                             for devices, each in found.items()))


TABLES = {"sets": lambda case: table(case, SET_COLUMNS), "growth": growth_table, "memory": memory_table,
          "start": start_table}


def summary(found):
    """All tables, for a terminal."""
    return "\n".join(f"\n{name}\n{TABLES.get(name, table)(case)}" for name, case in found.items())


def plots(found):
    """{name: SVG}."""
    def groups(key, names):
        return {name: rounds_of(found[case], key) for case, name in names.items() if case in found}

    # The cost of 10 devices is that of the waits between their reports, many times that of the others.
    saturated = {case: name for case, name in REPORT_CASES.items() if case in ("ingest", "one_core", "fan_in")}
    busy = {case: name for case, name in REPORT_CASES.items() if case != "ten"}
    reads = {"read": "plain", "read_tls": "TLS"}
    return {
        "rates": plot.bars("Reports a second, one in flight for each device", "reports/s",
                           groups("per_second", saturated)),
        "cpu": plot.bars("CPU time of the server for a report", "µs",
                         groups("server_cpu_us_per_operation", busy)),
        "reads": plot.bars("Signed reads a second, server on one core", "reads/s", groups("per_second", reads)),
        "growth": plot.lines("CPU time of the server for a report, with ever more devices", "µs", "devices", {
            "Gridloom": {step["connections"]: [run["server_cpu_us_per_operation"] for run in step["rounds"]]
                         for step in found["growth"] if step["connections"] >= 100}}),
        "memory": plot.bars("Memory of a device", "kB", {
            name.partition(":")[0].partition(",")[0]: {"Gridloom": found["memory"][key]}
            for key, name in MEMORY_ROWS.items()}),
    }


def write(found, facts, folder="docs"):
    """The page and its plots, below `folder` of the repository."""
    for name, image in plots(found).items():
        file = common.ROOT / folder / "performance" / f"{name}.svg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(image)
    facts = {**facts, "bytes": f"{found['read']['bytes']:,}",
             **{f"table_{name}": TABLES.get(name, table)(case) for name, case in found.items()}}
    common.write_page(f"{folder}/performance.md", "bench/performance.md.in", facts)
