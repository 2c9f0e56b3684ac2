// What Heat may ask of the engine: a closed list of methods, their parameters judged, their answers plain.
// Belongs here: method → parameters → EngineApi. Does not belong here: envelopes and queues (rpc-server.ts), what the
// answers look like to users (progress.ts, heat-resource/).
//
// H1. Every method may come twice: whoever changes something brings a request id, and the same id is once.
// H2. No method waits for a workflow: a caller asks `status`, again after as many seconds as the answer says.
import { EngineError } from '../base/errors.ts';
import type { JsonObject, JsonValue } from '../base/json.ts';
import { LIMITS } from '../base/limits.ts';
import { checkInputs, checkMembers, checkParameters } from '../definition/inputs.ts';
import { didYouMean } from '../definition/nearest.ts';
import { parseDefinition } from '../definition/parse.ts';
import { type Problem, problemText } from '../definition/problems.ts';
import type { WorkflowDefinition } from '../definition/types.ts';
import type { WorkflowRecord } from '../machine/types.ts';
import { restingStatus } from '../machine/workflow-record.ts';
import type { ActRequest, CreateRequest, EngineApi, WorkflowView } from '../runtime/api.ts';
import type { Clock } from '../runtime/ports.ts';
import { agentMethods } from './agent-methods.ts';
import type { RpcRequest } from './envelope.ts';
import { attributesOf, boundedGraph } from './attributes.ts';
import { doubtsOf, isDoubted } from './doubts.ts';
import { isOver, planText, pollAfter, sentencesOf } from './progress.ts';
import { type GivenMembers, judged, type Parameters } from './parameters.ts';
import type { Endpoint } from './rpc-server.ts';
import { actionOf } from './signals.ts';

/** Raised with every change of what is asked or answered; a later minor version serves earlier callers. */
export const RPC_VERSION = '1.4';
/** Looks at a workflow that moves while it is to go on. */
const TURNS = 3;

type Given = Pick<
  CreateRequest,
  'resource' | 'document' | 'inputs' | 'members' | 'allowed' | 'credential' | 'by'
>;

export function heatEndpoint(api: EngineApi, clock: Clock): Endpoint {
  return { version: RPC_VERSION, methods: new Methods(api, clock).table() };
}

class Methods {
  readonly #api: EngineApi;
  readonly #clock: Clock;

  constructor(api: EngineApi, clock: Clock) {
    this.#api = api;
    this.#clock = clock;
  }

  table(): Endpoint['methods'] {
    return {
      ...agentMethods(this.#api, byOf),
      validate: request => this.#validate(judged('validate', request)),
      apply: request => this.#apply(judged('apply', request), request),
      status: request => this.#status(judged('status', request)),
      show: request => this.#show(judged('show', request)),
      graph: request => this.#graph(judged('graph', request)),
      operate: request => {
        const { workflow_id: workflow, request_id: requestId, ...asked } = judged('operate', request);
        const { operation: name, id, inputs } = asked;
        return this.#act({
          kind: 'operate',
          operation: name,
          id,
          inputs,
          workflow,
          requestId,
          by: byOf(request),
        });
      },
      cancel: request => {
        const { workflow_id: workflow, request_id: requestId } = judged('cancel', request);
        return this.#act({ kind: 'cancel', workflow, requestId, by: byOf(request) });
      },
      suspend: request => {
        const { workflow_id: workflow, request_id: requestId } = judged('suspend', request);
        return this.#begin({ kind: 'suspend', workflow, requestId, by: byOf(request) });
      },
      resume: request => {
        const { workflow_id: workflow, request_id: requestId } = judged('resume', request);
        return this.#resume({ kind: 'resume', workflow, requestId, by: byOf(request) });
      },
      check: request => {
        const { workflow_id: workflow, request_id: requestId, deadline } = judged('check', request);
        const allowed = deadline === undefined ? {} : { allowed: Math.round(deadline * 1_000) };
        return this.#begin({ kind: 'check', workflow, requestId, ...allowed, by: byOf(request) });
      },
      delete: request => {
        const asked = judged('delete', request);
        const { workflow_id: workflow, request_id: requestId, abandon } = asked;
        const right = rightOf(asked.credential);
        return this.#begin({ kind: 'delete', workflow, requestId, abandon, ...right, by: byOf(request) });
      },
      signal: request => {
        const { workflow_id: workflow, request_id: requestId, details } = judged('signal', request);
        return this.#act({ ...actionOf(details, requestId), workflow, requestId, by: byOf(request) });
      },
    };
  }

  /** Every problem that can be known before the resource is made. Stores nothing. */
  async #validate(asked: Parameters['validate']): Promise<JsonValue> {
    const { definition, problems } = parseDefinition(asked.definition, {
      fileName: asked.file_name,
      files: asked.files,
    });
    if (definition === undefined) return problemsOf(problems);
    const unknown = new Set(asked.unknown_inputs);
    const isKnown = ({ pointer }: Problem): boolean => !unknown.has(pointer.split('/')[1] ?? '');
    const inputs = checkInputs(definition, asked.inputs).problems.filter(isKnown);
    const members = asked.members ? checkMembers(definition, membersOf(asked.members)) : [];
    const operations = asked.operations.flatMap((one, index) => operationProblems(definition, one, index));
    return problemsOf([...problems, ...inputs, ...members, ...operations]);
  }

  /**
   * Makes the workflow, or gives the one that is there the definition, inputs and members that it is to have now and, if it had
   * failed, lets it go on. The same again changes nothing.
   */
  async #apply(asked: Parameters['apply'], request: RpcRequest): Promise<JsonValue> {
    const by = byOf(request);
    const { projectId: project } = request.context;
    const owner = project === '' ? {} : { project };
    const { workflow_id: id, request_id: requestId } = asked;
    const after = await this.#lastEntry(id);
    const allowed = asked.deadline === undefined ? {} : { allowed: Math.round(asked.deadline * 1_000) };
    const given = {
      ...(asked.resource_name !== undefined && { resource: asked.resource_name }),
      document: { source: asked.definition, fileName: asked.file_name, files: asked.files },
      inputs: asked.inputs,
      members: membersOf(asked.members),
      ...allowed,
      ...rightOf(asked.credential),
      by,
    };
    const found = after === 0 ? undefined : await this.#api.workflow(id);
    if (found !== undefined && isPassing(found.record)) return { ...problemsOf([]), after, taken: false };
    const answer =
      found !== undefined && TAKES_CHANGES.has(found.record.status)
        ? await this.#change(found, requestId, given)
        : {
            ...(await this.#api.create({ ...given, ...owner, id, requestId, stackName: asked.stack_name })),
            told: [],
          };
    if (answer === 'passing') return { ...problemsOf([]), after, taken: false };
    if (answer.problems.length > 0) return problemsOf(answer.problems);
    const { document: _, inputs: __, members: ___, resource: ____, ...rest } = given;
    const taken = await this.#goOn(id, { requestId, ...rest });
    return { ...problemsOf([]), after, taken, told: answer.told };
  }

  /**
   * `told`: what the change will do, for the people who look at the stack. Whole: a group or an input that is not named is to be empty, or to have its default. `passing`: it began to be called back and
   * takes no change before that has ended. EngineError `not_allowed` for a change that cannot be made.
   */
  async #change(
    { record: { id, seq, generation }, members }: WorkflowView,
    requestId: string,
    { by, ...given }: Given,
  ): Promise<{ readonly problems: readonly Problem[]; readonly told: string[] } | 'passing'> {
    const groups = Object.fromEntries(Object.keys(members).map(entity => [entity, []]));
    const whole = { whole: true, workflow: id, members: { ...groups, ...given.members } } as const;
    const { resource, ...content } = given;
    const change = { ...content, ...whole };
    const { plan } = await this.#api.plan(change);
    // Asked again after it has moved, it is judged again.
    const request = { kind: 'update', by, requestId: `${requestId}-change${seq}`.slice(-64) } as const;
    const named = resource === undefined ? {} : { resource };
    const result = await this.#api.act({ ...change, ...named, ...request });
    if (result.status === 'applied')
      return { problems: [], told: plan && plan.generation > generation ? [planText(plan)] : [] };
    if (isPassing((await this.#api.workflow(id)).record)) return 'passing';
    if (result.problems !== undefined) return { problems: result.problems, told: [] };
    throw new EngineError('not_allowed', result.message, result.next);
  }

  /**
   * What was there already goes on from a failure, runs again what is unverified, and has the time that the caller has now. False: it is being called
   * back and can go on only then, so the caller asks again, by the same request.
   */
  async #goOn(
    id: string,
    asked: Pick<ActRequest, 'requestId' | 'by'> & { allowed?: number; credential?: JsonObject },
  ): Promise<boolean> {
    for (let turn = 1; turn <= TURNS; turn += 1) {
      const view = await this.#api.workflow(id);
      if (isPassing(view.record)) return false;
      const kind = howToGoOn(view, asked.allowed);
      if (kind === undefined) return true;
      const requestId = `${asked.requestId}-${kind}${turn}`.slice(-64);
      const { status } = await this.#api.act({ ...asked, kind, workflow: id, requestId });
      if (status === 'applied') return true;
      // It moved between our look and the request: its end, or another caller's resume.
    }
    return false;
  }

  /** Number of the last entry of its log, so that what happened before is not told again; 0: there is no such workflow. */
  async #lastEntry(id: string): Promise<number> {
    try {
      return (await this.#api.workflow(id)).record.seq;
    } catch (thrown) {
      if (thrown instanceof EngineError && thrown.code === 'not_found') return 0;
      throw thrown;
    }
  }

  /** `suspended`: by whom; `at_rest`: it is, and no attempt is under way: then it waits for a person. */
  async #status({ workflow_id: id, after }: Parameters['status']): Promise<JsonValue> {
    const view = await this.#api.workflow(id);
    const { record } = view;
    const entries = await this.#api.events(id, after, LIMITS.toldEntries);
    const now = this.#clock.now();
    const atRest = record.suspended?.rests === true;
    const { status, reason } = atRest ? asHeld(record) : record;
    return {
      status,
      reason,
      over: isOver(status),
      suspended: record.suspended?.by ?? '',
      at_rest: atRest,
      check: { stopped: record.checked?.stopped ?? '', doubts: [...doubtsOf(view)] },
      held_seconds: status === 'held' ? Math.max(0, Math.floor((now - record.at) / 1_000)) : 0,
      operations: (record.operations ?? []).map(({ id: of, name, status: end, reason: why }) => ({
        id: of,
        operation: name,
        status: end,
        reason: why,
      })),
      events: [...sentencesOf(entries)],
      after: entries.at(-1)?.seq ?? after,
      poll_after: pollAfter(status, now - record.createdAt),
    };
  }

  async #show({ workflow_id: id }: Parameters['show']): Promise<JsonValue> {
    return attributesOf(await this.#api.workflow(id));
  }

  async #graph({ workflow_id: id }: Parameters['graph']): Promise<JsonValue> {
    return boundedGraph(await this.#api.graph(id), id);
  }

  /** `after`: what is told of it begins here. */
  async #begin(request: ActRequest): Promise<JsonValue> {
    const after = await this.#lastEntry(request.workflow);
    await this.#act(request);
    return { after };
  }

  /** From where it was suspended; nothing where somebody has let it go on already. */
  async #resume(request: ActRequest): Promise<JsonValue> {
    const { record } = await this.#api.workflow(request.workflow);
    return record.suspended === undefined ? {} : this.#act(request);
  }

  async #act(request: ActRequest): Promise<JsonValue> {
    const result = await this.#api.act(request);
    if (result.status === 'applied') return {};
    throw new EngineError('not_allowed', result.message, result.next);
  }
}

/** It is called back, and goes on only after that. */
const isPassing = ({ status }: WorkflowRecord): boolean => status === 'cancelling' || status === 'undoing';

const TAKES_CHANGES: ReadonlySet<WorkflowRecord['status']> = new Set([
  'running',
  'held',
  'failed',
  'complete',
  'checking',
]);

const asHeld = ({ status, reason, suspended }: WorkflowRecord): Pick<WorkflowRecord, 'status' | 'reason'> =>
  suspended === undefined || isOver(status)
    ? { status, reason }
    : { status: 'held', reason: `it is suspended by ${suspended.by}: resume it` };

/** A failed one, a suspended one, one under way whose time is another now, and one in which something is in doubt. */
function howToGoOn(
  { record, steps }: WorkflowView,
  asked: number | undefined,
): 'resume' | 'converge' | undefined {
  const { allowed, suspended } = record;
  const status = restingStatus(record);
  if (status === 'failed' || suspended !== undefined) return 'resume';
  if (status === 'complete') return steps.some(isDoubted) ? 'converge' : undefined;
  const isUnderWay = status === 'running' || status === 'held';
  return isUnderWay && asked !== undefined && asked !== allowed ? 'resume' : undefined;
}

/** What is wrong with an operation of the template; where its definition is known. */
function operationProblems(
  { operations = new Map() }: WorkflowDefinition,
  { operation: name, inputs }: { readonly operation: string; readonly inputs: JsonObject },
  index: number,
): readonly Problem[] {
  const pointer = `/operations/${index}`;
  const found = operations.get(name);
  if (found === undefined) {
    const hint = didYouMean(name, [...operations.keys()]);
    const message = `The definition has no operation '${name.slice(0, 80)}'.`;
    return [{ code: 'unknown_name', pointer, message, severity: 'error', ...(hint && { hint }) }];
  }
  const { problems } = checkParameters(found.inputs, inputs);
  return problems.map(one => ({ ...one, pointer: `${pointer}/inputs${one.pointer}` }));
}

/** In the form that the engine keeps; its Keystone is that of the engine's settings, never a template's. */
function rightOf(given: { readonly id: string; readonly secret: string } | undefined): {
  readonly credential?: JsonObject;
} {
  if (given === undefined) return {};
  const auth = { application_credential_id: given.id, application_credential_secret: given.secret };
  return { credential: { auth_type: 'v3applicationcredential', auth } };
}

const byOf = ({ context }: RpcRequest): string => `heat user ${context.userId || 'unknown'}`;

function problemsOf(problems: readonly Problem[]): JsonObject {
  return {
    valid: problems.every(problem => problem.severity !== 'error'),
    problems: problems.map(problem => ({
      severity: problem.severity,
      code: problem.code,
      text: problemText(problem),
    })),
  };
}

const membersOf = (given: GivenMembers) =>
  Object.fromEntries(
    Object.entries(given).map(([entity, group]) => [
      entity,
      group.map(({ agent, name, data }) => ({ agent, name, ...(data === undefined ? {} : { data }) })),
    ]),
  );
