"""A folder of small sets in the layout of the real ones: tables, pictures, series, sequences."""

import gzip
from collections.abc import Iterable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import numpy as np

from .pictures import archive, folder, picture

# What a user types, below a folder of data.
COMMANDS = {
    "water": "water/water_train.csv --test water/water_test.csv --target Potability",
    "clouds": "clouds/clouds.zip",
    "electricity": (
        "electricity/electricity_train.csv.gz --test electricity/electricity_test.csv.gz "
        "--time timestamp --target consumption --lookback 96 --horizon 1"
    ),
    "ETTh1": "ett/ETTh1.csv.gz --time date --target OT --lookback 96 --horizon 24",
    "vowels": (
        "sequences/japanese_vowels_train.csv.gz --test sequences/japanese_vowels_test.csv.gz "
        "--sequence sample --time t --target speaker"
    ),
    "imdb": "imdb/train.csv.gz --test imdb/test.csv.gz --target label",
    "fashion": (
        "fashion_products/products.csv --images fashion_products/images.zip "
        "--target season,articleType"
    ),
    "two_answers": (
        "omniglot/samples.csv.gz --images omniglot/images_background.zip "
        "--target alphabet,character --split group:drawing:60/15/25"
    ),
    "picture_and_alphabet": (
        "omniglot/samples.csv.gz --images omniglot/images_background.zip "
        "--inputs image,alphabet --target character"
    ),
    "labels": "multilabel/yeast.csv.gz --target Class*",
    "two": "./two.npz --inputs series,picture --target label",
    "pairs": "./pairs.tsv --inputs english --target german",
    "cifar10": "cifar10",
    "mnist": "mnist",
    "sum_sign": "sum_sign",
}

CLOUDS = ("clear sky", "thick dark", "veil")


def make_data_folder(home: Path) -> Path:
    """Write every set below a folder, and return it.

    Water, clouds, electricity, ETTh1, vowels, imdb, fashion, omniglot, yeast, cifar10, mnist: the
    names of files, columns and classes are those of the real ones, the values are drawn; two.npz is
    that of examples/make_data.py, pairs.tsv such as it writes.
    """
    rng = np.random.default_rng(0)
    sets = (water, clouds, electricity, ett, vowels, imdb, cifar10, mnist)
    for make in (*sets, fashion, omniglot, yeast, pairs):
        make(home, rng)
    np.savez(home / "two.npz", **example("make_data").two_inputs(120, picture_says=True))
    return home


def example(name: str) -> ModuleType:
    """Return a script of examples/ as a module."""
    path = Path(__file__).parents[1] / "examples" / f"{name}.py"
    found = spec_from_file_location(name, path)
    module = module_from_spec(found)
    found.loader.exec_module(module)
    return module


def fashion(home: Path, rng: np.random.Generator) -> None:
    """Write articles with a picture, whose brightness says the season and its height the kind."""
    rows, seasons, kinds = 90, ("Summer", "Winter", "Fall"), ("Shirts", "Shoes")
    table_rows, files = [], {}
    for i in range(rows):
        season, kind = int(rng.integers(3)), int(rng.integers(2))
        shade = 60 + 70 * season + int(rng.integers(20))
        colour = (shade, shade, 255 * kind)
        files[f"images/{i}.jpg"] = picture(colour, size=(12, 12), kind="JPEG")
        gender = ("Men", "Women")[int(rng.integers(2))]
        name = f"Brand {gender} {kinds[kind]}"
        picked = (i, gender, kinds[kind], seasons[season], 2010 + season, name)
        table_rows.append((*picked, f"images/{i}.jpg"))
    header = "id,gender,articleType,season,year,productDisplayName,image"
    table(home / "fashion_products/products.csv", header, table_rows)
    archive(home / "fashion_products/images.zip", files)


def omniglot(home: Path, rng: np.random.Generator) -> None:
    """Write drawings of two characters of each of three alphabets."""
    table_rows, files = [], {}
    for i, (alphabet, character, drawing) in enumerate(np.ndindex(3, 2, 20)):
        name = ("Greek", "Latin", "Tifinagh")[alphabet]
        path = f"images_background/{name}/character{character:02d}/{i:04d}_{drawing:02d}.png"
        shade = 30 + 70 * alphabet + 30 * character + int(rng.integers(9))
        files[path] = picture((shade, shade, shade), size=(12, 12))
        table_rows.append((path, name, f"{name}/character{character:02d}", drawing + 1))
    table(home / "omniglot/samples.csv.gz", "image,alphabet,character,drawing", table_rows)
    archive(home / "omniglot/images_background.zip", files)


def pairs(home: Path, rng: np.random.Generator) -> None:
    """Write English captions and what they are in German, some with a quotation mark in them."""
    words = {"a": "ein", "man": "mann", "dog": "hund", "sees": "sieht", "the": "der", "two": "zwei"}
    drawn = rng.choice([*words], (160, 9))
    lines = []
    for i, row in enumerate(drawn):
        mark = '"' * (i % 40 == 7)
        lines.append(" ".join(row) + "\t" + mark + " ".join(words[word] for word in row))
    (home / "pairs.tsv").write_text("\n".join(["english\tgerman", *lines]) + "\n", "utf-8")


def yeast(home: Path, rng: np.random.Generator) -> None:
    """Write numbers, and three labels that follow from one each."""
    x = rng.normal(size=(120, 6)).round(4)
    labels = (x[:, :3] + rng.normal(0, 0.4, (120, 3)) > 0).astype(int)
    names = [*(f"Att{i}" for i in range(1, 7)), *(f"Class{i}" for i in range(1, 4))]
    rows = [(*a, *b) for a, b in zip(x.tolist(), labels.tolist(), strict=True)]
    table(home / "multilabel/yeast.csv.gz", ",".join(names), rows)


def table(path: Path, header: str, rows: Iterable[Iterable[object]]) -> None:
    """Write a CSV, compressed where its name says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n"
    data = text.encode()
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)


def water(home: Path, rng: np.random.Generator) -> None:
    """Write numbers between 0 and 1, and a target of 0 and 1 that hardly follows from them."""
    names = "ph,Hardness,Solids,Chloramines,Sulfate,Conductivity,Turbidity,Potability"
    for part, rows in (("train", 150), ("test", 50)):
        x = rng.random((rows, 7)).round(4)
        y = (x[:, 0] + rng.normal(0, 0.4, rows) > 0.6).astype(int)
        table(home / f"water/water_{part}.csv", names, np.column_stack([x, y]).tolist())


def clouds(home: Path, rng: np.random.Generator) -> None:
    """Write class folders of each part into one archive."""
    files = {
        f"clouds_{part}/{name}/{i}.jpg": picture((60 * shade, 90, 150 + i), size=(48, 48))
        for part, count in (("train", 16), ("test", 8))
        for shade, name in enumerate(CLOUDS)
        for i in range(count)
    }
    (home / "clouds").mkdir()
    archive(home / "clouds/clouds.zip", files)


def steps(start: str, count: int, minutes: int) -> list[str]:
    """Return stamps of equal distance."""
    first = np.datetime64(start, "m")
    return [f"{str(first + minutes * i).replace('T', ' ')}:00" for i in range(count)]


def electricity(home: Path, rng: np.random.Generator) -> None:
    """Write quarters of hours, the test file going on where the training file ends."""
    wave = np.sin(np.arange(600) * 2 * np.pi / 96) + rng.normal(0, 0.1, 600)
    rows = list(zip(steps("2013-01-01", 600, 15), wave.round(4), strict=True))
    header = "timestamp,consumption"
    table(home / "electricity/electricity_train.csv.gz", header, rows[:400])
    table(home / "electricity/electricity_test.csv.gz", header, rows[400:])


def ett(home: Path, rng: np.random.Generator) -> None:
    """Write hours of a temperature and six loads."""
    load = rng.normal(0, 1, (1_000, 6)).cumsum(0).round(3)
    oil = (load[:, 0] + 5 * np.sin(np.arange(1_000) * 2 * np.pi / 24)).round(3)
    stamps = steps("2016-07-01", 1_000, 60)
    rows = ([when, *a, b] for when, a, b in zip(stamps, load, oil, strict=True))
    table(home / "ett/ETTh1.csv.gz", "date,HUFL,HULL,MUFL,MULL,LUFL,LULL,OT", rows)


def vowels(home: Path, rng: np.random.Generator) -> None:
    """Write a long table: 7 to 15 steps of three channels, three speakers."""
    for part, count in (("train", 45), ("test", 30)):
        rows = [
            [i, t, *(rng.normal(i % 3, 1, 3).round(4)), 1 + i % 3]
            for i in range(count)
            for t in range(7 + i % 9)
        ]
        path = home / f"sequences/japanese_vowels_{part}.csv.gz"
        table(path, "sample,t,c1,c2,c3,speaker", rows)


def imdb(home: Path, rng: np.random.Generator) -> None:
    """Write reviews of drawn words, quoted, with one word that says what it thinks."""
    words = np.array([f"{a}{b}" for a in "bdfglmnr" for b in ("al", "en", "is", "or", "um")])
    for part, rows in (("train", 60), ("test", 30)):
        lines = []
        for i in range(rows):
            said = rng.choice(words, rng.integers(12, 60)).tolist()
            said[rng.integers(len(said))] = ("splendid,", "dreadful,")[i % 2]
            lines.append([f'"{" ".join(said)}<br />"', ("pos", "neg")[i % 2]])
        table(home / f"imdb/{part}.csv.gz", "text,label", lines)


def cifar10(home: Path, rng: np.random.Generator) -> None:
    """Write one archive for each batch, class folders in it."""
    (home / "cifar10").mkdir()
    for number, name in enumerate(("train_1", "train_2", "train_3", "train_4", "train_5", "test")):
        files = {
            f"{kind}/{10 * number + i}.webp": picture(
                (90 * k, 255 - 90 * k, i), size=(32, 32), kind="WEBP", lossless=True
            )
            for k, kind in enumerate(("airplane", "cat", "ship"))
            for i in range(5)
        }
        archive(home / f"cifar10/{name}.zip", files)


def idx(values: np.ndarray) -> bytes:
    """Return bytes in the form of the MNIST files."""
    sizes = b"".join(size.to_bytes(4, "big") for size in values.shape)
    return gzip.compress(b"\0\0\x08" + bytes([values.ndim]) + sizes + values.tobytes(), mtime=0)


def mnist(home: Path, rng: np.random.Generator) -> None:
    """Write four files: a digit is a bright row at its height."""
    for part, count in (("train", 120), ("t10k", 40)):
        y = np.arange(count) % 10
        x = rng.integers(0, 40, (count, 28, 28))
        x[np.arange(count), 2 * y + 3] += 200
        files = {
            f"{part}-images-idx3-ubyte.gz": idx(x.astype(np.uint8)),
            f"{part}-labels-idx1-ubyte.gz": idx(y.astype(np.uint8)),
        }
        folder(home / "mnist", files)
