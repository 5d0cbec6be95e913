"""What is queued survives a kill.

AWS (SQS Developer Guide, "What is Amazon SQS?"; Kinesis Developer Guide, "High availability and durability"): a message
or record that was accepted is stored redundantly before the answer. MiniStack writes its state when it is stopped, and
forgets everything when it is killed. Here:

- `journal` notes each message and record when it arrives, before the answer;
- `saver` writes MiniStack's state whenever things have gone quiet, and begins the journal anew;
- `gate` refuses what cannot be noted;
- a start reads the state, and adds from the journal what came after it.

So what was accepted is there after a kill, and is delivered at least once; what had been handled since the last save is
delivered again. Everything else is there as it was last saved: what is deployed, seconds before; a table's items and
executions, half a minute before at most, and under load. Nothing is synchronized to the disk: a machine without power
is another matter.
"""

from ministack.core import persistence

from engine.corrections.durability import gate, journal, saver


def apply() -> None:
    if persistence.PERSIST_STATE:
        arrivals = journal.Journal()
        journal.apply(arrivals)
        saver.apply(arrivals)
        gate.apply(arrivals)
