"""Do people agree? Reading lists, blind reads, adjudication, and readers beside each other and the model."""

import streamlit as st

from neuroval.dashboard.components import adjudicate, blind_read, frame, reading_lists, review
from neuroval.dashboard.components import readers_numbers as shown
from neuroval.dashboard.session import cache as compute
from neuroval.dashboard.session import state
from neuroval.dashboard.words import general as text_general
from neuroval.dashboard.words import readers as text

study = frame.chosen()
name, what = state.reading()
reviews = review.standing(study)
reading_list = None if reviews is None else reviews.reading_list(name)

if reviews is not None and reading_list is not None:  # no number is loaded beside a scan that is read blind
    who = review.named_reader() or review.reader()
    if what == state.READING:
        blind_read.blind_read(study, reading_list, who=who)
    else:
        adjudicate.adjudicate(study, reading_list, who=who)
    st.caption(text_general.RESEARCH)
else:
    study, evidence = frame.opened("readers")
    if reviews is None:
        frame.answer(text.AWAY)
    else:
        # A rate of few reads would tell whether they are right: who has scans left to read sees none.
        busy = any(each.busy(review.named_reader()) for each in reviews.lists)
        numbers = compute.blind(evidence, reviews)
        frame.answer(text.LATER if busy else text.answer(numbers))
        reading_lists.outcome()
        reading_lists.section(study, evidence, reviews)
        if not busy:
            shown.open_disagreements(study, reviews, who=review.named_reader())
            shown.readers_and_model(study, numbers)
            shown.agreement(study, numbers)
            shown.with_help(numbers)
    frame.how("readers")
