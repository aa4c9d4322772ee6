"""Promises of decoding: every kind of picture becomes the pixels that a person sees."""

import io

import numpy as np
import pytest
from PIL import Image

from bakeoff import read
from bakeoff.data.reading.decode import decode

from ...pictures import GREEN, RED, classes, folder, grey, packed, picture


def first_pixel(raw: bytes) -> list[int]:
    return decode(raw).pixels[0, 0].tolist()


@pytest.mark.parametrize(
    ("raw", "pixel"),
    [
        (picture((90, 90, 90), mode="L"), [90] * 3),
        (picture((255, 255, 255), mode="1"), [255] * 3),
        (picture(RED, mode="P"), [204, 51, 51]),
        (picture(RED, mode="RGB", kind="BMP"), [*RED]),
        (picture(RED, mode="RGB", kind="WEBP", lossless=True), [*RED]),
        (picture(RED, mode="RGB", kind="PPM"), [*RED]),
        (packed(Image.new("CMYK", (4, 4), (0, 255, 255, 0)), "TIFF"), [255, 0, 0]),
        (packed(Image.new("RGBA", (4, 4), (255, 0, 0, 0))), [255] * 3),
        (packed(Image.new("RGBA", (4, 4), (255, 0, 0, 255))), [255, 0, 0]),
        (packed(Image.new("RGBA", (4, 4), (0, 0, 0, 128))), [127] * 3),
        (packed(Image.new("LA", (4, 4), (0, 0))), [255] * 3),
        (picture((7, 7, 7), mode="L", transparency=7), [255] * 3),
        (picture(RED, transparency=RED), [255] * 3),
    ],
    ids=["grey", "1 bit", "palette", "bmp", "webp", "ppm", "cmyk", "clear", "opaque", "half",
         "grey alpha", "grey key", "colour key"],
)  # fmt: skip
def test_pixels_are_what_a_person_sees(raw, pixel):
    assert np.abs(np.array(first_pixel(raw)) - pixel).max() <= 1


def test_a_palette_with_transparency_is_laid_over_white():
    image = Image.new("RGBA", (4, 4), (0, 0, 255, 0)).quantize()
    assert first_pixel(packed(image, "PNG")) == [255, 255, 255]


def test_adobe_jpegs_in_cmyk_are_not_inverted():
    raw = packed(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG", quality=95)
    red, green, blue = first_pixel(raw)
    assert (red > 240, green < 20, blue < 20) == (True, True, True)


def test_sixteen_bits_are_divided_and_equal_in_png_and_tiff(tmp_path):
    """A 9: 12-bit camera pictures; Pillow's own conversion saturates them at 255."""
    rng = np.random.default_rng(0)
    made = {
        name: np.clip(rng.normal(mean, 100, (8, 8)), 0, 4095).astype(np.uint16)
        for name, mean in (("a", 1000), ("b", 3000))
    }
    made["b"][0, 0] = 4095
    pngs = {f"{n}/{i}.png": grey(v) for n, v in made.items() for i in range(4)}
    big_endian = {
        f"{n}/{i}.tif": packed(Image.frombytes("I;16B", (8, 8), v.astype(">u2").tobytes()), "TIFF")
        for n, v in made.items()
        for i in range(4)
    }
    sets = [read(folder(tmp_path / n, f)) for n, f in (("png", pngs), ("tif", big_endian))]
    pixels = [np.asarray(dataset.arrays["image"]) for dataset in sets]
    assert np.array_equal(pixels[0], pixels[1])
    means = [pixels[0][:4].mean(), pixels[0][4:].mean()]
    assert means == pytest.approx([3.9, 11.7], abs=0.15)
    assert pixels[0].max() == 16
    [line] = [note for note in sets[0].notes if "16 bits" in note]
    assert "with no value above 4,095: of 256 levels only about 16 are used" in line


def test_sixteen_bits_of_the_full_range_go_without_a_word(tmp_path):
    full = np.linspace(0, 65535, 64).astype(np.uint16).reshape(8, 8)
    files = {f"{name}/{i}.png": grey(full) for name in "ab" for i in range(3)}
    dataset = read(folder(tmp_path / "set", files))
    assert dataset.arrays["image"][0].ravel()[[0, -1]].tolist() == [0, 255]
    assert not [note for note in dataset.notes if "16 bits" in note]


@pytest.mark.parametrize("mode", ["F", "I"])
def test_values_of_unknown_range_are_no_picture(mode, tmp_path):
    image = Image.fromarray(np.full((4, 4), 1e6, np.float32 if mode == "F" else np.int32))
    raw = {"a/x.tif": packed(image, "TIFF")}
    dataset = read(folder(tmp_path / "set", classes("a", "b") | raw))
    assert "save it with 8 or 16 bits" in " ".join(dataset.notes)


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF"])
def test_pictures_are_turned_as_their_camera_says(turn, kind):
    upright = np.zeros((16, 32, 3), np.uint8)
    upright[:8, :16] = 255  # a white corner, top left
    back = {1: lambda a: a, 2: np.fliplr, 3: lambda a: np.rot90(a, 2), 4: np.flipud,
            5: lambda a: a.transpose(1, 0, 2), 6: np.rot90, 8: lambda a: np.rot90(a, -1),
            7: lambda a: np.rot90(a, 2).transpose(1, 0, 2)}[turn]  # fmt: skip
    stored = Image.fromarray(np.ascontiguousarray(back(upright)))
    exif = Image.Exif()
    exif[0x0112] = turn
    one = decode(packed(stored, kind, exif=exif))
    assert one.own == (16, 32)
    assert np.abs(one.pixels.astype(int) - upright).max() < 30


def test_a_large_jpeg_is_turned_before_it_is_squashed():
    stored = np.zeros((300, 200, 3), np.uint8)
    stored[:150] = 255
    exif = Image.Exif()
    exif[0x0112] = 6
    one = decode(packed(Image.fromarray(stored), "JPEG", exif=exif))
    assert (one.own, one.pixels.shape) == ((200, 300), (64, 64, 3))
    assert one.pixels[:, -20:].min() > 230
    assert one.pixels[:, :20].max() < 25


def test_all_grey_is_one_channel_and_any_colour_makes_three(tmp_path):
    shades = {f"{n}/{i}.png": picture((i, i, i), mode=m)
              for n, m in (("a", "L"), ("b", "RGB")) for i in range(3)}  # fmt: skip
    assert read(folder(tmp_path / "grey", shades)).arrays["image"].shape[-1] == 1
    colours = read(folder(tmp_path / "colour", shades | {"b/z.png": picture(RED)}))
    assert colours.arrays["image"].shape[-1] == 3
    assert colours.arrays["image"][1, 0, 0].tolist() == [1, 1, 1]


def test_nothing_is_taken_from_the_first_file(tmp_path):
    """A 11: the first file is RGBA and large, the others grey and RGB of many sizes."""
    rng = np.random.default_rng(0)
    made = [packed(Image.new("RGBA", (38, 44), (200, 10, 10, 120)))]
    for i in range(5):
        shape = (10 + i, 20 - i) if i % 2 else (10 + i, 20 - i, 3)
        made.append(grey(rng.integers(0, 255, shape).astype(np.uint8)))
    found = []
    for order in (range(6), range(5, -1, -1)):
        names = [f"{'ab'[i % 2]}/{place}.png" for i, place in zip(range(6), order, strict=True)]
        files = dict(zip(names, made, strict=True))
        dataset = read(folder(tmp_path / str(order), files))
        stored = zip(dataset.arrays["file"], dataset.arrays["image"], strict=True)
        pixels = dict(stored)
        found.append([pixels[name] for name in names])
    assert all(np.array_equal(a, b) for a, b in zip(*found, strict=True))
    assert found[0][2].shape == (64, 64, 3)
    assert (found[0][2][..., 0] == found[0][2][..., 2]).all()  # a grey one among them


def test_the_first_of_several_pictures_is_read_and_that_is_said(tmp_path):
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, GREEN)]
    raw = packed(frames[0], "GIF", save_all=True, append_images=frames[1:])
    dataset = read(folder(tmp_path / "set", classes("a", "b") | {"a/x.gif": raw}))
    assert dataset.arrays["image"][3, 0, 0].tolist() == pytest.approx(RED, abs=4)
    assert "1 file holds several pictures; the first is read." in dataset.notes


def test_formats_that_run_a_program_are_never_opened():
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "EPS")
    with pytest.raises(OSError, match="cannot identify"):
        decode(buffer.getvalue())
