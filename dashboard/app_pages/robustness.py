"""What breaks it? Each rate as scans get worse, up to where it holds; whether it notices; repeats."""

import streamlit as st

from neuroval.dashboard.components import exports, frame
from neuroval.dashboard.components import trial as shown
from neuroval.dashboard.words import trial as text
from neuroval.dashboard.words.formats import escaped

study, evidence = frame.opened("robustness")
trial = evidence.results.trial
if trial is None:
    st.info(text.no_trial(study), icon=":material/science:")
elif not trial.corruptions:
    st.info(text.NOT_TRIED)
else:
    frame.answer(text.what_breaks(trial.corruptions))
    frame.answer(" ".join(part for part in (text.notices(trial.corruptions), text.flags(trial.corruptions)) if part))
    shown.curves(study, trial)
    curves = text.CURVES if study.classes.negative is not None else text.ACCURACY_CURVES
    limits = text.limits(trial.corruptions[0].limits)
    st.caption(escaped(f"{text.sampled(trial.corruptions, evidence.published.basis)} {curves} {limits}"))

    st.header("One scan getting worse", anchor=False)
    shown.getting_worse(study, trial)

    st.header("Holds until", anchor=False)
    exports.table(study, text.corruption_rows(trial.corruptions), what="robustness", alt="Corruptions, hardest first")
    st.header("Does it notice?", anchor=False)
    exports.table(study, text.notice_rows(trial.corruptions), what="notices", alt=text.NOTICE_TABLE)
    st.caption(text.NOTICE)
    if trial.repeats:
        st.header("What should change nothing", anchor=False)
        frame.answer(text.repeated(trial.repeats))
frame.how("robustness")
