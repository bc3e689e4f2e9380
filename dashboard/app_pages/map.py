"""What lies together? The scans as the network sees them, and the scans of a part of that map."""

import streamlit as st

from neuroval.dashboard.components import case_map as shown
from neuroval.dashboard.components import frame
from neuroval.dashboard.words import case_map as text

study, evidence = frame.opened("map")
case_map = evidence.case_map
if case_map is None or not case_map.columns:
    st.info(text.NO_MAP if case_map is None else text.ALL_ALIKE)
else:
    place = st.container()
    key = shown.chosen_column(case_map)
    with place:
        frame.answer(text.answer(key, case_map.alike(key)))
        frame.seen(evidence)
    shown.draw(study, case_map, key)
    shown.region(study, evidence, case_map, key)
frame.how("map")
