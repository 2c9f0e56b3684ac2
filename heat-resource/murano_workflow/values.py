#    Licensed under the Apache License, Version 2.0 (the "License"); you may
#    not use this file except in compliance with the License. You may obtain
#    a copy of the License at
#
#         http://www.apache.org/licenses/LICENSE-2.0
#
#    Unless required by applicable law or agreed to in writing, software
#    distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
#    WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
#    License for the specific language governing permissions and limitations
#    under the License.

"""Values of a template as the engine takes them, and its answers as sentences.

Belongs here: plain values in, plain values or an error out. Does not belong
here: the life cycle of the resource (workflow.py).
"""

from heat.common import exception
from heat.common.i18n import _


def summary(details):
    """What was said, without the data: that may be secret."""
    said = [(key, value) for key, value in (details or {}).items()
            if key not in ('data', 'outputs', 'inputs')]
    return ', '.join('%s %s' % pair for pair in said)


def describe(status):
    reason = status['reason'] or status['status']
    if status['status'] == 'held':
        return _('held: %s') % reason
    return reason


def raise_doubts(status):
    """What a check found, the states by their names."""
    check = status['check']
    if check['stopped']:
        raise exception.Error(_('The check was given up: %s. Check it again.')
                              % check['stopped'])
    if status['status'] != 'complete':
        raise exception.Error(describe(status))
    if check['doubts']:
        raise exception.Error(_('%s. An update of the stack runs it '
                                'again.') % '; '.join(check['doubts']))


def raise_problems(answer):
    """Every error of the definition, in one message."""
    if answer.get('valid', True):
        return
    texts = [problem['text'] for problem in answer['problems']]
    raise exception.StackValidationFailed(
        error=_('The workflow cannot be used'), message='\n'.join(texts))


def is_resolved(value):
    """False where something in it is still another resource's to give."""
    if isinstance(value, dict):
        return all(is_resolved(item) for item in value.values())
    if isinstance(value, list):
        return all(is_resolved(item) for item in value)
    return value is not None


def known(inputs):
    """Inputs whose values are known, and the names of the others."""
    inputs = inputs or {}
    known = {name: value for name, value in inputs.items()
             if is_resolved(value)}
    return known, sorted(set(inputs) - set(known))


def given(inputs):
    """All of them, once the values are known: a hole inside one is its own.

    One that is null as a whole is one that was not given, as where Heat's
    parameters and attributes have no value.
    """
    return {name: value for name, value in (inputs or {}).items()
            if value is not None}


def operations(given):
    return [{'operation': one['operation'], 'id': one['id'],
             'inputs': one.get('inputs') or {}} for one in given or []]


def raise_failed_operation(status, of):
    for one in status.get('operations', ()):
        if one['id'] == of and one['status'] != 'done':
            raise exception.Error(
                _('The operation %(operation)s, %(id)s, is %(status)s: '
                  '%(reason)s') % one)


def texts(files):
    return {name: str(text) for name, text in (files or {}).items()
            if text is not None}
