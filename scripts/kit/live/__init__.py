"""A lab as it is right now: what `watch.py` and `console.py` show, and `logs.py` the lines of.

`numbers` reads what each station has to tell, `results` what the lab gives out, `logs` what its functions say;
`collector` does all of it again and again, and keeps the latest.
"""
