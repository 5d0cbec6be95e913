"""Says in one line what an error of boto3 means and what to do about it. Imported only when there is one."""

from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from kit.cli import Exit

import project

RENEW = "start the lab again and copy AWS Details > AWS CLI into ~/.aws/credentials"

#: The policy that a Learner Lab attaches when its session or its budget ends. STS goes on telling who one is; every
#: other call is denied by this name (as public projects of students recorded; the Learner Lab's README does not say).
SESSION_ENDED = "voc-cancel-cred"

EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
INVALID = {
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "InvalidAccessKeyId",
    "AuthFailure",
}
GONE = {
    "AWS.SimpleQueueService.NonExistentQueue",
    "QueueDoesNotExist",
    "ResourceNotFoundException",
    "StateMachineDoesNotExist",
    "NoSuchBucket",
}
DENIED = {"403", "AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"}
#: What AWS has no room for now, whatever was asked (AWS SDKs and Tools Reference Guide, "Retry behavior").
BUSY = {
    *("Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestThrottledException"),
    *("TooManyRequestsException", "RequestLimitExceeded", "ProvisionedThroughputExceededException", "SlowDown"),
}


def explain(error: Exception) -> tuple[str, Exit]:
    """The line and the exit code for `error`. Raises it again when it is none of boto3's: a defect of ours."""
    if isinstance(error, boto.ClientError):
        return _explain_answer(error)
    if isinstance(error, boto.ProfileNotFound):
        return f"{str(error)[0].lower()}{str(error)[1:]}; see `aws configure list-profiles`", Exit.NO_CONNECTION
    if isinstance(error, boto.NoCredentialsError | boto.PartialCredentialsError):
        return f"no AWS credentials: {RENEW}, or use the local engine with --local", Exit.NO_CONNECTION
    if isinstance(error, boto.HTTPClientError | boto.ConnectionError):
        if isinstance(error, boto.ProxyConnectionError):
            proxy = error.kwargs["proxy_url"]
            return f"no connection to the proxy {proxy}: check the network, and HTTPS_PROXY", Exit.NO_CONNECTION
        url = str(error.kwargs.get("endpoint_url", "AWS"))
        if project.is_loopback(url):
            return f"no answer at {url}: start the local engine with `scripts/local_aws.py start`", Exit.NO_CONNECTION
        return f"no connection to {url}: check the network, then `scripts/doctor.py`", Exit.NO_CONNECTION
    if isinstance(error, boto.CredentialRetrievalError | boto.SSOError | boto.TokenRetrievalError):
        return " ".join(str(error).split()), Exit.NO_CONNECTION
    if isinstance(error, boto.BotoCoreError):  # what the SDK itself does not send, or not understand
        return " ".join(str(error).split()), Exit.USAGE
    if isinstance(error, ResponseParserError):
        said = str(error).partition(" (")[0]
        return f"an answer came that is not AWS's: {said}", Exit.NO_CONNECTION
    raise error


def has_ended(error: boto.ClientError) -> bool:
    """Whether AWS refused because the session of a Learner Lab is over, and not for a permission that is missing."""
    return SESSION_ENDED in error.response.get("Error", {}).get("Message", "")


def is_denied(error: boto.ClientError) -> bool:
    """Whether AWS refused because the user may not do it; services have their own words, S3 may have a number."""
    return error.response.get("Error", {}).get("Code", "") in DENIED and not has_ended(error)


def _explain_answer(error: boto.ClientError) -> tuple[str, Exit]:
    code = error.response.get("Error", {}).get("Code", "")
    message = error.response.get("Error", {}).get("Message", "") or code
    if has_ended(error):
        return f"the lab's session has ended: {RENEW}", Exit.NO_CONNECTION
    if code in EXPIRED:
        return f"the AWS credentials have expired: {RENEW}", Exit.NO_CONNECTION
    if code in INVALID:
        return f"AWS does not accept the credentials: {RENEW}", Exit.NO_CONNECTION
    if code in GONE:
        return f"part of the lab is gone ({message}): deploy it again with `make deploy`", Exit.NOT_DEPLOYED
    said = " ".join(message.split())
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    if status >= 500 or code in BUSY:
        return f"AWS cannot do {error.operation_name} now ({said}): try again later", Exit.NO_CONNECTION
    return f"AWS refused {error.operation_name}: {said}", Exit.USAGE
