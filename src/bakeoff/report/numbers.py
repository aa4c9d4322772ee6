"""Numbers and units as people read them: one way to write each, for the terminal and the page."""

import math

from bakeoff.evaluate.metrics import METRICS

DASH = "–"  # where there is nothing to say


def count(number: int | None, thing: str = "") -> str:
    """Write a whole number with its thing, in the plural where it is due.

    Example:
        >>> count(3276, "row"), count(1, "class"), count(2, "class"), count(1234)
        ('3,276 rows', '1 class', '2 classes', '1,234')
    """
    if number is None:
        return DASH
    return f"{number:,} {plural(thing, number)}".rstrip()


def plural(thing: str, number: int) -> str:
    """Return the word for that many things.

    Example:
        >>> plural("category", 2), plural("seed", 1), plural("binary", 3), plural("series", 2)
        ('categories', 'seed', 'binaries', 'series')
    """
    if number == 1 or not thing or thing.endswith("series"):
        return thing
    if thing.endswith("y") and thing[-2] not in "aeiou":
        return thing[:-1] + "ies"
    return thing + ("es" if thing.endswith(("s", "x", "ch")) else "s")


def duration(seconds: float | None) -> str:
    """Write a time span with two units at most.

    Example:
        >>> [duration(s) for s in (0.0001, 0.004, 0.04, 0.41, 1.94, 12.3, 100, 7500, 200_000)]
        ['<1 ms', '4 ms', '0.04 s', '0.4 s', '1.9 s', '12 s', '1 min 40 s', '2 h 5 min', '2 d 7 h']
    """
    if seconds is None or not math.isfinite(seconds):
        return DASH
    if seconds < 9.95:
        if seconds < 0.01:
            return f"{round(1000 * seconds)} ms" if seconds >= 0.0005 else "<1 ms"
        return f"{seconds:.2f} s" if seconds < 0.1 else f"{seconds:.1f} s"
    whole = round(seconds)
    for size, unit, smaller, name in ((86_400, "d", 3600, "h"), (3600, "h", 60, "min")):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // smaller} {name}"
    return f"{whole // 60} min {whole % 60} s" if whole >= 60 else f"{whole} s"


def per_row(microseconds: float | None) -> str:
    """Write how long one row takes.

    Example:
        >>> [per_row(t) for t in (0.0004, 0.4, 1.23, 19.4, 2500.0, None)]
        ['<0.1 µs/row', '0.4 µs/row', '1.2 µs/row', '19 µs/row', '2.5 ms/row', '–']
    """
    if microseconds is None or not math.isfinite(microseconds):
        return DASH
    if microseconds >= 1000:
        return f"{short(microseconds / 1000)} ms/row"
    return f"{short(microseconds)} µs/row" if microseconds >= 0.05 else "<0.1 µs/row"


def short(number: float) -> str:
    """Write a number with one decimal, whole from 10 on, with as many as it needs below 0.1."""
    size = abs(number)
    if size >= 1e9:
        return f"{number:.3g}"
    if size >= 9.95 or size == 0:
        return f"{number:,.0f}"
    return f"{number:.{max(1, -math.floor(math.log10(size)))}f}"


def speed(rows_per_second: float | None) -> str:
    """Write training speed.

    Example:
        >>> speed(12345.6), speed(7.26)
        ('12,300 rows/s', '7.3 rows/s')
    """
    if rows_per_second is None or not math.isfinite(rows_per_second):
        return DASH
    if rows_per_second < 100:
        return f"{short(rows_per_second)} rows/s"
    digits = math.floor(math.log10(rows_per_second)) - 2
    return f"{round(rows_per_second, -digits):,.0f} rows/s"


def share(fraction: float) -> str:
    """Write a fraction in percent.

    Example:
        >>> share(0.39), share(0.0042), share(0.9996), share(1)
        ('39 %', '0.4 %', '99.96 %', '100 %')
    """
    percent = 100 * fraction
    for decimals in range(3):
        text = f"{percent:.{decimals}f}"
        rounded_away = float(text) in (0, 100) and percent not in (0, 100)
        if not rounded_away:
            break
    return f"{text} %"


def score(metric: str, value: float | None) -> str:
    """Write a score as its metric is read.

    Example:
        >>> score("accuracy", 0.66823), score("rmse", 48231.7), score("accuracy", None)
        ('0.668', '48,232', '–')
    """
    if value is None or not math.isfinite(value):
        return DASH
    return METRICS[metric].say(value) if metric in METRICS else f"{value:.4g}"


def interval(metric: str, low: float | None, high: float | None) -> str:
    """Write an interval, with as many decimals as its width deserves.

    Example:
        >>> interval("accuracy", 0.631, 0.7099), interval("accuracy", 0.9931, 0.9967)
        ('0.63 – 0.71', '0.993 – 0.997')
        >>> interval("rmse", 47_100.2, 49_300.8)
        '47,100 – 49,301'
    """
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return DASH
    if metric in METRICS and METRICS[metric].unit != "target":
        decimals = 2 if high - low >= 0.02 else 3
        return f"{low:z.{decimals}f} – {high:z.{decimals}f}"
    return f"{score(metric, low)} – {score(metric, high)}"


def metric_label(metric: str) -> str:
    """Return the name of a metric as people write it."""
    return METRICS[metric].label if metric in METRICS else metric.replace("_", " ")
