"""A private, encrypted S3 bucket that `cdktf destroy` removes with all it holds."""

from cdktf_cdktf_provider_aws.s3_bucket import S3Bucket
from cdktf_cdktf_provider_aws.s3_bucket_policy import S3BucketPolicy
from cdktf_cdktf_provider_aws.s3_bucket_public_access_block import S3BucketPublicAccessBlock
from cdktf_cdktf_provider_aws.s3_bucket_server_side_encryption_configuration import (
    S3BucketServerSideEncryptionConfigurationA as Encryption,
)
from cdktf_cdktf_provider_aws.s3_bucket_server_side_encryption_configuration import (
    S3BucketServerSideEncryptionConfigurationRuleA as EncryptionRule,
)
from cdktf_cdktf_provider_aws.s3_bucket_server_side_encryption_configuration import (
    S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultA as EncryptionDefault,
)
from constructs import Construct

from stacks.blocks.role import ExecutionRole, allow, policy_document
from stacks.lab import LabStack


class Bucket(Construct):
    """Nothing public, encryption on, TLS only (Amazon S3 User Guide, "Security best practices")."""

    def __init__(self, lab: LabStack, id: str) -> None:
        super().__init__(lab, id)
        # Bucket names are one namespace for all accounts.
        self.name = f"{lab.name(id)}-{lab.account}-{lab.settings.region}"
        self.resource = S3Bucket(self, "bucket", bucket=self.name, force_destroy=True)
        block = S3BucketPublicAccessBlock(
            self,
            "public-access-block",
            bucket=self.resource.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
        )
        default = EncryptionDefault(sse_algorithm="AES256")
        rule = EncryptionRule(apply_server_side_encryption_by_default=default, bucket_key_enabled=True)
        Encryption(self, "encryption", bucket=self.resource.id, rule=[rule])
        insecure = {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [self.resource.arn, f"{self.resource.arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        # S3 refuses two changes of a bucket's access at the same time.
        S3BucketPolicy(self, "tls-only", bucket=self.resource.id, policy=policy_document(insecure), depends_on=[block])

    def grant_read(self, role: ExecutionRole) -> None:
        """Allow the role to read the objects, and to be told that there is none.

        To who may not list the bucket, S3 says of a missing object that it is forbidden (API reference, GetObject).
        """
        read = allow(["s3:GetObject"], f"{self.resource.arn}/*")
        role.grant(f"read-from-{self.node.id}", read, allow(["s3:ListBucket"], self.resource.arn))

    def grant_write(self, role: ExecutionRole) -> None:
        """Allow the role to store objects."""
        role.grant(f"write-to-{self.node.id}", allow(["s3:PutObject"], f"{self.resource.arn}/*"))
