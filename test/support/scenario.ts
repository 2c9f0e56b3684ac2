// Runs a scenario: a definition, members, and lines of what happens; below each, what the machine decided.
// Belongs here: the small vocabulary of scenario files and their text. Does not belong here: expectations: the file is
// the expectation, and a reviewer reads behaviour in its diff.
//
//   > create [by CREDENTIAL] | resume [by CREDENTIAL] | delete [by CREDENTIAL]: of the right by which it calls a cloud, the reference
//   > create | retry [STEP] | skip STEP [name=value…] | fail STEP | resume | cancel | delete | abandon
//   > update ENTITY=N… | join ENTITY AGENT… | leave ENTITY AGENT… | abandon-member ENTITY AGENT…
//   > edit A → B [; C → D] | inputs name=value…    another definition: A of its text is B now, or other inputs
//   > operate OPERATION ID [name=value…]
//   > approve STEP | reject STEP | undo STEP | signal NAME [name=value…]
//   > STEP answers STATUS [sentence] | forbidden       a service answered so; the owner's right is lost
//   > STEP succeeds [name=text…] | makes NAME… | exits CODE [tail] | interrupted | refuses TEXT | lost | accepted | started
//   > STEP held REASON | breaks CODE TEXT      its child waits for a person, or fails: one of its steps ended with this code
//   > STEP denies TEXT | unsure TEXT           its child was checked: what was found to have drifted, or could not be told
//   > check | converge | rebuilt AGENT | reverted AGENT    whether what was reached holds; running it again; a VM is another
//   > due [STEP]        time passes until the timer of the step, or the workflow's own, which fires
//   > why [STEP [AGENT]]  what it waits for, were the agent offline: causes, the chain to each root, who can act
//   > restart           the engine forgets everything and restores it from its records
//
// `sql[*].prepared` stands for every step of that state whose command is out.
import { parse as parsePath } from 'node:path';
import type { JsonObject } from '../../engine/base/json.ts';
import { problemText } from '../../engine/definition/problems.ts';
import { presentId } from '../../engine/graph/references.ts';
import { parseDefinition } from '../../engine/definition/parse.ts';
import type { WorkflowDefinition } from '../../engine/definition/types.ts';
import { dueTimers, pendingEffects } from '../../engine/machine/pending.ts';
import { restore } from '../../engine/machine/state.ts';
import type { JoiningMember, MemberChange } from '../../engine/graph/members.ts';
import type { Change, ChildTask, Decision, Effect, Report, StepRecord } from '../../engine/machine/types.ts';
import { membership } from './definitions.ts';
import { outcome, pairs } from './scenario-outcomes.ts';
import { why } from './why.ts';
import { HASH, Workflow } from './workflow.ts';

/** `sources`: the texts of its definitions, the present one last. */
interface Lived {
  readonly workflow: Workflow;
  readonly sources: string[];
}

/** The scenario's text with what the machine decided now below each `>` line. */
export function rerun(text: string, file: string): string {
  const { head, commands } = split(text);
  const started = startOf(head, file);
  const blocks = commands.map(command => [`> ${command}`, ...perform(started, command)].join('\n'));
  return `${head.trimEnd()}\n\n${blocks.join('\n')}\n`;
}

/** The scenario lived through: the workflow at its end, and the texts of its definitions. */
export function live(text: string, file: string): Lived {
  const { head, commands } = split(text);
  const started = startOf(head, file);
  for (const command of commands) perform(started, command);
  return started;
}

function split(text: string): { head: string; commands: readonly string[] } {
  const lines = text.split('\n');
  const first = lines.findIndex(line => line.startsWith('>'));
  const commands = lines.slice(first).filter(line => line.startsWith('>'));
  return { head: lines.slice(0, first).join('\n'), commands: commands.map(line => line.slice(1).trim()) };
}

/** `members sql=3` and `inputs {…}` stand before the definition, which goes to the first command. */
function startOf(head: string, file: string): Lived {
  const source = head.slice(head.indexOf('workflow_version'));
  const before = head.slice(0, head.indexOf('workflow_version'));
  const definition = parsed(source, parsePath(file).base);
  const sizes = /^members (.*)$/m.exec(before)?.[1] ?? '';
  const counts = sizes.split(' ').map(item => item.split('=') as [string, string]);
  const inputs = JSON.parse(/^inputs (.*)$/m.exec(before)?.[1] ?? '{}') as JsonObject;
  const members = membership(Object.fromEntries(counts.map(([name, n]) => [name, Number(n)])));
  return { workflow: new Workflow(definition, members, inputs), sources: [source.trimEnd()] };
}

function parsed(source: string, fileName: string): WorkflowDefinition {
  const { definition, problems } = parseDefinition(source, { fileName, files: {} });
  if (!definition) throw new Error(problems.map(problemText).join('\n'));
  return definition;
}

/** What has nothing behind its arrow is taken out. */
function edited(lived: Lived, words: readonly string[]): Decision {
  const source = words
    .join(' ')
    .split(' ; ')
    .reduce((present, pair) => {
      const [from = '', to = ''] = pair.split(/ → ?/);
      if (!present.includes(from)) throw new Error(`the definition has no ${from}`);
      return present.replaceAll(from, to);
    }, lived.sources.at(-1) ?? '');
  lived.sources.push(source);
  return lived.workflow.update(parsed(source, 'edited.yaml'));
}

function perform(lived: Lived, command: string): readonly string[] {
  const [first = '', ...rest] = command.split(' ');
  const { workflow: w } = lived;
  switch (first) {
    case 'edit':
      return told(w, () => edited(lived, rest));
    case 'inputs':
      return told(w, () => w.update(w.graph.definition, { ...w.state.inputs, ...values(rest) }));
    case 'restart':
      return restart(w);
    case 'create':
    case 'resume':
    case 'suspend':
    case 'cancel':
    case 'check':
    case 'converge':
      return told(w, () => w.send({ kind: first, by: 'ann', ...right(rest) }));
    case 'rebuilt':
    case 'reverted':
      return told(w, () =>
        w.send({
          kind: 'unverify',
          agent: rest[0] ?? '',
          why: first === 'rebuilt' ? 'vm_replaced' : 'vm_reverted',
        }),
      );
    case 'delete':
    case 'abandon':
      return told(w, () =>
        w.send({ kind: 'delete', abandon: first === 'abandon', by: 'ann', ...right(rest) }),
      );
    case 'update':
      return told(w, () => w.send({ kind: first, change: { members: groups(rest) }, by: 'ann' }));
    case 'join':
      return told(w, () =>
        w.send({
          kind: 'update',
          change: { join: { [rest[0] ?? '']: rest.slice(1).map(named) } },
          by: 'ann',
        }),
      );
    case 'leave':
    case 'abandon-member': {
      const leave = { [rest[0] ?? '']: rest.slice(1) };
      const change = first === 'leave' ? { leave } : { leave, abandon: true as const };
      return told(w, () => w.send({ kind: 'update', change, by: 'ann' }));
    }
    case 'operate': {
      const [operation = '', id = '', ...inputs] = rest;
      return told(w, () => w.send({ kind: first, operation, id, inputs: values(inputs), by: 'ann' }));
    }
    case 'retry':
    case 'fail':
    case 'skip':
      return told(w, () => person(w, first, rest));
    case 'approve':
    case 'reject':
    case 'undo':
      return told(w, () => w.send({ kind: first, step: rest[0] ?? '', by: 'ann' }));
    case 'signal':
      return told(w, () =>
        w.send({ kind: 'signal', name: rest[0] ?? '', data: values(rest.slice(1)), by: 'ann' }),
      );
    case 'why':
      return why(w, rest);
    case 'due':
      return told(w, () => (rest[0] === undefined ? w.ownTime() : w.due(rest[0])));
    default:
      return stepsNamed(w, first).flatMap(step => told(w, () => agent(w, step, rest)));
  }
}

/** Absent unless it says by whose right. */
const right = ([by, credential]: readonly string[]): { readonly credential?: string } =>
  by === 'by' && credential !== undefined ? { credential } : {};

const named = (agent: string): JoiningMember => ({ agent, name: agent, data: {} });

/** `db=3`: its members are db-0, db-1 and db-2. */
const groups = (words: readonly string[]): NonNullable<MemberChange['members']> =>
  Object.fromEntries(
    pairs(words).map(([entity, count]) => [
      entity,
      Array.from({ length: Number(count) }, (_, index) => named(`${entity}-${index}`)),
    ]),
  );

/** A wildcard says it of all that are out at this moment. */
function stepsNamed(w: Workflow, name: string): readonly string[] {
  if (!name.includes('[*]')) return [name];
  const [entity, state] = name.split('[*].');
  return w.out().filter(step => step.startsWith(`${entity}[`) && step.endsWith(`].${state}`));
}

function person(
  w: Workflow,
  kind: 'retry' | 'fail' | 'skip',
  [step, ...outputs]: readonly string[],
): Decision {
  if (kind === 'retry' && step === undefined) return w.send({ kind, by: 'ann' });
  if (kind === 'retry' && outputs[0])
    return w.send({ kind, step: step ?? '', attempt: Number(outputs[0]), by: 'ann' });
  if (kind === 'skip') return w.send({ kind, step: step ?? '', outputs: values(outputs), by: 'ann' });
  return w.send({ kind, step: step ?? '', by: 'ann' });
}

const values = (items: readonly string[]): JsonObject =>
  Object.fromEntries(
    pairs(items).map(([name, value]) => [name, /^\d+$/.test(value) ? Number(value) : value]),
  );

function agent(w: Workflow, step: string, [verb = '', ...rest]: readonly string[]): Decision {
  if (verb === 'held') return w.report(step, { kind: 'held', reason: rest.join(' ') });
  if (verb === 'accepted' || verb === 'started') return w.report(step, { kind: verb } satisfies Report);
  return w.finish(step, outcome(verb, rest));
}

function restart(w: Workflow): readonly string[] {
  const stored = w.state.records.flatMap((record, number) => (record ? [{ number, record }] : []));
  w.state = restore(w.graph, w.state.workflow, stored, w.state.inputs, HASH);
  const timers = dueTimers(w.graph, w.state).map(
    ({ step, at }) => `  timer of ${step ?? 'the workflow'} at ${at}`,
  );
  return [...pendingEffects(w.graph, w.state).map(effect => `  again: ${effectText(w, effect)}`), ...timers];
}

function told(w: Workflow, act: () => Decision): readonly string[] {
  const before = { workflow: w.state.workflow, records: recordsOf(w) };
  const { changes, effects, rejected } = act();
  if (rejected) return [`  rejected: ${rejected.message} ${rejected.next}`];
  const lines = changes.flatMap(change => {
    if (change.kind === 'step') {
      return [
        `  ${change.step} ${change.from} → ${recordText(change.record, before.records.get(change.step))}`,
      ];
    }
    if (change.kind === 'generation') return [`  generation ${change.generation}: ${membersText(change)}`];
    if (change.kind === 'operation') return [`  ${operationText(change)}`];
    const chosen = Object.entries(change.record.roles)
      .filter(([role, holder]) => before.workflow.roles[role] !== holder)
      .map(([role, holder]) => `  ${role} is ${holder === null ? 'vacant' : [holder].flat().join(', ')}`);
    const { status, reason } = change.record;
    const kept = Object.keys(change.record.signals ?? {}).filter(
      name => change.record.signals?.[name] !== before.workflow.signals?.[name],
    );
    const stood = before.workflow.suspended;
    const stands = change.record.suspended;
    if (stands?.rests && !stood?.rests) chosen.push('  nothing is under way any more');
    if (stands?.at !== stood?.at) chosen.push(stands ? `  suspended by ${stands.by}` : '  suspended no more');
    const { checked } = change.record;
    if (checked && checked !== before.workflow.checked)
      chosen.push(`  check: ${JSON.stringify({ ...checked, at: undefined, by: undefined })}`);
    const moved = status !== before.workflow.status || reason !== before.workflow.reason;
    const ended = (change.record.operations ?? []).filter(
      ({ id }) => !before.workflow.operations?.some(known => known.id === id),
    );
    chosen.push(
      ...ended.map(one => `  operation ${one.id} is ${one.status}${one.reason && `: ${one.reason}`}`),
    );
    chosen.push(...kept.map(name => `  signal ${name} is kept`));
    return moved ? [...chosen, `  workflow → ${status}${reason && `: ${reason}`}`] : chosen;
  });
  const all = [...lines, ...effects.map(effect => `  ${effectText(w, effect)}`)];
  return all.length > 0 ? all : ['  nothing'];
}

const recordsOf = (w: Workflow): ReadonlyMap<string, StepRecord | undefined> =>
  new Map(w.graph.steps.map(({ id, number }) => [id, w.state.records[number]]));

/** `db[0] db-0, db[1] db-1 leaves` */
const membersText = ({ members }: Extract<Change, { readonly kind: 'generation' }>): string =>
  Object.entries(members)
    .flatMap(([entity, group]) =>
      group.map(({ index, agent, leaving }) => `${entity}[${index}] ${agent}${leaving ? ' leaves' : ''}`),
    )
    .join(', ');

/** `operation f1, step 2: db.joined on 0, 2` */
function operationText({ id, step, also }: Extract<Change, { readonly kind: 'operation' }>): string {
  if (step === undefined) return `operation ${id} ends`;
  const ran = also.map(({ entity, state, members }) =>
    members === undefined ? `${entity}.${state}` : `${entity}.${state} on ${members.join(', ') || 'nobody'}`,
  );
  return `operation ${id}, step ${step + 1}${ran.length > 0 ? `: ${ran.join('; ')}` : ''}`;
}

function recordText(record: StepRecord, before: StepRecord | undefined): string {
  const remarks = [
    record.phase && record.phase !== 'action' ? record.phase : undefined,
    record.progress !== before?.progress && record.progress !== 'sent' ? record.progress : undefined,
    record.cause,
    record.withdrawn && record.withdrawn !== before?.withdrawn ? `withdrawn: ${record.withdrawn}` : undefined,
    record.unverified && record.unverified !== before?.unverified
      ? `unverified: ${record.unverified.why}`
      : undefined,
    before?.unverified && !record.unverified ? 'verified' : undefined,
    lookText(record, before),
    record.asks && JSON.stringify(record.asks),
    record.answeredBy && `answered by ${record.answeredBy}`,
    record.due && record.due.for !== 'deadline'
      ? `${record.due.for} in ${record.due.at - record.since} ms`
      : undefined,
    record.kept !== before?.kept && record.kept ? `kept: ${record.kept.kind}` : undefined,
    record.child !== before?.child ? `child ${record.child ?? 'gone'}` : undefined,
    record.held !== before?.held
      ? record.held === undefined
        ? 'goes on'
        : `held: ${record.held}`
      : undefined,
    record.outputs && Object.keys(record.outputs).length > 0 ? JSON.stringify(record.outputs) : undefined,
    record.error && record.error !== before?.error
      ? `${record.error.kind}: ${record.error.message}`
      : undefined,
  ].filter(remark => remark !== undefined);
  return [record.status, ...remarks].join(', ');
}

function lookText({ look }: StepRecord, before: StepRecord | undefined): string | undefined {
  if (look === before?.look) return undefined;
  if (look === undefined) return 'not looked at';
  const error = look.error ? ` (${look.error.message})` : '';
  return look.found === undefined ? 'is looked at' : `found: ${look.found}${error}`;
}

function taskText(task: ChildTask): string {
  if (task.task === 'delete') return ` ${task.abandon ? 'abandon' : 'delete'}`;
  if (task.task === 'check') return ` check within ${task.allowed} ms`;
  return ` ${JSON.stringify(task.members)}`;
}

function effectText(w: Workflow, effect: Effect): string {
  const { step, dispatch } = effect.id;
  if (effect.kind === 'cancel') return `call back #${dispatch} of ${step}: ${effect.why}`;
  const { action, agent: to, reason } = effect.command;
  const phase = w.record(presentId(w.graph, step))?.phase ?? 'action';
  const given = 'inputs' in action && Object.keys(action.inputs).length > 0;
  const inputs = given
    ? ` ${JSON.stringify(action.inputs)}`
    : action.kind === 'workflow'
      ? taskText(action)
      : '';
  const goal = to === undefined ? '' : ` to ${to}`;
  const begun = effect.begun ? `, begun, ends at ${effect.begun.endsAt}` : '';
  return `send #${dispatch} of ${step}${goal}: ${phase}, ${action.kind}, ${reason}${inputs}${begun}`;
}
