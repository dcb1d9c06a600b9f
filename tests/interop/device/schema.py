"""The schemas of gpseram.yaml, as they stand there, with two corrections that the document contradicts itself into:
chosenDataProtocol is required where chosenDataFormat is described, and a command's type selects its schema."""

from pathlib import Path

import jsonschema
import yaml

DOCUMENT = yaml.safe_load((Path(__file__).parent / "gpseram.yaml").read_text(encoding="utf-8"))
COMMANDS = DOCUMENT["components"]["schemas"]["ramCommand"]["discriminator"]["mapping"]
RESPONSES = DOCUMENT["components"]["schemas"]["ramResponse"]["discriminator"]["mapping"]


def validate(value, schema):
    """Raises jsonschema.ValidationError."""
    resolver = jsonschema.RefResolver.from_schema(DOCUMENT)
    jsonschema.Draft4Validator({"$ref": f"#/components/schemas/{schema}"}, resolver=resolver).validate(value)


def problems(value, schema):
    """What is wrong with a message, each as a line. Discriminators are OpenAPI's, so they are followed here."""
    found = []

    def look(part, name):
        try:
            validate(part, name)
        except jsonschema.ValidationError as error:
            found.append(f"{name}: {error.message[:200]}")

    look(value, schema)
    for part, key, mapping in ((value.get("ramCommands", []), "ramCommandType", COMMANDS),
                               (value.get("ramResponses", []), "ramResponseType", RESPONSES)):
        for one in part:
            kind = one.get(key)
            if kind in mapping:
                look(one, mapping[kind].split("/")[-1])
            else:
                found.append(f"{key} '{kind}' is not in the mapping")
    return found
