// A whole definition, parsed: what becomes of each part.
// Belongs here: the shape that later layers rely on. Does not belong here: mistakes (problems, checks, yaml tests).
import { expect } from 'chai';
import { readFile } from 'node:fs/promises';
import { load } from 'js-yaml';
import type { JsonValue } from '../../engine/base/json.ts';
import { sha256 } from '../../engine/definition/contents.ts';
import type { Requirement } from '../../engine/definition/types.ts';
import { inProject } from '../support/project.ts';
import { definitionOf, parse, stateOf } from './support/parsing.ts';

const brief = ({ entity, state, members, inferred }: Requirement): string =>
  `${entity}.${state} ${members.kind}${inferred ? ' inferred' : ''}`;

describe('A whole definition (the SQL Server cluster)', () => {
  let text = '';
  let files: { [name: string]: string } = {};

  before(async () => {
    text = await readFile(inProject('test', 'definition', 'fixtures', 'sql-cluster.workflow.yaml'), 'utf8');
    files = Object.fromEntries(
      [...text.matchAll(/file: ([\w.-]+)/g)].map(([, name = '']) => [name, `text of ${name}`]),
    );
  });

  it('parses without a problem', () => {
    expect(parse(text, files).problems).to.deep.equal([]);
  });

  it('is the same from YAML text and from the map', () => {
    const map = load(text) as JsonValue;
    const [fromText, fromMap] = [definitionOf(parse(text, files)), definitionOf(parse(map, files))];
    expect(fromMap.digest).to.equal(fromText.digest);
    expect([...fromMap.entities.keys()]).to.deep.equal(['sql', 'service']);
  });

  it('keeps bare requirements to the same member and makes qualified ones barriers', () => {
    const definition = definitionOf(parse(text, files));
    expect(stateOf(definition, 'sql', 'secondary_ip_enabled').requires.map(brief)).to.deep.equal([
      'sql.online same',
    ]);
    expect(stateOf(definition, 'sql', 'failover_cluster_created').requires.map(brief)).to.deep.equal([
      'sql.prerequisites_installed all',
    ]);
  });

  it('infers a barrier from the outputs that an expression reads', () => {
    const requires = stateOf(definitionOf(parse(text, files)), 'sql', 'primary_replica_initialized').requires;
    expect(requires.map(brief)).to.deep.equal([
      'sql.sql_server_installed all',
      'sql.always_on_initialized all inferred',
    ]);
  });

  it('reads timeouts, retries, reboots, roles and sizes', () => {
    const definition = definitionOf(parse(text, files));
    const state = stateOf(definition, 'sql', 'prerequisites_installed');
    expect(state.timeout).to.equal(40 * 60_000);
    expect(state.retry).to.deep.include({ attempts: 3, delay: 30_000, backoff: 2 });
    expect(state.action).to.deep.include({ kind: 'script', interpreter: 'powershell', reboots: 2 });
    const sql = definition.entities.get('sql');
    expect(sql?.members).to.deep.equal({ min: 2, max: 9 });
    expect(sql?.roles.get('master')).to.deep.equal({
      name: 'master',
      choose: 'lowest_index',
      among: 'prerequisites_installed',
    });
    expect(stateOf(definition, 'sql', 'failover_cluster_created').once).to.deep.equal({ role: 'master' });
    expect(stateOf(definition, 'sql', 'sql_server_installed').onFailure).to.equal('pause');
  });

  it('keeps each file by its digest', () => {
    const definition = definitionOf(parse(text, files));
    const digest = sha256('text of new-cluster.ps1');
    expect(definition.contents.get(digest)).to.equal('text of new-cluster.ps1');
    const { action } = stateOf(definition, 'sql', 'failover_cluster_created');
    expect(action?.kind === 'script' && action.content).to.deep.equal({ digest, file: 'new-cluster.ps1' });
  });

  it('has another digest when a file changes, and the same when only an unnamed file does', () => {
    const { digest } = definitionOf(parse(text, files));
    expect(definitionOf(parse(text, { ...files, 'new-cluster.ps1': 'other' })).digest).not.to.equal(digest);
    expect(definitionOf(parse(text, { ...files, unused: 'x' })).digest).to.equal(digest);
  });
});
