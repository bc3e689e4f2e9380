"""Does the published record hold? Each claim with its verdict, and the arithmetic behind it."""

import streamlit as st

from neuroval.dashboard.components import claims, frame
from neuroval.dashboard.words import claims as text
from neuroval.dashboard.words.formats import escaped

study, evidence = frame.opened("claims")
if study.claims is None:
    st.info(f"{text.NO_CLAIMS}\n\n{text.how_to_add(study.path.name)}")
else:
    frame.answer(text.answer([audited.verdict for audited in evidence.results.claims]))
    printed = study.claims.source
    st.caption(escaped(f"{text.source(printed.title, printed.where)} {text.NOT_SAID}"))
    if evidence.results.claims:
        claims.claim_view(study, evidence, claims.chosen(study, evidence.results.claims))
frame.how("claims")
