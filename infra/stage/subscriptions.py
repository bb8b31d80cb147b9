"""Recipients of the alarms of a stage: the e-mail addresses that the topic sends to."""

from __future__ import annotations

from typing import Any

from infra import clients

_PENDING = "PendingConfirmation"
"""In place of the ARN of a subscription whose address has not confirmed AWS's e-mail."""


def recipients(sns: Any, topic: str) -> dict[str, bool]:
    """Return whether each address has confirmed AWS's e-mail. Before that, it receives no alarm.

    Args:
        sns: boto3 client of SNS.
        topic: ARN of the topic of the alarms.
    """
    pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    return {each["Endpoint"]: each["SubscriptionArn"] != _PENDING for page in pages for each in page["Subscriptions"]}


def notes(sns: Any, topic: str) -> str:
    """Return a line about each address that receives no alarm yet, or about why this cannot be read."""
    try:
        addresses = recipients(sns, topic)
    except clients.ERRORS as error:
        return f"  note: whether the e-mail of the alarms is confirmed cannot be read: {clients.explain(error)}\n"
    return "".join(
        f"  note: {address} receives no alarm yet: confirm the e-mail that AWS sent there\n"
        for address, confirmed in addresses.items()
        if not confirmed
    )
