"""A Lambda function with its code, role and log group."""

from collections.abc import Mapping
from typing import Any

from cdktf import DataResource, LocalExecProvisioner
from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktf_cdktf_provider_aws.lambda_function import LambdaFunction, LambdaFunctionEnvironment
from constructs import Construct

from stacks.blocks.code import LAMBDA_DIR, RUNTIME, Code, pack
from stacks.blocks.role import ExecutionRole, allow
from stacks.lab import LabStack

LOG_RETENTION_DAYS = 14
#: How long a log group outlives its function at a destroy. Lambda delivers logs within some seconds ("Monitoring,
#: debugging, and troubleshooting", not a promise); the local engine at once.
LAST_LINES_S, LAST_LINES_LOCAL_S = 15, 1


class Function(Construct):
    """A Python function from `lambda/<lab>/`, with the shared layer, explicit limits and logs that end with the lab.

    `module` is the file that holds `lambda_handler`; `timeout_s` and `memory_mb` are AWS's units. The environment
    comes from the stack alone.
    """

    def __init__(
        self,
        lab: LabStack,
        id: str,
        *,
        module: str = "handler",
        environment: Mapping[str, str],
        timeout_s: int = 10,
        memory_mb: int = 256,
    ) -> None:
        super().__init__(lab, id)
        self.lab = lab
        self.name = lab.name(id)
        self.timeout_s = timeout_s
        self.role = ExecutionRole(lab, f"{id}-role", name=self.name, service="lambda.amazonaws.com")
        log_group = f"/aws/lambda/{self.name}"
        self.logs = CloudwatchLogGroup(self, "logs", name=log_group, retention_in_days=LOG_RETENTION_DAYS)
        self.role.grant("write-logs", allow(["logs:CreateLogStream", "logs:PutLogEvents"], f"{self.logs.arn}:*"))
        code = Code.of(lab)
        zip = pack(LAMBDA_DIR / lab.lab)
        object = code.upload("functions", zip)
        self.resource = LambdaFunction(
            self,
            "Default",
            function_name=self.name,
            runtime=RUNTIME,
            handler=f"{module}.lambda_handler",
            s3_bucket=object.bucket,
            s3_key=object.key,
            source_code_hash=zip.sha256_base64,
            layers=[code.layer.arn],
            role=self.role.arn,
            timeout=timeout_s,
            memory_size=memory_mb,
            environment=LambdaFunctionEnvironment(
                variables={"POWERTOOLS_SERVICE_NAME": lab.lab, "POWERTOOLS_LOG_LEVEL": "INFO", **environment}
            ),
            # Lambda would create the log group itself, without retention, and `cdktf destroy` would leave it.
            depends_on=[self._last_lines()],
        )

    def _last_lines(self) -> DataResource:
        """A pause between the end of the function and that of its log group.

        Lambda writes a function's last lines after it is gone, and where its role may, makes the log group again, which
        would be in the way of the next deployment. Costs nothing but at a destroy.
        """
        command = f'[ -n "$AWS_ENDPOINT_URL" ] && sleep {LAST_LINES_LOCAL_S} || sleep {LAST_LINES_S} || true'
        pause = LocalExecProvisioner(type="local-exec", when="destroy", command=command)
        return DataResource(self, "last-lines", provisioners=[pause], depends_on=[self.logs])

    def publish(self, port: str, **details: Any) -> None:
        """Publish the function as a port of the lab: what is sent there invokes it."""
        self.lab.publish(port, "lambda", function=self.name, **details)
