// Rows, statements and commits per step, counted: the same on every machine.
// Belongs here: counting over the real store. Does not belong here: times.
import { AgentWorld } from './agents.ts';
import { fan, grid, type Shape } from './shapes.ts';
import { EngineWorld, inDirectory } from './worlds.ts';

export interface Counts {
  readonly steps: number;
  readonly transitions: number;
  /** Rows of `step` and of `event` written. */
  readonly stepRows: number;
  readonly eventRows: number;
  readonly statements: number;
  readonly commits: number;
}

/** Runs the shape with a driver that answers at once, and counts what reaches SQLite. */
export async function countsOf(shape: Shape): Promise<Counts> {
  return inDirectory(async directory => {
    const ran: string[] = [];
    const world = await EngineWorld.open(directory, { observe: sql => ran.push(sql) });
    try {
      await world.engine.start();
      ran.length = 0;
      const transitions = await world.run('counted', shape);
      const count = (start: string): number => ran.filter(sql => sql.startsWith(start)).length;
      return {
        steps: shape.steps,
        transitions,
        stepRows: count('INSERT INTO step'),
        eventRows: count('INSERT INTO event'),
        statements: ran.length,
        commits: count('COMMIT'),
      };
    } finally {
      await world.close();
    }
  });
}

/** Runs the shape with agents whose scripts end at once, and counts what is said of it, by kind. */
export async function messagesOf(shape: Shape): Promise<{ readonly [kind: string]: number }> {
  return inDirectory(async directory => {
    const said: { [kind: string]: number } = {};
    const world = await AgentWorld.open(directory, ({ message }) => {
      const { kind } = JSON.parse(Buffer.from(message.body).toString('utf8')) as { kind: string };
      said[kind] = (said[kind] ?? 0) + 1;
    });
    try {
      await world.staff(shape);
      for (const kind of Object.keys(said)) delete said[kind];
      await world.run('counted', shape);
      while ((said['receipt'] ?? 0) < shape.steps) await new Promise(resolve => setImmediate(resolve));
      return said;
    } finally {
      await world.close();
    }
  });
}

export async function counts(): Promise<boolean> {
  let holds = true;
  for (const [name, shape] of [
    ['100 machines × 20 states', grid(100, 20)],
    ['fan-out to 1,000', fan(1_000)],
  ] as const) {
    const found = await countsOf(shape);
    const per = (value: number, by: number): string => (value / by).toFixed(3);
    console.log(
      `     ${name}: ${found.transitions} transitions; per transition ${per(found.stepRows, found.transitions)} step rows and ${per(found.eventRows, found.transitions)} events (target <= 1 and 1)`,
    );
    console.log(
      `     per step ${per(found.stepRows + found.eventRows, found.steps)} rows, ${per(found.statements, found.steps)} statements, ${per(found.commits, found.steps)} commits`,
    );
    holds &&= found.stepRows <= found.transitions && found.eventRows === found.transitions;
  }
  return holds;
}
