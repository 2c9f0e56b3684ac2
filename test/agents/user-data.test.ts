// Behaviour of user data: what a VM reads out of it, that cloud-init itself takes it, and that it never changes.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { type AgentConfig, decodeConfig } from '../../agent-protocol/enrolment/config.ts';
import { newSigningKey, publicKeyText } from '../../agent-protocol/signing.ts';
import { EngineError } from '../../engine/base/errors.ts';
import { renderUserData } from '../../engine/agents/user-data/index.ts';
import { needs } from '../support/needs.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const run = promisify(execFile);
const config: AgentConfig = {
  version: 1,
  agent: 'a3f1',
  broker: { urls: ['amqps://broker.example:5671/agents'], ca: '-----BEGIN CERTIFICATE-----\nÄ: "x"\n' },
  enrol: { user: 'enrol.a3f1', password: 'a-password-that-is-long' },
  token: 'a-token-that-is-long-enough',
  root_key: publicKeyText(newSigningKey().publicKey),
};
const configIn = (base64: string | undefined): unknown => decodeConfig(Buffer.from(base64 ?? '', 'base64'));

/** What cloud-init itself makes of it: its parts, and the one document that they are merged to. */
const CLOUD_INIT = `
import json, sys
from cloudinit import helpers, user_data, settings
from cloudinit.handlers.cloud_config import CloudConfigPartHandler
from cloudinit import handlers, util
paths = helpers.Paths({'cloud_dir': sys.argv[2], 'run_dir': sys.argv[2]})
message = user_data.UserDataProcessor(paths).process(util.load_file(sys.argv[1], decode=False))
handler = CloudConfigPartHandler(paths)
handler.cloud_fn = sys.argv[2] + '/merged'
types = []
handler.handle_part(None, handlers.CONTENT_START, None, None, None, None)
for part in message.walk():
    if part.is_multipart(): continue
    types.append(part.get_content_type())
    if part.get_content_type() == 'text/cloud-config':
        text = util.fully_decoded_payload(part)
        handler.handle_part(None, part.get_content_type(), part.get_filename(), text, None, dict(part.items()))
handler.handle_part(None, handlers.CONTENT_END, None, None, None, None)
print(json.dumps({'types': types, 'merged': util.load_yaml(util.load_file(handler.cloud_fn))}))
`;

interface Read {
  readonly types: readonly string[];
  readonly merged: {
    readonly write_files: readonly {
      readonly path: string;
      readonly content: string;
      readonly permissions: string;
    }[];
    readonly runcmd: readonly unknown[];
    readonly packages?: readonly string[];
  };
}

async function asCloudInit(text: string): Promise<Read> {
  const directory = await temporaryDirectory();
  const file = path.join(directory, 'user-data');
  await writeFile(file, text);
  const { stdout } = await run('/usr/bin/python3', ['-c', CLOUD_INIT, file, directory]);
  return JSON.parse(stdout.slice(stdout.indexOf('{'))) as Read;
}

const itWithCloudInit = (name: string, test: () => Promise<void>): void => {
  if (needs(existsSync('/usr/bin/cloud-init'), `user data: ${name}`, "Debian's package cloud-init"))
    it(name, test);
};

describe('user data', () => {
  it('holds the configuration, for its owner only, and starts the service: cloud-init', () => {
    const text = renderUserData('cloud-init', config);
    expect(text.split('\n')[0]).to.equal('#cloud-config');
    expect(configIn(/content: (\S+)/.exec(text)?.[1])).to.deep.equal({ config });
    expect(text).to.contain("permissions: '0600'").and.to.contain('murano-workflow-agent.service');
  });

  it('holds the same for Windows: cloudbase-init runs it as PowerShell', () => {
    const text = renderUserData('cloudbase-init', config);
    expect(text.split('\r\n')[0]).to.equal('#ps1_sysnative');
    expect(configIn(/\$text = '([A-Za-z0-9+/=]+)'/.exec(text)?.[1])).to.deep.equal({ config });
    expect(text).to.contain("'C:\\ProgramData\\murano-workflow\\agent.json'");
    expect(text)
      .to.match(/icacls.*inheritance:r/)
      .and.to.contain("Start-Service -Name 'murano-workflow-agent'");
  });

  it('is the same bytes for the same configuration, with an own part too', () => {
    const own = '#!/bin/sh\necho hello\n';
    for (const given of [undefined, own])
      expect(renderUserData('cloud-init', config, given)).to.equal(
        renderUserData('cloud-init', config, given),
      );
    expect(renderUserData('cloud-init', config, own)).to.not.equal(
      renderUserData('cloud-init', config, `${own} `),
    );
  });

  it('refuses an own part that cannot be joined, and what Nova would not take', () => {
    const code = (own: string): string => {
      try {
        renderUserData('cloud-init', config, own);
        return 'none';
      } catch (thrown) {
        return thrown instanceof EngineError ? thrown.code : String(thrown);
      }
    };
    expect(code('echo hello')).to.equal('usage');
    expect(code('Content-Type: multipart/mixed; boundary="x"\n')).to.equal('usage');
    expect(code(`#!/bin/sh\n${'#'.repeat(40_000)}`)).to.equal('limit_exceeded');
  });

  itWithCloudInit("passes cloud-init's own check of its schema", async () => {
    const file = path.join(await temporaryDirectory(), 'user-data');
    await writeFile(file, renderUserData('cloud-init', config));
    const { stdout } = await run('cloud-init', ['schema', '--config-file', file]);
    expect(stdout).to.match(/Valid cloud-config/);
    await writeFile(file, renderUserData('cloud-init', config).replace('encoding: b64', 'encoding: 64'));
    const refused = await run('cloud-init', ['schema', '--config-file', file]).then(
      () => false,
      () => true,
    );
    expect(refused, 'the check can fail').to.equal(true);
  });

  itWithCloudInit('is read by cloud-init itself to the same configuration', async () => {
    const { merged, types } = await asCloudInit(renderUserData('cloud-init', config));
    expect(types).to.deep.equal(['text/cloud-config']);
    const [file] = merged.write_files;
    expect(file).to.deep.include({ path: '/etc/murano-workflow/agent.json', permissions: '0600' });
    expect(configIn(file?.content)).to.deep.equal({ config });
    expect(merged.runcmd).to.have.length(1);
  });

  itWithCloudInit(
    "keeps the author's part: scripts as they are, lists of cloud-config before ours",
    async () => {
      const script = await asCloudInit(renderUserData('cloud-init', config, '#!/bin/sh\necho "ä"\n'));
      expect(script.types).to.deep.equal(['text/x-shellscript', 'text/cloud-config']);
      const own =
        '#cloud-config\npackages: [nodejs]\nwrite_files:\n  - {path: /own, content: x}\nruncmd:\n  - [own]\n';
      const { merged } = await asCloudInit(renderUserData('cloud-init', config, own));
      expect(merged.packages).to.deep.equal(['nodejs']);
      expect(merged.write_files.map(one => one.path)).to.deep.equal([
        '/own',
        '/etc/murano-workflow/agent.json',
      ]);
      expect(merged.runcmd[0]).to.deep.equal(['own']);
      expect(merged.runcmd).to.have.length(2);
    },
  );
});
