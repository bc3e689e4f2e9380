"""How does it compare with another model? Both on the same scans: paired differences, and where they disagree."""

import streamlit as st

from neuroval.dashboard.components import compared, frame
from neuroval.dashboard.components.tables import table
from neuroval.dashboard.pages import PAGES
from neuroval.dashboard.words import compare as text_compare

study = frame.chosen()
frame.title(study, PAGES["compare"].question)
comparisons = compared.opened(study, frame.basis(study))

if comparisons is not None:
    if other := text_compare.other_basis(comparisons, frame.basis(study)):
        frame.answer(other)
    frame.answer(text_compare.training(comparisons))
    frame.answer(text_compare.answer(comparisons))
    if margin := text_compare.against_margin(comparisons):
        frame.answer(margin)
    compared.figures(comparisons)
    frame.answer(text_compare.multiplicity(comparisons))
    frame.answer(text_compare.matching(comparisons))
    compared.discordant(comparisons, a_is_right=True)
    compared.discordant(comparisons, a_is_right=False)
    compared.numbers(comparisons)
    if comparisons.matched.other_labels:
        st.header("Left out: another label", anchor=False)
        rows = text_compare.label_rows(comparisons.matched.other_labels, comparisons.matched.classes)
        table(rows, alt="Scans whose label differs between A and B")
frame.how("compare")
