"""What the pinned MiniStack does otherwise than AWS documents, put right; one small module per behaviour."""

from engine.corrections import describe_alarms, event_invocations, pauses, stream_settings

#: The version whose insides the corrections know. Another one runs as it is.
MADE_FOR = "1.5.33"


def apply() -> None:
    """Correct the engine in this process; to be called before it serves."""
    describe_alarms.apply()
    event_invocations.apply()
    pauses.apply()
    stream_settings.apply()
