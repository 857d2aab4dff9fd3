"""Who may ask what, as the manifests have it."""

from collections.abc import Sequence
from typing import Any


class Rights:
    """The service accounts, roles and bindings among these manifests."""

    def __init__(self, manifests: Sequence[dict[str, Any]]) -> None:
        self._accounts = {_name(m) for m in manifests if m["kind"] == "ServiceAccount"}
        roles = {_name(m): m["rules"] for m in manifests if m["kind"] == "Role"}
        self._rules: dict[str, list[dict[str, list[str]]]] = {}
        for binding in manifests:
            if binding["kind"] == "RoleBinding":
                for subject in binding["subjects"]:
                    self._rules.setdefault(subject["name"], []).extend(roles[binding["roleRef"]["name"]])

    def known(self, account: str) -> bool:
        return account in self._accounts

    def may(self, account: str, verb: str, group: str, resource: str) -> bool:
        return any(
            group in rule["apiGroups"] and resource in rule["resources"] and verb in rule["verbs"]
            for rule in self._rules.get(account, ())
        )


def _name(manifest: dict[str, Any]) -> str:
    name: str = manifest["metadata"]["name"]
    return name
