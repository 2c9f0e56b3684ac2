// Drawings of state graphs: what they show, that rails lead where edges lead, and that SVG is safe to show anywhere.
// Belongs here: the outline, rails and SVG. Does not belong here: mermaid (test/graph), the command (test/cli).
import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import fc from 'fast-check';
import { readSource } from '../../engine/cli/source-file.ts';
import { parseDefinition } from '../../engine/definition/parse.ts';
import type { WorkflowDefinition } from '../../engine/definition/types.ts';
import { type Outline, outline, tellingEdges } from '../../engine/drawing/outline.ts';
import { ASCII_SIGNS, railRows, UNICODE_SIGNS } from '../../engine/drawing/rails.ts';
import { svg } from '../../engine/drawing/svg.ts';
import { definition, entity, join, state } from '../support/definitions.ts';
import { inProject } from '../support/project.ts';
import { anyCase } from '../support/random-definitions.ts';

const MASTER = { name: 'master', choose: 'lowest_index', among: 'prepared' } as const;
const cluster = definition(
  [
    entity('sql', {
      min: 2,
      max: 9,
      roles: [MASTER],
      states: [
        state('sql', 'prepared'),
        state('sql', 'created', { once: { role: 'master' }, needs: ['sql.prepared'] }),
        state('sql', 'joined', { except: ['master'], needs: ['created'] }),
        state('sql', 'mended', { needs: ['joined!failed'] }),
      ],
    }),
    entity('service', {
      type: 'service',
      states: [join('service', 'end', { needs: ['0? sql.joined@majority', '0? sql.mended@any'] })],
    }),
  ],
  ['service.end'],
);

const drawn = (one: WorkflowDefinition, signs = UNICODE_SIGNS): string[] =>
  railRows(outline(one), signs).map(({ rails, node }) => `${rails.padEnd(6)}${node?.name ?? ''}`.trimEnd());

async function example(...place: readonly string[]): Promise<Outline> {
  const { text, fileName, files } = await readSource(inProject('docs', ...place), '/');
  const { definition: parsed } = parseDefinition(text, { fileName, files });
  return outline(parsed as WorkflowDefinition, new Map([['db', 3]]));
}

describe('an outline', () => {
  it('has one node per state, role and choice, with what it does and on whom', () => {
    const { nodes, entities } = outline(cluster, new Map([['sql', 1_000]]));
    expect(entities.map(({ name, size }) => [name, size])).to.eql([
      ['sql', '1000 members'],
      ['service', ''],
    ]);
    const who = Object.fromEntries(nodes.map(node => [node.name, node.who]));
    expect(who).to.include({
      'sql.prepared': 'each of 1000',
      'sql.created': 'once, on master',
      'sql.joined': 'each of 1000 but master',
    });
  });

  it('leaves out what a longer way says already, but no quorum, outcome or alternative', () => {
    const told = tellingEdges(outline(cluster)).map(({ from, to, label }) =>
      `${from} → ${to} ${label}`.trim(),
    );
    // The role waits for all of `prepared`, and `created` for the role.
    expect(told).not.to.include('sql.prepared → sql.created all');
    expect(told).to.include.members([
      'sql.prepared → role sql.master all',
      'sql.joined → sql.mended failed',
      'sql.joined → any service.end 0 majority',
    ]);
  });

  it('says the time in which a requirement must be met, and leaves no such out', () => {
    const states = [
      state('g', 'a'),
      state('g', 'b', { needs: ['a'] }),
      state('g', 'c', { needs: ['b', 'a'] }),
    ];
    const timed = states.map(one => ({
      ...one,
      requires: one.requires.map(need =>
        one.name === 'c' && need.state === 'a' ? { ...need, within: 60_000 } : need,
      ),
    }));
    const told = tellingEdges(outline(definition([entity('g', { states: timed })], ['g.c'])));
    expect(told.map(({ from, to, label }) => `${from} ${to} ${label}`.trim())).to.include(
      'g.a g.c within 1m00s',
    );
  });

  it('keeps a barrier that only ways of single members go round', () => {
    const states = [
      state('g', 'a'),
      state('g', 'b', { needs: ['a'] }),
      state('g', 'c', { needs: ['b', 'g.a'] }),
    ];
    const told = tellingEdges(outline(definition([entity('g', { states })], ['g.c'])));
    expect(told.map(({ from, to }) => `${from} ${to}`)).to.eql(['g.a g.b', 'g.b g.c', 'g.a g.c']);
  });

  it('refuses more states than a drawing can show, and names what shows them all the same', () => {
    const states = Array.from({ length: 301 }, (_, at) => join('s', `s${at}`));
    const many = definition([entity('s', { type: 'service', states })], ['s.s0']);
    expect(() => outline(many)).to.throw('301 states; a drawing shows at most 300');
  });
});

describe('rails', () => {
  it('run from what is required to what requires it, and show where ways part and meet', () => {
    expect(drawn(cluster)).to.eql([
      '●     sql.prepared',
      '◆     sql.master',
      '●     sql.created',
      '●     sql.joined',
      '├─╮',
      '│ ●   sql.mended',
      '├─╯',
      '◇     any of',
      '◉     service.end',
    ]);
    expect(drawn(cluster, ASCII_SIGNS).slice(3, 7)).to.eql([
      '*     sql.joined',
      '+-.',
      '| *   sql.mended',
      "+-'",
    ]);
  });

  it('lead from every node to all that it waits for and to nothing else, in any definition', () => {
    fc.assert(
      fc.property(anyCase, one => {
        const shown = outline(one.definition);
        const told = tellingEdges(shown).map(({ from, to }) => `${from} → ${to}`);
        expect(waysIn(shown).sort()).to.eql([...new Set(told)].sort());
      }),
      { numRuns: 200 },
    );
  });
});

/** Reads the rails as eyes do: up from each node; a bar leads to the rail below it, or to that which its arrow shows. */
function waysIn(shown: Outline): string[] {
  const rows = railRows(shown, UNICODE_SIGNS);
  const signAt = (row: number, at: number): string => rows[row]?.rails[at] ?? ' ';
  const sidesAt = (row: number, at: number): number => UNICODE_SIGNS.lines.indexOf(signAt(row, at));
  const isNode = (sign: string): boolean => Object.values(UNICODE_SIGNS.node).includes(sign);
  const pointedTo = (row: number): number => {
    const { rails = '' } = rows[row] ?? {};
    const [left, right] = [rails.indexOf('◂'), rails.indexOf('▸')];
    if (left >= 0) return left - 1;
    if (right >= 0) return right + 1;
    const ends = rails
      .split('')
      .map((_, at) => at)
      .filter(at => (sidesAt(row, at) & 2) > 0 && (sidesAt(row, at) & 12) > 0);
    return ends.find(at => (sidesAt(row, at) & 1) === 0) ?? ends[0] ?? -1;
  };
  const above = (row: number, at: number): string[] => {
    const sign = signAt(row, at);
    if (isNode(sign)) return [rows[row]?.node?.id ?? ''];
    const own = (sidesAt(row, at) & 1) > 0 ? above(row - 1, at) : [];
    if (pointedTo(row) !== at) return own;
    const joined = (rows[row]?.rails ?? '')
      .split('')
      .flatMap((other, place) =>
        place !== at && other !== '│' && (sidesAt(row, place) & 13) > 1 && (sidesAt(row, place) & 1) > 0
          ? [place]
          : [],
      );
    return [...own, ...joined.flatMap(place => above(row - 1, place))];
  };
  return rows.flatMap(({ rails, node }, row) => {
    const at = rails.split('').findIndex(isNode);
    return node === undefined ? [] : above(row - 1, at).map(from => `${from} → ${node.id}`);
  });
}

describe('SVG', () => {
  it('stands alone: no script, nothing loaded, both colour schemes, and titles for those who cannot see it', async () => {
    const picture = svg(await example('examples', 'postgresql-cluster', 'postgresql-cluster.workflow.yaml'));
    expect(picture).not.to.match(/<script|<foreignObject|href=|url\((?!#)|@import|\son\w+=/);
    expect(picture).to.include('@media (prefers-color-scheme: dark)');
    expect(picture).to.match(/role="img" aria-labelledby="workflow-title workflow-about"/);
    expect(picture).to.include(
      '<title>db.online: The machine&apos;s agent is there</title>'.replace('&apos;', "'"),
    );
    expect(picture).to.include('Goal: service.deployed.');
  });

  it('writes what authors wrote as text, whatever signs are in it', () => {
    const states = [join('s', 'a', { description: '</title><script>alert("1 & 2")</script>\u0000' })];
    const picture = svg(outline(definition([entity('s', { type: 'service', states })], ['s.a'])));
    expect(picture)
      .to.include('&lt;/title&gt;&lt;script&gt;alert(&quot;1 &amp; 2&quot;)')
      .and.not.include('<script>');
  });

  it('keeps boxes apart, and within the picture', async () => {
    const picture = svg(await example('cookbook', 'approval-before-a-switch.workflow.yaml'));
    const [, width = 0, height = 0] = (/width="(\d+)" height="(\d+)"/.exec(picture) ?? []).map(Number);
    const boxes = [
      ...picture.matchAll(/class="node[^"]*" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"/g),
    ];
    const corners = boxes.map(([, x, y, w, h]) => [
      Number(x),
      Number(y),
      Number(x) + Number(w),
      Number(y) + Number(h),
    ]);
    expect(corners.length).to.be.greaterThan(6);
    for (const [left = 0, top = 0, right = 0, bottom = 0] of corners) {
      expect(left >= 0 && top >= 0 && right <= width && bottom <= height).to.equal(true);
      const over = corners.filter(
        ([l = 0, t = 0, r = 0, b = 0]) => l < right && r > left && t < bottom && b > top,
      );
      expect(over).to.have.length(1);
    }
  });

  it('is the picture that the documents show', async () => {
    const file = inProject('docs', 'pictures', 'fallback.svg');
    const now = svg(await example('cookbook', 'quorum-with-fallback.workflow.yaml'));
    if (process.env['UPDATE_DOCS']) writeFileSync(file, now);
    else expect(now).to.equal(readFileSync(file, 'utf8'));
  });
});
