"""Where a tool works: an account and region of AWS, or the local engine; never one in place of the other."""

import argparse
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import project

if TYPE_CHECKING:
    import boto3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options by which a user chooses the target."""
    group = parser.add_argument_group("target")
    group.add_argument("--local", action="store_true", help="the local engine, never AWS")
    group.add_argument("--profile", help="profile of the AWS configuration, as in the AWS CLI")
    group.add_argument("--region", help="AWS region (default: AWS_REGION, then the project's)")


@dataclass(frozen=True)
class Target:
    """An endpoint, a region, and credentials that belong to them.

    `local` means the local engine by the user's own word: then no credentials of theirs are even looked at.
    """

    local: bool
    endpoint: str | None
    region: str
    prefix: str
    profile: str | None = None

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> "Target":
        """The target that the options and the environment name. Raises project.ProjectError."""
        context = project.context()
        return cls(
            local=arguments.local,
            endpoint=project.local_endpoint() if arguments.local else project.endpoint(),
            region=arguments.region or project.region(context),
            prefix=str(context["prefix"]),
            profile=arguments.profile,
        )

    def __str__(self) -> str:
        return f"{self.endpoint} ({self.region})" if self.endpoint else f"AWS ({self.region})"

    @cached_property
    def session(self) -> "boto3.Session":
        """A session whose credentials have passed the guard. Raises project.ProjectError when they do not."""
        import boto3

        if self.local:
            credentials = project.emulator_credentials()
            return boto3.Session(
                region_name=self.region,
                aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
            )
        session = boto3.Session(region_name=self.region, profile_name=self.profile)
        found = session.get_credentials()
        project.guard(self.endpoint, found.access_key if found else None)
        return session

    def client(self, service: str) -> Any:
        """A client of an AWS service at this target."""
        return self.session.client(service, endpoint_url=self.endpoint, config=self._config)

    def resource(self, service: str) -> Any:
        """The same as a resource, which for DynamoDB speaks in Python's own types."""
        return self.session.resource(service, endpoint_url=self.endpoint, config=self._config)

    @property
    def _config(self) -> Any:
        from botocore.config import Config

        return Config(
            connect_timeout=3 if self.endpoint else 10,
            retries={"mode": "standard", "total_max_attempts": 2 if self.endpoint else 4},
            # Service-specific addresses in the user's AWS configuration must not lead elsewhere.
            ignore_configured_endpoint_urls=True,
            # Some operations go to another host, such as sync-states..., which an endpoint of one's own has not.
            inject_host_prefix=not self.endpoint,
            # What is on this machine is asked directly; None stands for the proxies of the environment.
            proxies={} if self.endpoint and project.is_loopback(self.endpoint) else None,
        )
