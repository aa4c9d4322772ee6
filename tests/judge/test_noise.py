"""The promise of the made sets of noise: a verdict that nothing was learned."""

import bakeoff


def test_labels_by_chance_end_in_a_verdict_that_nothing_was_learned(tmp_path):
    run = bakeoff.run(
        "noise_table",
        models=("constant", "linear", "mlp"),
        seeds=2,
        epochs=3,
        out=tmp_path / "run",
        show="none",
    )
    said = run.verdict.sentence
    assert said.startswith("no model here has detectably learned anything: none beats constant")
