// Mermaid text of definitions and compiled graphs.
// Belongs here: what is drawn and escaped. Does not belong here: mermaid itself.
import { expect } from 'chai';
import { compileGraph } from '../../engine/graph/compile.ts';
import { mermaid, mermaidSteps } from '../../engine/graph/describe.ts';
import { definition, entity, group, join, state } from '../support/definitions.ts';

const cluster = definition(
  [
    entity('sql', {
      min: 2,
      max: 9,
      roles: [{ name: 'master', choose: 'lowest_index', among: 'prepared' }],
      states: [
        state('sql', 'prepared'),
        state('sql', 'created', { once: { role: 'master' }, needs: ['sql.prepared'] }),
        state('sql', 'joined', { except: ['master'], needs: ['created'] }),
      ],
    }),
    entity('service', {
      type: 'service',
      states: [join('service', 'end', { needs: ['sql.joined@majority'] })],
    }),
  ],
  ['service.end'],
);

describe('mermaid text', () => {
  it('shows one node per state, roles, barriers and quorums', () => {
    expect(mermaid(cluster)).to.equal(`flowchart TD
  subgraph e_sql["sql (2–9 members)"]
    s_prepared_IN_sql["prepared"]
    s_created_IN_sql["created<br/>once: master"]
    s_joined_IN_sql["joined<br/>except: master"]
    r_master_IN_sql{{"master"}}
  end
  subgraph e_service["service"]
    s_end_IN_service(["end"])
  end
  s_prepared_IN_sql --> r_master_IN_sql
  s_prepared_IN_sql -->|"all"| s_created_IN_sql
  r_master_IN_sql --> s_created_IN_sql
  s_created_IN_sql --> s_joined_IN_sql
  r_master_IN_sql --> s_joined_IN_sql
  s_joined_IN_sql -->|"majority"| s_end_IN_service
`);
  });

  it('shows the time in which a requirement must be met', () => {
    const ready = state('sql', 'ready', { needs: ['sql.prepared', 'created'] });
    const timed = ready.requires.map(one => ({
      ...one,
      within: one.members.kind === 'same' ? 90_000 : 900_000,
    }));
    const states = [state('sql', 'prepared'), state('sql', 'created'), { ...ready, requires: timed }];
    const text = mermaid(definition([entity('sql', { min: 2, states })], ['sql.ready']));
    expect(text).to.contain('s_prepared_IN_sql -->|"all within 15m00s"| s_ready_IN_sql');
    expect(text).to.contain('s_created_IN_sql -->|"within 1m30s"| s_ready_IN_sql');
  });

  it('shows one node per step, with a round node where many meet', () => {
    const text = mermaidSteps(compileGraph(cluster, new Map([['sql', group('sql', 2)]])));
    expect(text).to.contain('s0["sql[0].prepared (sql-0)"]');
    expect(text).to.contain('("all of sql.prepared")');
    expect(text).to.contain('r0{{"sql.master"}}');
  });

  it('escapes names that people choose', () => {
    const hostile = [{ agent: 'a', name: '"]; <script>#x', index: 0, data: {} }];
    const text = mermaidSteps(compileGraph(cluster, new Map([['sql', hostile]])));
    expect(text).to.contain('sql[0].prepared (#quot;]; #lt;script#gt;#35;x)');
    expect(text).not.to.contain('<script');
  });

  it("keeps mermaid's directives and line ends out of names", () => {
    const hostile = [{ agent: 'a', name: '%%{init: {}}%%\r\u2028end', index: 0, data: {} }];
    const text = mermaidSteps(compileGraph(cluster, new Map([['sql', hostile]])));
    expect(text).not.to.match(/%%|\r|\u2028/);
  });

  it('says `all` where a group meets, not at what is one step', () => {
    const text = mermaid(
      definition(
        [
          entity('db', {
            min: 2,
            max: 3,
            roles: [{ name: 'boss', choose: 'lowest_index', among: 'a' }],
            states: [state('db', 'a'), state('db', 'b', { once: { role: 'boss' }, needs: ['db.a'] })],
          }),
          entity('service', {
            type: 'service',
            states: [join('service', 'end', { needs: ['db.a', 'db.b'] })],
          }),
        ],
        ['service.end'],
      ),
    );
    expect(text).to.contain('s_a_IN_db -->|"all"| s_end_IN_service');
    expect(text).to.contain('s_b_IN_db --> s_end_IN_service');
  });
});
