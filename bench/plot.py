"""Bars and lines as SVG, without a library. A value is the list of its rounds: its bar or point is their median, and a
thin line spans the least and the most. Colours are chosen to be told apart in print and by everybody."""
import html
import math
import statistics

COLOURS = ("#0072b2", "#e69f00", "#999999", "#009e73", "#cc79a7")
WIDTH, LEFT, RIGHT, TOP, ROW, GAP, BOTTOM = 760, 220, 90, 56, 18, 14, 34
STYLE = ("text{font:12px sans-serif;fill:#222}.title{font-size:14px;font-weight:bold}.end{text-anchor:end}"
         ".middle{text-anchor:middle}.grid{stroke:#ddd}.span{stroke:#222;stroke-width:1.2}")


def number(value):
    """With three digits that count, and no more than are there."""
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def steps(most):
    """Round numbers from 0 until one is not below `most`."""
    power = 10 ** math.floor(math.log10(most)) if most > 0 else 1
    step = next(power * part for part in (0.2, 0.5, 1, 2) if most / (power * part) <= 6)
    return [step * i for i in range(math.ceil(most / step - 1e-9) + 1)]


def text(x, y, content, kind=""):
    return f'<text x="{x:g}" y="{y:g}"' + (f' class="{kind}"' if kind else "") + f">{html.escape(content)}</text>"


def legend(names):
    parts, x = [], LEFT
    for name, colour in zip(names, COLOURS):
        parts += [f'<rect x="{x}" y="30" width="12" height="12" fill="{colour}"/>', text(x + 17, 40, name)]
        x += 40 + 7 * len(name)
    return parts


def document(height, title, parts):
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}" '
                      f'role="img" aria-label="{html.escape(title)}">', f"<style>{STYLE}</style>",
                      f'<rect width="{WIDTH}" height="{height:g}" fill="#fff"/>', text(12, 20, title, "title"),
                      *parts, "</svg>", ""])


def bars(title, unit, groups):
    """`groups`: {label: {series: rounds}}; the series have the same order in each group, and may be missing."""
    names = list(dict.fromkeys(name for group in groups.values() for name in group))
    most = max((max(rounds) for group in groups.values() for rounds in group.values()), default=0)
    marks = steps(most)
    scale = (WIDTH - LEFT - RIGHT) / (marks[-1] or 1)
    height = TOP + sum(ROW * len(group) + GAP for group in groups.values()) + BOTTOM
    parts = legend(names)
    for mark in marks:
        x = LEFT + mark * scale
        parts += [f'<line class="grid" x1="{x:g}" y1="{TOP - 6}" x2="{x:g}" y2="{height - BOTTOM:g}"/>',
                  text(x, height - BOTTOM + 16, number(mark), "middle")]
    parts.append(text(WIDTH - 12, height - 6, unit, "end"))
    y = TOP
    for label, group in groups.items():
        parts.append(text(LEFT - 8, y + ROW * len(group) / 2 + 4, label, "end"))
        for name, rounds in group.items():
            value = statistics.median(rounds)
            middle = y + ROW / 2 - 1
            parts += [f'<rect x="{LEFT}" y="{y:g}" width="{value * scale:g}" height="{ROW - 3}" '
                      f'fill="{COLOURS[names.index(name) % len(COLOURS)]}"/>',
                      f'<line class="span" x1="{LEFT + min(rounds) * scale:g}" y1="{middle:g}" '
                      f'x2="{LEFT + max(rounds) * scale:g}" y2="{middle:g}"/>',
                      text(LEFT + max(rounds) * scale + 6, middle + 4, number(value))]
            y += ROW
        y += GAP
    return document(height, title, parts)


def lines(title, unit, axis, series):
    """`series`: {name: {x: rounds}}; the x axis, named `axis`, is logarithmic, and each x is above 0."""
    places = sorted({x for points in series.values() for x in points})
    marks = steps(max(max(rounds) for points in series.values() for rounds in points.values()))
    base, height = 300, 300 + BOTTOM + 16
    low, high = math.log(places[0]), math.log(max(places[-1], places[0] * 1.01))

    def at_x(x):
        return LEFT + (math.log(x) - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    def at_y(y):
        return base - y / (marks[-1] or 1) * (base - TOP)

    parts = legend(list(series))
    for mark in marks:
        parts += [f'<line class="grid" x1="{LEFT}" y1="{at_y(mark):g}" x2="{WIDTH - RIGHT}" y2="{at_y(mark):g}"/>',
                  text(LEFT - 8, at_y(mark) + 4, number(mark), "end")]
    parts += [text(at_x(x), base + 18, number(x), "middle") for x in places]
    parts += [text(WIDTH - 12, height - 6, axis, "end"), text(12, TOP - 10, unit)]
    for colour, points in zip(COLOURS, series.values()):
        medians = {x: statistics.median(rounds) for x, rounds in sorted(points.items())}
        path = " ".join(f"{at_x(x):g},{at_y(y):g}" for x, y in medians.items())
        parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{path}"/>')
        for x, rounds in points.items():
            parts += [f'<line class="span" x1="{at_x(x):g}" y1="{at_y(min(rounds)):g}" x2="{at_x(x):g}" '
                      f'y2="{at_y(max(rounds)):g}"/>',
                      f'<circle cx="{at_x(x):g}" cy="{at_y(medians[x]):g}" r="3.5" fill="{colour}"/>']
    return document(height, title, parts)


def day(title, unit, series):
    """`series`: {name: the means of equal parts of a day}, of any sign."""
    values = [value for points in series.values() for value in points]
    marks = steps(max(map(abs, values)))
    marks = sorted({sign * mark for mark in marks for sign in (1, -1)
                    if min(values) - marks[1] < sign * mark < max(values) + marks[1]})
    base, height = 300, 300 + BOTTOM
    left, right = 60, WIDTH - 20

    def at_y(y):
        return base - (y - marks[0]) / (marks[-1] - marks[0]) * (base - TOP)

    parts = legend(list(series))
    for mark in marks:
        parts += [f'<line class="grid" x1="{left}" y1="{at_y(mark):g}" x2="{right}" y2="{at_y(mark):g}"/>',
                  text(left - 8, at_y(mark) + 4, number(mark) if mark >= 0 else "-" + number(-mark), "end")]
    for hour in range(0, 25, 3):
        parts.append(text(left + hour / 24 * (right - left), base + 18, f"{hour}:00", "middle"))
    parts.append(text(12, TOP - 10, unit))
    for colour, points in zip(COLOURS, series.values()):
        path = " ".join(f"{left + (i + 0.5) / len(points) * (right - left):.1f},{at_y(y):.1f}"
                        for i, y in enumerate(points))
        parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="1.5" points="{path}"/>')
    return document(height, title, parts)
