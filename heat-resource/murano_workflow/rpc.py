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

"""Calls to the workflow engine over the message bus.

Belongs here: the client, its settings, errors. Does not belong here: what a
resource does with the answers (workflow.py).

Nothing here waits longer than ``engine_timeout`` seconds, whatever the broker
or the engine do. The user's token stays in Heat: of the request's context the
engine gets the ids of user, project and request, for its records.
"""

import threading

from oslo_config import cfg
import oslo_messaging

from heat.common import exception
from heat.common.i18n import _
from heat.common import messaging

VERSION = '1.0'

opts = [
    cfg.StrOpt('topic',
               default='murano_workflow',
               help='Topic that the workflow engines serve.'),
    cfg.StrOpt('transport_url',
               secret=True,
               help='Broker of the workflow engines. Unset, it is the one '
                    'that Heat itself uses.'),
    cfg.IntOpt('engine_timeout',
               default=5, min=1, max=30,
               help='Seconds that one call to the engine may take.'),
    cfg.IntOpt('engine_patience',
               default=300, min=0,
               help='Seconds that a resource in progress puts up with an '
                    'engine that does not answer, before it fails. A '
                    'restart of the engine should fit into it.'),
]
GROUP = 'murano_workflow'


def register(conf=cfg.CONF):
    """Heat imports a plugin once, tests may do so more often."""
    conf.register_opts(opts, group=GROUP)
    return conf[GROUP]


class EngineUnavailable(exception.HeatException):
    msg_fmt = _('The workflow engine does not answer (%(reason)s). Check that '
                '"murano-workflow engine" runs and uses the same broker and '
                'control_exchange as Heat.')


class EngineRefused(exception.HeatException):
    """The engine understood, and says no. ``kind`` is one of its classes."""

    msg_fmt = _('%(message)s')

    def __init__(self, kind, message):
        super(EngineRefused, self).__init__(message=message)
        self.kind = kind


_lock = threading.Lock()
_transport = None


def _get_transport(url):
    """One transport of our own for the process, when a URL is set."""
    global _transport
    if not url:
        return messaging.TRANSPORT
    with _lock:
        if _transport is None:
            _transport = oslo_messaging.get_rpc_transport(cfg.CONF, url)
    return _transport


def _make_client(transport, target):
    # RPCClient itself warns since oslo.messaging 14.1.
    factory = getattr(oslo_messaging, 'get_rpc_client',
                      oslo_messaging.RPCClient)
    return factory(transport, target)


class Engine(object):
    """The engine, asked on behalf of one request."""

    def __init__(self, context):
        self._context = {'user_id': getattr(context, 'user_id', None),
                         'project_id': getattr(context, 'project_id', None),
                         'request_id': getattr(context, 'request_id', None)}

    def _prepared(self):
        conf = register()
        target = oslo_messaging.Target(topic=conf.topic, version=VERSION)
        client = _make_client(_get_transport(conf.transport_url), target)
        # One try to publish: a broker that is away must not hold a worker.
        return client.prepare(timeout=conf.engine_timeout, retry=1)

    def call(self, method, **args):
        """The answer.

        :raises EngineUnavailable: when none came; asked again, it may
        :raises EngineRefused: when it is a no
        """
        try:
            return self._prepared().call(self._context, method, **args)
        except oslo_messaging.RemoteError as error:
            if error.exc_type == 'Unavailable':
                raise EngineUnavailable(reason=error.value)
            raise EngineRefused(error.exc_type, error.value)
        except oslo_messaging.MessagingTimeout:
            reason = _('no answer in %d seconds') % register().engine_timeout
            raise EngineUnavailable(reason=reason)
        except oslo_messaging.MessageDeliveryFailure as error:
            raise EngineUnavailable(reason=str(error))

    def cast(self, method, **args):
        """Leaves a message for when the engine is back; no answer."""
        try:
            self._prepared().cast(self._context, method, **args)
        except oslo_messaging.MessageDeliveryFailure as error:
            raise EngineUnavailable(reason=str(error))
