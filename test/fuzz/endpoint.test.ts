// Whatever is asked of the operator's endpoint, it answers with what was wrong, and goes on: no request is a mistake of the engine's.
// Belongs here: drawn requests to every route. Does not belong here: what routes do with what they take (test/admin).
import { expect } from 'chai';
import fc from 'fast-check';
import { allRoutes } from '../../engine/admin/routes/index.ts';
import { ACTS } from '../../engine/runtime/request-shapes.ts';
import { Desk } from '../admin/kit.ts';
import { createRequest } from '../runtime/kit.ts';

const routes = allRoutes(() => ({})).filter(({ path }) => path !== '/v1/events');
const { by: _, requestId: __, ...creation } = createRequest('wf');

/** Names that are there, and any text. */
const name = fc.oneof(
  fc.constantFrom('wf', 'sql[0].prepared', 'sql[0].joined', 'none'),
  fc.string({ unit: 'binary' }),
);
const value = fc.oneof(fc.jsonValue({ maxDepth: 4 }), name, fc.nat());
const loose = fc.dictionary(fc.string({ maxLength: 12 }), value, { maxKeys: 5 });
/** Bodies that are almost right: one of those that are taken, with fields changed. */
const action = fc
  .tuple(fc.constantFrom(...Object.keys(ACTS)), loose, name)
  .map(([kind, more, step]) => ({ kind, step, outputs: {}, ...more }));
const body = fc.oneof(
  action,
  loose,
  value,
  fc.tuple(loose).map(([more]) => ({ ...creation, ...more })),
);
const query = fc.dictionary(
  fc.oneof(
    fc.constantFrom('limit', 'after', 'status', 'waiting', 'project', 'children', 'dry_run', 'abandon'),
    fc.string(),
  ),
  fc.oneof(fc.string(), fc.nat().map(String), fc.constantFrom('true', 'failed', '-1', '1e3')),
  { maxKeys: 3 },
);
const headers = fc.record(
  {
    'If-Match': fc.constantFrom('"1"', 'W/"9"', '*', 'x', '"'),
    'Idempotency-Key': fc.string({ unit: fc.constantFrom('a', 'b', '"'), maxLength: 300 }),
    'Last-Event-ID': fc.constantFrom('1', 'x', ''),
  },
  { requiredKeys: [] },
);

describe('drawn requests to the endpoint', function () {
  this.timeout(120_000);
  let desk: Desk;

  beforeEach(async () => {
    desk = await new Desk().open();
    await desk.world.create('wf');
  });
  afterEach(() => desk.close());

  it('are never a mistake of the engine', async () => {
    const drawn = fc.record({ route: fc.constantFrom(...routes), name, query, headers, body });
    await fc.assert(
      fc.asyncProperty(drawn, async ({ route, name: text, query: asked, headers: given, body: sent }) => {
        const path = route.path.replaceAll(/\{\w+\}/g, () => encodeURIComponent(text));
        const search = new URLSearchParams(asked);
        const { status, body: said } = await desk.ask(`${path}?${search.toString()}`, {
          method: route.method.toUpperCase(),
          headers: given,
          ...(route.method === 'post' && { body: JSON.stringify(sent) ?? 'null' }),
        });
        const told = `${route.method} ${path}?${search.toString()} ${JSON.stringify(sent)}: ${JSON.stringify(said)}`;
        expect(status, told).to.be.lessThan(500);
        if (status >= 400) expect(said['next'], told).to.be.a('string').and.not.equal('');
      }),
      { numRuns: 500 },
    );
    expect((await desk.ask('/healthz')).status).to.equal(200);
  });
});
