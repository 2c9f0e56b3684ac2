#!/usr/bin/python3
"""What the plugin declares, as JSON: properties, attributes and settings, for the test that compares the reference.

    describe_plugin.py PLUGIN_DIRECTORY
"""
import json
import sys

sys.path.insert(0, sys.argv[1])

from murano_workflow import agent  # noqa: E402
from murano_workflow import rpc  # noqa: E402
from murano_workflow import workflow  # noqa: E402


def described(schema):
    return {name: entry.description for name, entry in schema.items()}


resources = dict(workflow.resource_mapping(), **agent.resource_mapping())
print(json.dumps({
    'types': {name: {'properties': described(kind.properties_schema),
                     'attributes': described(kind.attributes_schema)} for name, kind in resources.items()},
    'settings': {opt.name: {'help': opt.help, 'default': opt.default} for opt in rpc.opts},
}))
