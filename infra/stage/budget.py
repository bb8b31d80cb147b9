"""Monthly budget of a stage, made by the API of Budgets: CloudFormation has no budgets in half of the regions.

Budgets is one service for all regions of an account. Until version 2.0 a stack made the budget, under a name with the
region; the update of that stack deletes it.
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from infra.clients import ACCESS_DENIED, error_code
from infra.stage.names import APP, StageTarget

_NOTIFICATIONS = (("ACTUAL", 80), ("FORECASTED", 100))
"""Kind of the cost, and the percentage of the budget above which a message is published."""


def ensure_budget(client: Any, target: StageTarget, dollars: float, topic: str) -> str:
    """Create the budget of a stage, or set its amount. Delete it if the amount is 0.

    Args:
        client: boto3 client of Budgets.
        dollars: US dollars a month.
        topic: ARN of the SNS topic that receives the messages.

    Returns:
        A text about the budget.
    """
    if not dollars:
        return delete_budget(client, target)
    budget = {
        "BudgetName": target.name,
        "BudgetType": "COST",
        "TimeUnit": "MONTHLY",
        "BudgetLimit": {"Amount": f"{dollars:g}", "Unit": "USD"},
        # The tag must be activated for cost allocation (docs/operations.md).
        "CostFilters": {"TagKeyValue": [f"user:{APP}${target.stage}"]},
    }
    current = _limit(client, target)
    if current is None:
        notifications = [
            {
                "Notification": {
                    "NotificationType": kind,
                    "ComparisonOperator": "GREATER_THAN",
                    "Threshold": percentage,
                    "ThresholdType": "PERCENTAGE",
                },
                "Subscribers": [{"SubscriptionType": "SNS", "Address": topic}],
            }
            for kind, percentage in _NOTIFICATIONS
        ]
        client.create_budget(AccountId=target.account, Budget=budget, NotificationsWithSubscribers=notifications)
    elif current != dollars:
        client.update_budget(AccountId=target.account, NewBudget=budget)
    return f"budget of {dollars:g} dollars"


def delete_budget(client: Any, target: StageTarget) -> str:
    """Delete the budget of a stage, if it exists, and return a text about it.

    Credentials without a permission for budgets are no error: an account without access to billing has no budget.
    """
    try:
        client.delete_budget(AccountId=target.account, BudgetName=target.name)
    except ClientError as error:
        if error_code(error) in ACCESS_DENIED:
            return "no access to budgets"
        if error_code(error) != "NotFoundException":
            raise
        return "no budget"
    return "budget deleted"


def _limit(client: Any, target: StageTarget) -> float | None:
    """Return the amount of the budget of a stage, None if it does not exist."""
    try:
        budget = client.describe_budget(AccountId=target.account, BudgetName=target.name)["Budget"]
    except ClientError as error:
        if error_code(error) != "NotFoundException":
            raise
        return None
    return float(budget["BudgetLimit"]["Amount"])
