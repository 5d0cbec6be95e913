"""The local engine: MiniStack, an AWS emulator in one pip package, run in the background with corrections.

`process` starts and stops it, `python -m engine` is what runs in the background, `corrections` mend what the pinned
version does otherwise than AWS documents, and `student_account` makes it look like the account of a student.
Knows nothing of the labs.
"""

#: The version whose insides the corrections know.
CORRECTED_VERSION = "1.5.33"
