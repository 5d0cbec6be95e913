"""What every lab is: a stack with its provider, state, names, tags and published ports."""

import json
from typing import Any, ClassVar

from cdktf import TerraformStack
from cdktf_cdktf_provider_aws.data_aws_caller_identity import DataAwsCallerIdentity
from cdktf_cdktf_provider_aws.provider import AwsProvider, AwsProviderDefaultTags
from cdktf_cdktf_provider_aws.ssm_parameter import SsmParameter
from constructs import Construct

import project
from stacks.backend import keep_state
from stacks.settings import NoOptions, Settings


class LabStack(TerraformStack):
    """One architecture of the course, deployable alone, unchanged, to AWS or to an emulator.

    A subclass sets `lab`, its name on the command line and in every resource name, and `Options` if it has any.
    """

    lab: ClassVar[str]
    Options: ClassVar[type] = NoOptions

    def __init__(self, scope: Construct, settings: Settings) -> None:
        super().__init__(scope, self.lab)
        self.settings = settings
        self.options: Any = settings.labs[self.lab]
        keep_state(self, self.lab, settings)
        AwsProvider(
            self,
            "aws",
            region=settings.region,
            default_tags=[AwsProviderDefaultTags(tags={"project": "serverless-labs", "lab": self.lab})],
            # Virtual-host addresses (bucket.127.0.0.1) do not resolve; the one difference between the two targets.
            s3_use_path_style=True if settings.endpoint else None,
        )
        self.account = DataAwsCallerIdentity(self, "caller").account_id
        #: How every ARN of the region begins.
        self.arns = f"arn:{project.partition(settings.region)}"

    def name(self, thing: str) -> str:
        """`<prefix>-<lab>-<thing>`: the name of a resource in the account."""
        return f"{self.settings.prefix}-{self.lab}-{thing}"

    def arn(self, service: str, resource: str) -> str:
        """The ARN that a resource of this account and region has, known before the resource exists."""
        return f"{self.arns}:{service}:{self.settings.region}:{self.account}:{resource}"

    def publish(self, port: str, kind: str, **details: Any) -> None:
        """Publish where messages go in or results come out, as SSM parameter `/<prefix>/<lab>/<port>`.

        `kind` is the service behind the port (sqs, lambda ...), `details` what a client of it needs. An input says its
        `example`, the messages that the lab's page shows; what only a tool of the project fills says so, `filled_by`.
        """
        SsmParameter(
            self,
            f"port-{port}",
            name=f"/{self.settings.prefix}/{self.lab}/{port}",
            type="String",
            value=to_json({"kind": kind, **details}),
            # Written again when the answer to the first time is lost, where creating would fail. Whose lab it is was
            # asked before (scripts/kit/state.py).
            overwrite=True,
        )


def to_json(value: object) -> str:
    """JSON as AWS gives it back, without blanks: a plan would show any other form as a change."""
    return json.dumps(value, separators=(",", ":"))
