// The endpoint beside a whole engine: started, asked, and gone with it.
// Belongs here: what only the engine as a whole shows. Does not belong here: routes (reading.test.ts, actions.test.ts).
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { get } from 'node:https';
import path from 'node:path';
import { expect } from 'chai';
import { checkAdmin, openAdminSide } from '../../engine/admin-side.ts';
import { startEngine } from '../../engine/embedded.ts';
import { embeddedHost } from '../../engine/host.ts';
import { rejects } from '../store/conformance.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const HELLO = `
workflow_version: 2026-11-01
entities:
  service:
    type: service
    states:
      done: {action: {set: {outputs: {answer: 42}}}, outputs: {answer: {type: integer}}}
goal: service.done
outputs: {answer: {value: "<% service.outputs.done.answer %>"}}
`;
const QUIET = { logLevel: 'error', logToStderr: false } as const;

describe('the endpoint beside a whole engine', () => {
  it('answers for it by the token of a trial, and ends with it', async () => {
    const options = { ...QUIET, trial: '127.0.0.1:0' };
    const session = await embeddedHost().start(await temporaryDirectory(), options);
    const { url, token } = session.trial as NonNullable<typeof session.trial>;
    const ask = async (path: string, body?: object): Promise<Response> =>
      fetch(`${url}${path}`, {
        headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
        ...(body && { method: 'POST', body: JSON.stringify(body) }),
      });
    try {
      const creation = {
        id: 'wf',
        stackName: 's',
        document: { source: HELLO, fileName: 'hello.yaml', files: {} },
        inputs: {},
        members: {},
      };
      expect((await ask('/v1/workflows', creation)).status).to.equal(201);
      const shown = (await (await ask('/v1/workflows/wf/outputs')).json()) as object;
      expect(shown).to.deep.equal({ outputs: { answer: 42 }, failures: [] });
      expect((await fetch(`${url}/v1/workflows`)).status).to.equal(401);
      expect((await fetch(`${url}/readyz`)).status).to.equal(200);
    } finally {
      await session.close();
    }
    expect(await fetch(`${url}/healthz`).catch(() => 'nobody')).to.equal('nobody');
  });

  it('is not there where it cannot listen, and neither is the engine', async () => {
    const directory = await temporaryDirectory();
    const options = { ...QUIET, trial: '10.255.255.1:1' };
    const failing = await embeddedHost()
      .start(directory, options)
      .catch((thrown: unknown) => String(thrown));
    expect(failing).to.include('in clear');
    await (await embeddedHost().start(directory, QUIET)).close();
  });

  it('answers by TLS, with the certificate and key that belong together', async () => {
    const directory = await temporaryDirectory();
    const [one, other] = ['one', 'other'].map(name => path.join(directory, name));
    for (const file of [one, other]) {
      const made = [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '1',
      ];
      const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
      execFileSync('openssl', [...made, ...subject, '-keyout', `${file}.key`, '-out', `${file}.pem`], {
        stdio: 'ignore',
      });
    }
    const settings = (cert?: string, key?: string): Parameters<typeof openAdminSide>[0] => ({
      listen: '127.0.0.1:0',
      behindProxy: false,
      openMetrics: false,
      tls: { certFile: `${cert}.pem`, keyFile: `${key}.key` },
    });
    const engine = await startEngine(path.join(directory, 'state'), QUIET, { kind: 'none' });
    try {
      await rejects('usage', checkAdmin(settings(one, other), {}));
      await checkAdmin(settings(one, one), {});
      const side = await openAdminSide(settings(one, one), {}, engine);
      engine.also('the endpoint', () => side.close());
      const ca = readFileSync(`${one}.pem`);
      const status = await new Promise((resolve, reject) => {
        const asked = get(`${side.url}/readyz`, { ca }, answer => resolve(answer.resume().statusCode));
        asked.on('error', reject);
      });
      expect([side.url.slice(0, 8), status]).to.deep.equal(['https://', 200]);
      expect(await fetch(side.url.replace('https', 'http')).catch(() => 'nothing')).to.equal('nothing');
    } finally {
      await engine.close();
    }
  });

  it('answers by the settings of a service', async () => {
    const engine = await startEngine(await temporaryDirectory(), QUIET, { kind: 'none' });
    try {
      const side = await openAdminSide(
        { listen: '127.0.0.1:0', behindProxy: false, openMetrics: false },
        {},
        engine,
      );
      engine.also('the endpoint', () => side.close());
      const { headers } = await fetch(`${side.url}/v1/workflows`);
      expect(headers.get('content-security-policy')).to.contain("default-src 'none'");
    } finally {
      await engine.close();
    }
  });
});
