"""The operator door held against docs/api/operator.yaml: what is in the one is in the other, and each answer is valid."""

import re

import jsonschema
import yaml

from service import ROOT

API = ROOT / "docs/api/operator.yaml"


def nullable(schema):
    """OpenAPI 3.0 says nullable where JSON Schema has a type more."""
    if isinstance(schema, list):
        return [nullable(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    out = {key: nullable(value) for key, value in schema.items() if key != "nullable"}
    if schema.get("nullable") is True:
        out["type"] = [out["type"], "null"]
    return out


class Contract:
    def __init__(self):
        self.api = nullable(yaml.safe_load(API.read_text()))
        self.seen = set()  # (method, path, status)

    def declared(self):
        return {(method.upper(), path, status) for path, item in self.api["paths"].items()
                for method, operation in item.items() if method in ("get", "post")
                for status in operation["responses"]}

    def routes(self):
        return {(method, path) for method, path, _ in self.declared()}

    def path_of(self, target):
        target = target.split("?")[0]
        exact = [path for path in self.api["paths"] if path == target]
        return (exact or [path for path in self.api["paths"]
                          if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", path), target)] or [None])[0]

    def wrong(self, method, target, answer):
        """What of the answer the file does not allow; empty: nothing."""
        path = self.path_of(target)
        operation = self.api["paths"].get(path, {}).get(method.lower())
        if operation is None:  # as between GET and POST of /v1/policies/check
            path = next((path for path, item in self.api["paths"].items() if method.lower() in item and
                         re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", path), target.split("?")[0])), None)
            operation = self.api["paths"].get(path, {}).get(method.lower())
        if operation is None:
            return f"{method} {target} is not in the file"
        status = str(answer.status)
        if status not in operation["responses"]:
            return f"{method} {path} answered {status}, which is not in the file: {answer.body[:200]} {answer.text}"
        self.seen.add((method, path, status))
        response = operation["responses"][status]["$ref"].split("/")[-1]
        schema = dict(self.api["components"]["responses"][response]["content"]["application/json"]["schema"],
                      components=self.api["components"])
        try:
            jsonschema.Draft4Validator(schema).validate(answer.json)
        except (jsonschema.ValidationError, ValueError) as error:
            return f"{method} {path} {status}: {str(error)[:300]}"
        return ""
