"""How it is shown: pages, figures, words, report, REST API and command line."""
