"""The monthly budget of a stage, against moto."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from infra import cli
from infra.stage.budget import delete_budget, ensure_budget
from infra.stage.names import StageTarget
from local import moto_state
from tests.support.deploying import Account, budgets
from tests.support.stage_command import dependencies

TARGET = StageTarget("dev", moto_state.ACCOUNT, "eu-north-1")
TOPIC = "arn:aws:sns:eu-north-1:123456789012:b3-dataflow-alarms-dev"


@pytest.fixture
def client(account: Account) -> Any:
    return boto3.client("budgets")


def test_the_budget_filters_by_the_tag_of_the_stage_and_notifies_the_topic(client: Any):
    assert ensure_budget(client, TARGET, 5, TOPIC) == "budget of 5 dollars"

    (budget,) = client.describe_budgets(AccountId=moto_state.ACCOUNT)["Budgets"]
    assert budget["BudgetName"] == "b3-dataflow-dev"
    assert (budget["BudgetType"], budget["TimeUnit"]) == ("COST", "MONTHLY")
    assert (float(budget["BudgetLimit"]["Amount"]), budget["BudgetLimit"]["Unit"]) == (5, "USD")
    assert budget["CostFilters"] == {"TagKeyValue": ["user:b3-dataflow$dev"]}
    notifications = budgets()["b3-dataflow-dev"].notifications
    assert [(each.details["NotificationType"], each.details["Threshold"]) for each in notifications] == [
        ("ACTUAL", 80),
        ("FORECASTED", 100),
    ]
    assert all(each.subscribers == [{"SubscriptionType": "SNS", "Address": TOPIC}] for each in notifications)


def test_the_amount_is_set_and_zero_deletes_the_budget(account: Account, client: Any):
    for dollars in (5, 5, 9):
        ensure_budget(client, TARGET, dollars, TOPIC)
    assert [call for call in account.calls if call.startswith("budgets")] == [
        "budgets CreateBudget",
        "budgets UpdateBudget",
    ]
    (budget,) = client.describe_budgets(AccountId=moto_state.ACCOUNT)["Budgets"]
    assert float(budget["BudgetLimit"]["Amount"]) == 9

    assert ensure_budget(client, TARGET, 0, TOPIC) == "budget deleted"
    assert ensure_budget(client, TARGET, 0, TOPIC) == "no budget"
    assert budgets() == {}


def test_without_access_to_billing_only_a_budget_is_an_error(account: Account, client: Any):
    account.denied_calls |= {"budgets DescribeBudget", "budgets DeleteBudget"}

    assert delete_budget(client, TARGET) == "no access to budgets"
    with pytest.raises(ClientError):
        ensure_budget(client, TARGET, 5, TOPIC)


def test_a_deploy_names_budget_0_as_the_way_out(account: Account, root: Path, capsys: Any):
    account.denied_calls |= {"budgets DescribeBudget", "budgets DeleteBudget"}
    assert cli.main(["deploy", "--stage", "dev", "--yes"], dependencies(root)) == 1

    output = capsys.readouterr()
    assert "; a monthly budget\n" in output.out
    assert output.err.endswith(
        "error: these credentials do not allow budgets:DescribeBudget: add it to their policy and repeat the command, "
        "or use BUDGET=0 for no budget\n"
    )

    assert cli.main(["deploy", "--stage", "dev", "--yes", "--budget", "0"], dependencies(root)) == 0
    output = capsys.readouterr()
    assert "; no budget (BUDGET=0)\n" in output.out
    assert "b3-dataflow-main-dev updated, no access to budgets\n" in output.out
