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

"""A resource that is updated, operated, suspended, checked and deleted.

Belongs here: what each handler sends and awaits, with an engine that is
scripted. Does not belong here: patience and bounds (test_polling.py), whole
stacks (test/heat of the project).
"""

import unittest
from unittest import mock

from heat.common import exception
from heat.engine import resource

from murano_workflow import rpc
from murano_workflow import workflow
from murano_workflow.tests.support import ABSENT
from murano_workflow.tests.support import RUNNING
from murano_workflow.tests.support import Scripted
from murano_workflow.tests.support import Workflow
from murano_workflow.tests.support import sent
from murano_workflow.tests.support import status


class OperationsTest(unittest.TestCase):

    complete = status(status='complete', over=True)

    def _ended(self, *ends):
        return status(status='complete', over=True, operations=[
            {'id': of, 'operation': 'backup', 'status': end, 'reason': why}
            for of, end, why in ends])

    def _asked(self, *answers, **before):
        engine = Scripted(*answers)
        flow = Workflow(engine)
        flow.properties['operations'] = before.get('before', [])
        props = dict(flow.properties, operations=[
            {'operation': 'backup', 'id': of, 'inputs': None}
            for of in before['ids']])
        request = sent()
        request.then = flow._operations(props)
        return flow, request, engine

    def test_runs_those_that_are_new_one_after_the_other(self):
        flow, request, engine = self._asked(
            self.complete,
            {}, status(),
            self._ended(('a', 'done', '')),
            {}, self._ended(('a', 'done', ''), ('b', 'done', '')),
            ids=('old', 'a', 'b'),
            before=[{'operation': 'backup', 'id': 'old', 'inputs': {}}])
        for turn in range(3):
            self.assertRaises(resource.PollDelay, flow.check_update_complete,
                              request)
        self.assertTrue(flow.check_update_complete(request))
        self.assertEqual(['a', 'b'], [args['id'] for method, args
                                      in engine.calls if method == 'operate'])

    def test_one_that_fails_fails_the_update(self):
        flow, request, _engine = self._asked(
            self.complete,
            {}, self._ended(('a', 'failed', 'no room')),
            ids=('a', 'b'))
        self.assertRaises(resource.PollDelay, flow.check_update_complete,
                          request)
        self.assertRaisesRegex(exception.Error, 'backup, a, is failed: no ro',
                               flow.check_update_complete, request)


class Suspend(unittest.TestCase):

    def test_waits_until_nothing_runs_any_more(self):
        runs = status(suspended='heat user u')
        flow = Workflow(Scripted({'after': 7}, runs, dict(runs, at_rest=True)))
        request = flow.handle_suspend()
        self.assertEqual('suspend', flow.engine().calls[0][0])
        self.assertRaises(resource.PollDelay, flow.check_suspend_complete,
                          request)
        self.assertTrue(flow.check_suspend_complete(request))
        self.assertEqual(7, flow.engine().calls[1][1]['after'])

    def test_fails_where_somebody_let_it_go_on(self):
        flow = Workflow(Scripted({}, status(at_rest=True)))
        request = flow.handle_suspend()
        with self.assertRaisesRegex(exception.Error, 'Suspend it again'):
            flow.check_suspend_complete(request)

    def test_is_sent_again_under_the_same_id(self):
        rests = status(suspended='heat user u', at_rest=True)
        flow = Workflow(Scripted(ABSENT, {}, rests))
        request = flow.handle_suspend()
        self.assertTrue(flow.check_suspend_complete(request))
        first, second = flow.engine().calls[:2]
        self.assertEqual(first, second)

    def test_a_resume_is_done_once_the_engine_has_taken_it(self):
        flow = Workflow(Scripted(ABSENT, {}))
        request = flow.handle_resume()
        self.assertTrue(flow.check_resume_complete(request))
        self.assertEqual(['resume', 'resume'],
                         [method for method, _ in flow.engine().calls])


class CheckTest(unittest.TestCase):

    CHECKING = dict(RUNNING, status='checking')
    SOUND = dict(RUNNING, status='complete', over=True)

    def test_asks_for_it_and_waits_until_it_has_ended(self):
        engine = Scripted(self.SOUND, {'after': 3}, self.CHECKING, self.SOUND)
        flow = Workflow(engine, timeout=100)
        request = flow.handle_check()
        method, args = engine.calls[1]
        self.assertEqual(('check', 80), (method, args['deadline']))
        self.assertRaises(resource.PollDelay, flow.check_check_complete,
                          request)
        self.assertTrue(flow.check_check_complete(request))
        self.assertEqual(4, len(engine.calls))

    def test_names_what_is_in_doubt(self):
        found = dict(self.SOUND, check={
            'stopped': '', 'doubts': ['db[0].up on db-0 has drifted']})
        flow = Workflow(Scripted(self.SOUND, {}, found))
        with self.assertRaisesRegex(exception.Error, 'db-0 has drifted'):
            flow.check_check_complete(flow.handle_check())

    def test_fails_where_it_was_given_up_or_the_workflow_failed(self):
        given_up = dict(self.SOUND,
                        check={'stopped': 'update by bob', 'doubts': []})
        flow = Workflow(Scripted(self.SOUND, {}, given_up))
        with self.assertRaisesRegex(exception.Error, 'update by bob'):
            flow.check_check_complete(flow.handle_check())
        failed = status(status='failed', over=True, reason='a failed')
        with self.assertRaisesRegex(exception.Error, 'a failed'):
            Workflow(Scripted(failed)).handle_check()

    def test_never_takes_longer_than_ten_minutes(self):
        engine = Scripted(self.SOUND, {})
        Workflow(engine, timeout=36000).handle_check()
        self.assertEqual(600, engine.calls[1][1]['deadline'])


class DeleteTest(unittest.TestCase):

    def test_is_done_when_the_engine_no_longer_knows_it(self):
        gone = rpc.EngineRefused('NotFound', 'There is no workflow.')
        flow = Workflow(Scripted({}, gone))
        self.assertTrue(flow.check_delete_complete(flow.handle_delete()))

    def test_leaves_word_where_the_engine_never_accepted(self):
        engine = Scripted(ABSENT)
        flow = Workflow(engine, accepted=False)
        self.assertTrue(flow.check_delete_complete(flow.handle_delete()))
        self.assertEqual('delete', engine.casts[0][0])
        self.assertEqual(engine.calls[0][1], engine.casts[0][1])

    def test_awaits_the_undo_of_what_was_taken_though_heat_never_heard(self):
        engine = Scripted({}, status(status='deleting'))
        flow = Workflow(engine, accepted=False)
        request = flow.handle_delete()
        self.assertRaises(resource.PollDelay, flow.check_delete_complete,
                          request)
        self.assertEqual([], engine.casts)

    def test_abandons_though_no_engine_answers(self):
        engine = Scripted(ABSENT)
        flow = Workflow(engine, on_delete='abandon')
        self.assertTrue(flow.check_delete_complete(flow.handle_delete()))
        self.assertTrue(engine.casts[0][1]['abandon'])

    def test_fails_with_the_reason_of_an_undo_that_failed(self):
        failed = status(status='delete_failed', over=True, reason='undo of a')
        flow = Workflow(Scripted({}, failed))
        self.assertRaisesRegex(exception.Error, 'undo of a',
                               flow.check_delete_complete,
                               flow.handle_delete())

    def test_does_nothing_for_what_was_never_created(self):
        flow = Workflow(Scripted())
        flow.resource_id = None
        self.assertTrue(flow.check_delete_complete(flow.handle_delete()))

    def test_abandons_when_told_so(self):
        engine = Scripted({})
        Workflow(engine, on_delete='abandon').handle_delete()
        self.assertTrue(engine.calls[0][1]['abandon'])


class CredentialTest(unittest.TestCase):

    right = {'id': 'c1', 'secret': 'very-secret'}

    def test_it_goes_with_a_delete(self):
        engine = Scripted({})
        flow = Workflow(engine)
        flow.properties['credential'] = dict(self.right)
        flow.handle_delete()
        self.assertEqual(self.right, engine.calls[0][1]['credential'])

    def test_that_of_an_update_goes_with_a_delete_though_it_failed(self):
        newer = {'id': 'c2', 'secret': 'other'}
        engine = Scripted({})
        flow = Workflow(engine)
        flow.properties['credential'] = dict(self.right)
        kept = []
        flow.data_set = lambda key, value, redact=False: (
            flow._data.update({key: value}), kept.append((key, redact)))
        flow._keep_right({'credential': dict(self.right)})
        self.assertEqual([], kept)
        flow._keep_right({'credential': newer})
        self.assertEqual([('credential', True)], kept)
        flow.handle_delete()
        self.assertEqual(newer, engine.calls[0][1]['credential'])
        flow._keep_right({'credential': None})
        self.assertEqual({}, flow._right_now())

    def test_none_is_sent_where_none_is_given(self):
        engine = Scripted({})
        Workflow(engine).handle_delete()
        self.assertNotIn('credential', engine.calls[0][1])


class PolicyTest(unittest.TestCase):

    failed = status(status='failed', over=True, reason='web[1] exited 3')
    taken = {'valid': True, 'after': 3, 'taken': True}

    def update(self, flow, on_delete, prop_diff):
        after = mock.Mock()
        after.properties.return_value = {
            'operations': [],
            'definition': {}, 'files': {}, 'inputs': {}, 'members': {},
            'credential': None, 'hold_in_heat': 600,
            'on_delete': on_delete}
        flow.context = None
        return flow.handle_update(after, {}, prop_diff)

    def test_a_failed_workflow_is_not_resumed_to_be_abandoned(self):
        engine = Scripted(self.failed, {})
        flow = Workflow(engine)
        with self.assertRaisesRegex(exception.Error, 'abandon from now on'):
            self.update(flow, 'abandon', {'on_delete': 'abandon'})
        flow.handle_delete()
        self.assertEqual(['status', 'delete'],
                         [method for method, _args in engine.calls])
        self.assertTrue(engine.calls[1][1]['abandon'])

    def test_another_update_lets_it_go_on(self):
        # The update failed: for Heat the policy is still another one.
        engine = Scripted(self.failed, self.taken)
        flow = Workflow(engine)
        diff = {'on_delete': 'abandon'}
        self.assertRaises(exception.Error, self.update, flow, 'abandon', diff)
        self.assertTrue(self.update(flow, 'abandon', diff).sent)

    def test_what_runs_is_taken_over_as_ever(self):
        engine = Scripted(status(), self.taken)
        flow = Workflow(engine)
        self.assertTrue(
            self.update(flow, 'abandon', {'on_delete': 'abandon'}).sent)

    def test_a_failed_one_goes_on_where_more_is_said_anew(self):
        engine = Scripted(self.taken)
        flow = Workflow(engine)
        self.assertTrue(self.update(
            flow, 'abandon', {'on_delete': 'abandon', 'hold_in_heat': 1}).sent)


class ReplaceTest(unittest.TestCase):

    def replaced(self, *answers, **how):
        flow = Workflow(Scripted(*answers), **how)
        flow.action = 'CREATE'
        return flow.needs_replace_failed()

    def test_never_what_can_go_on(self):
        self.assertFalse(self.replaced(status(status='failed', over=True)))
        self.assertFalse(self.replaced(ABSENT))
        self.assertFalse(self.replaced(accepted=False))

    def test_what_is_gone_or_half_deleted(self):
        self.assertTrue(self.replaced(rpc.EngineRefused('NotFound', 'x')))
        flow = Workflow(Scripted())
        flow.action = 'DELETE'
        self.assertTrue(flow.needs_replace_failed())
