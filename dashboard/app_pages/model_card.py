"""What is the model for, and what not? Intended use, contraindications, modalities, regulatory status."""

import streamlit as st

from neuroval.dashboard.components import exports, frame
from neuroval.dashboard.words import model_card as text
from neuroval.dashboard.words.formats import escaped

study, _ = frame.opened("model_card")
manifest = study.manifest
frame.answer(text.answer(manifest.about))

st.header("Regulatory status", anchor=False)
frame.answer(text.REGULATORY_STATUS)
for title, lines in text.lists(manifest.about):
    st.header(title, anchor=False)
    st.markdown("\n".join(f"- {escaped(line)}" for line in lines) or text.NOT_RECORDED, width=860)

st.header("Model and data", anchor=False)
if manifest.model is None:
    st.caption(text.NO_MODEL)
facts = text.fact_rows(manifest)  # a list: an address would make a table wider than a phone
st.markdown("\n".join(f"- {escaped(row['Fact'])}: {escaped(row['Value'])}" for row in facts), width=860)
exports.csv_button(study, facts, what="model-card")
frame.how("model_card")
