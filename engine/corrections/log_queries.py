"""A query of CloudWatch Logs Insights that the engine cannot answer is refused.

AWS (CloudWatch Logs API reference, StartQuery): a query that cannot be run is a MalformedQueryException. MiniStack
knows `fields`, `sort`, `limit` and some filters, and leaves out of a query what it does not know: `stats count(*)`
brought all lines, and a filter that it does not know filtered nothing. Here such a query is refused, and the refusal
names what is known.
"""

import re
from collections.abc import Iterator
from typing import Any

from ministack.services import cloudwatch_logs

KNOWN = (
    "it knows `fields`, `filter @field = '...'`, `filter @field like /.../`, `filter toMillis(@timestamp) >= ...`, "
    "`sort @field`, and `limit` at the end, separated by |"
)
FIELD = r"@?\w+(\.\w+)*"
#: The stages besides `filter`. Each may stand once.
STAGES = {
    "fields": re.compile(rf"fields\s+{FIELD}(\s*,\s*{FIELD})*", re.IGNORECASE | re.ASCII),
    "sort": re.compile(r"sort\s+@\w+(\s+(asc|desc))?", re.IGNORECASE | re.ASCII),
    "limit": re.compile(r"limit\s+\d+", re.IGNORECASE | re.ASCII),
}
LIKE = re.compile(r"\slike\s+/(.*)/i?$", re.IGNORECASE)


def apply() -> None:
    start = cloudwatch_logs._start_query

    def start_query(data: dict[str, Any]) -> Any:
        language = data.get("queryLanguage") or "CWLI"
        problem = (
            next(_problems(data.get("queryString") or ""), None)
            if language == "CWLI"
            else f"the local engine does not know the query language {language}"
        )
        if problem:
            return cloudwatch_logs.error_response_json("MalformedQueryException", problem, 400)
        return start(data)

    cloudwatch_logs._start_query = start_query


def _problems(query: str) -> Iterator[str]:
    """Why the engine would answer another query than this one."""
    seen: list[str] = []
    for stage in cloudwatch_logs._split_insights_pipes(query):
        name = stage.split()[0].lower()
        known = _filters(stage) if name == "filter" else name in STAGES and STAGES[name].fullmatch(stage)
        if not known:
            yield f"the local engine does not know `{stage}` of Logs Insights: {KNOWN}"
        if name != "filter" and name in seen:
            yield f"the local engine knows one `{name}` in a query of Logs Insights, not two"
        if seen[-1:] == ["limit"]:
            yield f"the local engine knows `limit` at the end of a query of Logs Insights, not before `{stage}`"
        seen.append(name)


def _filters(stage: str) -> bool:
    """Whether MiniStack filters by this stage."""
    like = LIKE.search(stage)
    if like:
        try:
            re.compile(like[1])
        except re.error:
            return False
    return cloudwatch_logs._compile_insights_filter(stage) is not None
