#!/usr/bin/python3
"""Makes Keystone's tables, keys and admin in one process.

Four calls of keystone-manage would each import all of Keystone again, about two seconds a time.

    keystone_setup.py CONFIGURATION PASSWORD PUBLIC_URL
"""
import sys

import keystone.conf
import pbr.version
from keystone.cmd import cli
from keystone.common import sql

CONF = keystone.conf.CONF


def commands(password, url):
    owner = ['--keystone-user', 'root', '--keystone-group', 'root']
    yield ['db_sync']
    yield ['fernet_setup'] + owner
    yield ['credential_setup'] + owner
    yield ['bootstrap', '--bootstrap-password', password, '--bootstrap-region-id', 'RegionOne',
           '--bootstrap-public-url', url, '--bootstrap-internal-url', url, '--bootstrap-admin-url', url]


def main(configuration, password, url):
    CONF.register_cli_opt(cli.command_opt)
    keystone.conf.configure()
    sql.initialize()
    keystone.conf.set_default_for_default_log_levels()
    version = pbr.version.VersionInfo('keystone').version_string()
    for command in commands(password, url):
        CONF(args=['--config-file', configuration] + command, project='keystone', version=version)
        CONF.command.cmd_class.main()


if __name__ == '__main__':
    main(*sys.argv[1:])
