// The standing canary: secrets that the test knows are in no file, log, event, status, message or name of a process.
// Belongs here: a real engine with real agents, and scripts that do their worst. Does not belong here: what masking and
// sealing do with one text (test/agent-protocol), which expressions are refused (test/definition).
import { mkdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'chai';
import { temporaryDirectory } from '../support/temporary.ts';
import { Canary, secret } from './canary.ts';
import { endpointSays } from './endpoint.ts';

/** Prints what it was given in every way that a careless script would, and notes what the machine's processes are called. */
const CARELESS = `
              for stream in 1 2; do
                echo "password=$password" >&$stream
                printf %s "$password" | base64 -w0 >&$stream
                echo "$settings" >&$stream
                echo "$joined" >&$stream
              done
              cat /proc/[0-9]*/cmdline >>"$data/processes" 2>/dev/null`;

/** Hidden values of every source: inputs, a generated one, an output of a script, one made of others, the data of a signal. */
const definition = (data: string, service: string): string => `
workflow_version: 2026-11-01
inputs:
  password: {type: string, hidden: true}
  settings: {type: map, hidden: true}
entities:
  web:
    type: vm_group
    members: {min: 1, max: 9}
    states:
      online: {action: {online: {}}}
      made:
        requires: [online]
        action:
          script:
            bash: |${CARELESS}
              echo "$WORKFLOW_REASON" >>"$data/reasons"
              if [ "$(wc -l <"$data/reasons")" -lt 3 ]; then exit 9; fi
              cat "$data/token" >"$heat_outputs_path.token"
            inputs:
              data: ${data}
              password: "<% inputs.password %>"
              settings: "<% inputs.settings %>"
              joined: "user:<% inputs.password %>@host"
        retry: {attempts: 4, delay: 1s}
        outputs: {token: {type: string, hidden: true}}
      minted:
        requires: [made]
        action: {set: {generate: {key: {length: 24}}}}
      told:
        requires: [minted]
        action: {signal: {name: key}}
        outputs: {key: {type: string, hidden: true}}
      written:
        requires: [told]
        action:
          file:
            path: ${data}/written
            content: "key=<% member.outputs.told.key %> token=<% member.outputs.made.token %> minted=<% member.outputs.minted.key %>"
      joined:
        requires: [written]
        action: {set: {outputs: {url: "https://<% member.outputs.minted.key %>:<% member.outputs.told.key %>@host"}}}
        outputs: {url: {type: string, hidden: true}}
      called:
        requires: [joined]
        action:
          http:
            method: POST
            url: "${service}/<% inputs.password %>?key=<% member.outputs.told.key %>"
            headers: {authorization: "Bearer <% member.outputs.minted.key %>"}
            body: {password: "<% inputs.password %>", token: "<% member.outputs.made.token %>", settings: "<% inputs.settings %>"}
        retry: {attempts: 2, delay: 1s}
        outputs: {echo: {type: string, hidden: true}}
      shown:
        requires: [called]
        action: {http: {method: POST, url: "${service}/", body: "<% member.outputs.called.echo %>"}}
        on_failure: {then: continue}
        outputs: {echo: {type: string}}
      awaited:
        requires: [shown]
        action: {http: {url: "${service}/<% member.outputs.made.token %>", until: "<% response.json.never %>"}}
        timeout: 2s
        on_failure: {then: continue}
      nowhere:
        requires: [awaited]
        action: {http: {url: "http://<% member.outputs.minted.key %>.example/"}}
        on_failure: {then: continue}
      broken:
        requires: [nowhere]
        action:
          script:
            bash: |${CARELESS}
              exit 3
            inputs:
              data: ${data}
              password: "<% member.outputs.made.token %>"
              settings: ["<% member.outputs.told.key %>", "<% inputs.settings %>"]
              joined: "<% member.outputs.joined.url %>"
goal: web.broken
outputs:
  urls: {value: "<% web.members.map(m, m.outputs.joined.url) %>", hidden: true}
`;

/** Gets a hidden value and gives another, and prints both. */
const child = (data: string): string => `
workflow_version: 2026-11-01
inputs:
  key: {type: string, hidden: true}
entities:
  db:
    type: vm_group
    members: {min: 1, max: 9}
    states:
      made:
        action:
          script:
            bash: |${CARELESS}
              printf %s "$password" >"$data/into"
              cat "$data/token" >"$heat_outputs_path.token"
            inputs: {data: ${data}, password: "<% inputs.key %>", settings: none, joined: none}
        outputs: {token: {type: string, hidden: true}}
goal: db.made
outputs:
  token: {value: "<% db.members[0].outputs.made.token %>", hidden: true}
`;

const parent = (data: string): string => `
workflow_version: 2026-11-01
inputs:
  password: {type: string, hidden: true}
entities:
  web:
    type: vm_group
    members: {min: 1, max: 9}
    states:
      ready:
        action:
          workflow:
            definition: {file: child.yaml}
            inputs: {key: "user:<% inputs.password %>@host"}
            members: {db: ["<% member %>"]}
        outputs: {token: {type: string, hidden: true}}
      used:
        requires: [ready]
        action:
          script:
            bash: |${CARELESS}
              printf '%s %s' "$(cat "$data/into")" "$password" >"$data/got"
              exit 3
            inputs: {data: ${data}, password: "<% member.outputs.ready.token %>", settings: none, joined: none}
goal: web.used
`;

/** Files of the engine that must have been looked into, also while it ran. */
const KEPT = ['engine.db', 'engine.db-wal', 'engine.log', 'journal', 'identity.json'];

/** Says again what it was told, in answers of every kind: the first it refuses. */
async function echo(): Promise<{ readonly url: string; readonly heard: string[]; readonly server: Server }> {
  const heard: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (piece: Buffer) => (body += piece.toString()));
    request.on('end', () => {
      const said = `${request.url} ${JSON.stringify(request.headers)} ${body} ${Buffer.from(body).toString('base64')}`;
      heard.push(said);
      response.setHeader('x-said', encodeURIComponent(said).slice(0, 4_000));
      response
        .writeHead(heard.length === 1 ? 409 : 200)
        .end(heard.length === 1 ? said : JSON.stringify({ echo: said }));
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, heard, server };
}

describe('the canary', function () {
  this.timeout(60_000);

  it('is kept, sent, shown and told nowhere, though every script prints it and fails', async () => {
    const directory = await temporaryDirectory();
    const data = path.join(directory, 'data');
    mkdirSync(data);
    const secrets = ['input', 'map', 'output', 'signal', 'plan'].map(secret);
    const [password = '', setting = '', token = '', key = '', planned = ''] = secrets;
    const canary = new Canary(directory, secrets);
    const file = path.join(directory, 'canary.workflow.yaml');
    const inputs = path.join(directory, 'inputs.json');
    await writeFile(path.join(data, 'token'), token);
    const service = await echo();
    const allow = ['--allow-host', new URL(service.url).host];
    await writeFile(file, definition(data, service.url));
    await writeFile(inputs, JSON.stringify({ password, settings: { deep: [setting] } }));

    const held = await canary.murano(
      'run',
      file,
      '--members',
      'web=1',
      '--inputs',
      inputs,
      '--verbose',
      ...allow,
    );
    expect(held, canary.said.join('')).to.equal(3);
    const failed = await canary.murano(
      'signal',
      'canary',
      'key',
      '--data',
      `key=${JSON.stringify(key)}`,
      ...allow,
    );
    expect(failed, canary.said.join('')).to.equal(1);
    for (const words of [['status'], ['status', '--json'], ['events'], ['events', '--json']]) {
      expect(await canary.murano(words[0] ?? '', 'canary', ...words.slice(1)), words.join(' ')).to.equal(0);
    }
    const others = path.join(directory, 'others.json');
    await writeFile(others, JSON.stringify({ password: planned, settings: { deep: [planned] } }));
    for (const words of [[], ['--json'], ['--verbose']])
      expect(await canary.murano('plan', 'canary', '--inputs', others, ...words)).to.equal(0);
    expect(canary.said.join(''), 'the plan').to.include('generation 2');
    expect(await canary.murano('resume', 'canary', '--verbose')).to.equal(1);

    const change = { inputs: { password: planned, settings: { deep: [planned] } } };
    const endpoint = await endpointSays(
      canary.state,
      'canary',
      ['web[0].made', 'web[0].broken'],
      [
        ['/v1/workflows/canary/plan', change],
        ['/v1/workflows/canary/plan', { inputs: { password: [planned], settings: planned } }],
        ['/v1/workflows/canary/actions?dry_run=true', { kind: 'retry' }],
        ['/v1/workflows/canary/actions', { kind: 'signal', name: 'key', data: { key: planned } }],
        ['/v1/workflows/canary/actions', { kind: 'skip', step: 'web[0].told', outputs: { key: planned } }],
        ['/v1/workflows/canary/actions', { kind: planned }],
      ],
    );

    service.server.closeAllConnections();
    await new Promise(resolve => service.server.close(resolve));
    expect(service.heard.length, canary.said.join('')).to.be.at.least(4);
    expect(service.heard[1]).to.include(JSON.stringify(password)).and.include(JSON.stringify(token));

    expect(canary.said.join('')).to.include('answered 409').and.include("'echo' holds a hidden value");
    expect(canary.said.join('')).to.include('password=***').and.to.include('web[0].broken');
    const written = readFileSync(path.join(data, 'written'), 'utf8');
    expect(written).to.include(`key=${key} token=${token} minted=`);
    const minted = written.slice(written.lastIndexOf('=') + 1);
    expect(minted).to.have.lengthOf(24);
    canary.alsoSecret(minted);
    canary.alsoSecret(minted.toLowerCase());
    expect([...endpoint.keys()]).to.have.length.greaterThan(18);
    expect(endpoint.get('the stream')).to.include('password=***');
    for (const [name, text] of endpoint) canary.search(`the endpoint at ${name}`, text);
    expect([...canary.searched]).to.include.members(KEPT);
    expect(canary.messages).to.be.greaterThan(20);
    if (process.platform === 'linux') {
      const processes = readFileSync(path.join(data, 'processes'), 'latin1');
      expect(processes).to.include('supervisor');
      canary.search('the name of a process', processes);
    }
    expect(canary.leaks()).to.deep.equal([]);
    expect(await canary.murano('delete', 'canary')).to.equal(0);
    expect(canary.leaks()).to.deep.equal([]);
  });

  it('stays hidden on its way into a child, through it and back', async () => {
    const directory = await temporaryDirectory();
    const data = path.join(directory, 'data');
    mkdirSync(data);
    const [password = '', token = ''] = ['into', 'back'].map(secret);
    const canary = new Canary(directory, [password, token]);
    const file = path.join(directory, 'canary.workflow.yaml');
    const inputs = path.join(directory, 'inputs.json');
    await writeFile(path.join(data, 'token'), token);
    await writeFile(path.join(directory, 'child.yaml'), child(data));
    await writeFile(file, parent(data));
    await writeFile(inputs, JSON.stringify({ password }));
    const failed = await canary.murano('run', file, '--members', 'web=1', '--inputs', inputs, '--verbose');
    expect(failed, canary.said.join('')).to.equal(1);
    for (const words of [['status'], ['why'], ['events', '--json'], ['status', '--json']])
      expect(await canary.murano(words[0] ?? '', 'canary', ...words.slice(1)), words.join(' ')).to.equal(0);
    expect(readFileSync(path.join(data, 'got'), 'utf8')).to.equal(`user:${password}@host ${token}`);
    expect(canary.said.join('')).to.include('password=***');
    expect(canary.leaks()).to.deep.equal([]);
    expect(await canary.murano('delete', 'canary')).to.equal(0);
    expect(canary.leaks()).to.deep.equal([]);
  });

  it('would be found in each of these places, in every form', async () => {
    const directory = await temporaryDirectory();
    const text = secret('found');
    const canary = new Canary(directory, [text]);
    const agent = path.join(canary.state, 'agents', 'a');
    mkdirSync(path.join(agent, 'runs', 'r'), { recursive: true });
    await writeFile(path.join(agent, 'journal'), JSON.stringify(JSON.stringify({ text })));
    await writeFile(path.join(agent, 'runs', 'r', 'stdout'), Buffer.from(text).toString('base64'));
    canary.said.push(encodeURIComponent(text));
    expect(canary.leaks().map(leak => leak.replace(/ holds .*/, ''))).to.have.members([
      'the command said',
      path.join('agents', 'a', 'journal'),
      path.join('agents', 'a', 'runs', 'r', 'stdout'),
    ]);
  });
});
