"""The box of a function: its own root, /tmp, processes and limits, so that it does not reach the user's machine.

`confinement` finds out what this machine can do, `room` says what a function sees, `start` starts it there. The rest
runs inside: `launcher` goes in (by `namespaces`, else `landlock`), `watch` looks after it, and `runtime` is what AWS
calls the runtime: it loads the handler and hands it the events. docs/local-engine.md says what the box keeps in.
"""
