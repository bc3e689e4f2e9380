"""How does it compare with another model? Both on the same scans: paired differences, and where they disagree."""

import streamlit as st

from neuroval.dashboard.components import compared, frame
from neuroval.dashboard.components.tables import table
from neuroval.dashboard.pages import PAGES
from neuroval.dashboard.words import comparison as text_compare

study = frame.chosen()
frame.title(study, PAGES["compare"].question)
found = compared.opened(study)

if found is not None:
    frame.answer(text_compare.training(found))
    frame.answer(text_compare.answer(found))
    compared.figures(found)
    frame.answer(text_compare.multiplicity(found))
    frame.answer(text_compare.matching(found))
    compared.discordant(found, a_is_right=True)
    compared.discordant(found, a_is_right=False)
    compared.numbers(found)
    if found.matched.other_labels:
        st.header("Left out: another label", anchor=False)
        rows = text_compare.label_rows(found.matched.other_labels, found.matched.classes)
        table(rows, alt="Scans whose label differs between A and B")
frame.how("compare")
