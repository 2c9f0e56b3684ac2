#!/usr/bin/python3
"""Asks the engine by the plugin's own client, as heat-engine does, and prints what came of it and after how many seconds.

    ask_engine.py PLUGIN_DIRECTORY TRANSPORT_URL METHOD [NAME=VALUE…]
"""
import json
import os
import sys
import time
from unittest import mock

sys.path.insert(0, sys.argv[1])

import oslo_messaging  # noqa: E402
from oslo_config import cfg  # noqa: E402

from murano_workflow import rpc  # noqa: E402


def main(url, method, *arguments):
    cfg.CONF([])
    oslo_messaging.set_transport_defaults('heat')
    rpc.register()
    cfg.CONF.set_override('transport_url', url, group=rpc.GROUP)
    began = time.time()
    try:
        answer = rpc.Engine(mock.Mock(user_id='u', project_id='p', request_id='r')).call(
            method, **dict(argument.split('=', 1) for argument in arguments))
        said = {'answer': answer}
    except rpc.EngineUnavailable as error:
        said = {'unavailable': str(error)}
    except rpc.EngineRefused as error:
        said = {'refused': error.kind}
    print(json.dumps(dict(said, seconds=time.time() - began)))
    sys.stdout.flush()
    # In order, it would wait for the request that is left behind.
    os._exit(0)


if __name__ == '__main__':
    main(*sys.argv[2:])
