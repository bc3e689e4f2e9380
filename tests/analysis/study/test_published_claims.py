import dataclasses
from pathlib import Path

import pytest

from neuroval.analysis.study.results import results_of
from neuroval.data.claims.reading import read_claims
from neuroval.data.storage.home import SHIPPED_STUDIES
from neuroval.data.study.folder import read_study

SOURCE = """schema = 1
[source]
title = "A paper"
dataset = "brain-tumor-mri"
classes = ["glioma", "meningioma", "notumor", "pituitary"]
negative = "notumor"
"""


@pytest.mark.parametrize("owner", ["any_tumour", "glioma"])
def test_an_auc_is_found_by_the_name_that_claims_give_it(tmp_path: Path, owner: str) -> None:
    file = tmp_path / "claims.toml"
    file.write_text(
        f'{SOURCE}[[claim]]\nid = "a"\ntext = "t"\nkind = "score"\nmetric = "{owner}.auc"\nvalue = "0.75"\n'
    )
    study = dataclasses.replace(read_study(SHIPPED_STUDIES / "brain-tumor-mri"), claims=read_claims(file))
    source = results_of(study, basis="test")
    (one,) = source.claims
    auc = source.aucs.any_tumour if owner == "any_tumour" else source.aucs.classes[0]
    assert auc is not None
    assert one.ours == auc.headline
