"""Resolves snippets by Heat's own library, without a stack.

Reads one JSON document from stdin: ``template``, ``parameters``, ``files``,
``snippets``. Writes a list: ``{"value": …}`` or ``{"error": …}`` for each.
"""

import json
import sys

from heat.common import identifier
from heat.engine import environment
from heat.engine import function
from heat.engine import template

given = json.load(sys.stdin)
env = environment.Environment({'parameters': given['parameters']})
parsed = template.Template(given['template'], files=given['files'], env=env)


class Stack(object):
    """As much of a stack as functions look at."""

    def __init__(self, parsed, env):
        self.t = parsed
        self.parameters = parsed.parameters(
            identifier.HeatIdentifier('project', 'prod', 'id'),
            env.params, param_defaults=env.param_defaults)


stack = Stack(parsed, env)


def resolved(snippet):
    try:
        return {'value': function.resolve(parsed.parse(stack, snippet))}
    except Exception as error:
        return {'error': str(error)}


json.dump([resolved(one) for one in given['snippets']], sys.stdout)
