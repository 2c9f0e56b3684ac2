// Stacks of one or several workflows, as HOT templates; no machine is needed for them.
// Belongs here: definitions that tests of Heat share. Does not belong here: what tests expect.

export interface WorkflowProperties {
  readonly definition: unknown;
  readonly inputs?: object;
  readonly [property: string]: unknown;
}

export const template = (
  resources: { readonly [name: string]: WorkflowProperties },
  outputs: object = {},
): object => ({
  heat_template_version: '2021-04-16',
  resources: Object.fromEntries(
    Object.entries(resources).map(([name, properties]) => [name, { type: 'Murano::Workflow', properties }]),
  ),
  outputs,
});

export const workflow = (states: object, goal: string, rest: object = {}): object => ({
  workflow_version: '2026-11-01',
  entities: { service: { type: 'service', states } },
  goal: `service.${goal}`,
  ...rest,
});

/** Says its greeting back as an output. */
export const greeting = workflow(
  {
    greeted: {
      action: { set: { outputs: { text: "<% 'hello ' + inputs.who %>" } } },
      outputs: { text: { type: 'string' } },
    },
  },
  'greeted',
  {
    inputs: { who: { type: 'string' } },
    outputs: { text: { value: '<% service.outputs.greeted.text %>' } },
  },
);

/** Two steps with a wait of that length between them. */
export const waiting = (time: string): object =>
  workflow(
    {
      begun: { action: { set: { outputs: { one: '<% 1 %>' } } }, outputs: { one: { type: 'integer' } } },
      rested: { requires: ['begun'], action: { wait: { for: time } } },
      ended: { requires: ['rested'] },
    },
    'ended',
  );

/** Asks an operator. */
export const asking = workflow(
  { agreed: { action: { approval: { message: 'May it go on?' } } }, done: { requires: ['agreed'] } },
  'done',
);

/** Waits for a signal, whose data becomes an output. */
export const listening = workflow(
  {
    heard: { action: { signal: { name: 'go' } }, outputs: { word: { type: 'string' } } },
  },
  'heard',
  { outputs: { word: { value: '<% service.outputs.heard.word %>' } } },
);

/** Rows of states, each of which waits for the one before it; the goal is the end of every row. */
export const rows = (services: number, states: number): object => {
  const row = Object.fromEntries(
    Array.from({ length: states }, (_, index) => [
      `s${index}`,
      index === 0 ? {} : { requires: [`s${index - 1}`] },
    ]),
  );
  const names = Array.from({ length: services }, (_, index) => `e${index}`);
  return {
    workflow_version: '2026-11-01',
    entities: Object.fromEntries(names.map(name => [name, { type: 'service', states: row }])),
    goal: names.map(name => `${name}.s${states - 1}`),
  };
};
