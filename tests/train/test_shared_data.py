"""What a run lets its workers see is written once."""

import numpy as np

from bakeoff.data.preparing.preparation import fit_preparation
from bakeoff.data.read import read
from bakeoff.data.splitting.split import make_split
from bakeoff.data.taking.targets import make_targets
from bakeoff.data.taking.views import make_views
from bakeoff.train.shared_data import SharedData, write_shared_data


def shared_of(folder, pictures):
    """Write every view of pictures, and return what workers see and the views."""
    dataset = read((pictures, np.arange(len(pictures)) % 3))
    split = make_split(dataset)
    preparation = fit_preparation(dataset, split)
    views = make_views(preparation, dataset)
    rows = {part: getattr(split, part) for part in ("train", "validation", "test")}
    targets = make_targets(preparation, dataset)
    write_shared_data(folder, views=views, targets=targets, rows=rows)
    return SharedData(folder), views, rows


def test_all_views_of_pictures_share_one_copy_of_their_bytes(tmp_path):
    pictures = np.random.default_rng(0).integers(0, 256, (60, 32, 32, 3), dtype=np.uint8)
    shared, views, rows = shared_of(tmp_path, pictures)
    written = sum(file.stat().st_size for file in tmp_path.rglob("*") if file.is_file())
    assert pictures.nbytes < written < 1.1 * pictures.nbytes
    for name, view in views.items():
        x = shared.part_of(shared.views[name], "test")["x"].take()
        np.testing.assert_array_equal(x, view.take(rows["test"])["x"])


def test_pictures_that_are_memory_mapped_are_not_written_again(tmp_path):
    pictures = np.random.default_rng(0).integers(0, 256, (60, 32, 32, 3), dtype=np.uint8)
    np.save(tmp_path / "decoded.npy", pictures)
    folder = tmp_path / "shared"
    folder.mkdir()
    shared_of(folder, np.load(tmp_path / "decoded.npy", mmap_mode="r"))
    written = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    assert written < 0.1 * pictures.nbytes
