// What Heat may ask of the engine: a closed list of methods, their parameters judged, their answers plain.
// Belongs here: method → parameters → EngineApi. Does not belong here: envelopes and queues (rpc-server.ts), what the
// answers look like to users (progress.ts, heat-resource/).
//
// H1. Every method may come twice: whoever changes something brings a request id, and the same id is once.
// H2. No method waits for a workflow: a caller asks `status`, again after as many seconds as the answer says.
import { z } from 'zod';
import { EngineError } from '../base/errors.ts';
import type { JsonObject, JsonValue } from '../base/json.ts';
import { LIMITS } from '../base/limits.ts';
import { checkInputs, checkMembers } from '../definition/inputs.ts';
import { parseDefinition } from '../definition/parse.ts';
import { type Problem, problemText } from '../definition/problems.ts';
import type { WorkflowRecord } from '../machine/types.ts';
import type { ActRequest, EngineApi } from '../runtime/api.ts';
import type { Clock } from '../runtime/ports.ts';
import { agentMethods } from './agent-methods.ts';
import type { RpcRequest } from './envelope.ts';
import { attributesOf, boundedGraph } from './attributes.ts';
import { isOver, pollAfter, sentencesOf } from './progress.ts';
import type { Endpoint } from './rpc-server.ts';
import { actionOf } from './signals.ts';

/** Raised with every change of what is asked or answered; a later minor version serves earlier callers. */
export const RPC_VERSION = '1.0';
/** Looks at a workflow that moves while it is to go on. */
const TURNS = 3;

const text = z.string();
const object = z.record(text, z.json());
/** Of an application credential; where its Keystone is, the engine's settings say. */
const credential = z.strictObject({ id: text, secret: text }).optional();
const member = z.strictObject({ agent: text, name: text, data: z.json().optional() });
const content = {
  definition: z.json(),
  file_name: text.default('definition'),
  files: z.record(text, text).default({}),
  inputs: object.default({}),
};

const PARAMETERS = {
  validate: z.strictObject({
    ...content,
    /** Inputs whose values are not known yet. */
    unknown_inputs: z.array(text).default([]),
    /** Absent: not known yet. */
    members: z.record(text, z.array(member)).nullish(),
  }),
  apply: z.strictObject({
    ...content,
    members: z.record(text, z.array(member)).default({}),
    workflow_id: text,
    request_id: text,
    stack_name: text,
    credential,
    /** Seconds that the resource waits at most; what runs then is called back. */
    deadline: z.number().min(0).optional(),
  }),
  status: z.strictObject({ workflow_id: text, after: z.int().min(0).default(0) }),
  show: z.strictObject({ workflow_id: text }),
  graph: z.strictObject({ workflow_id: text }),
  cancel: z.strictObject({ workflow_id: text, request_id: text }),
  delete: z.strictObject({
    workflow_id: text,
    request_id: text,
    abandon: z.boolean().default(false),
    credential,
  }),
  signal: z.strictObject({ workflow_id: text, request_id: text, details: z.json() }),
} as const;
type Parameters = { readonly [M in keyof typeof PARAMETERS]: z.infer<(typeof PARAMETERS)[M]> };

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
      apply: request => this.#apply(judged('apply', request), byOf(request)),
      status: request => this.#status(judged('status', request)),
      show: request => this.#show(judged('show', request)),
      graph: request => this.#graph(judged('graph', request)),
      cancel: request => {
        const { workflow_id: workflow, request_id: requestId } = judged('cancel', request);
        return this.#act({ kind: 'cancel', workflow, requestId, by: byOf(request) });
      },
      delete: request => {
        const asked = judged('delete', request);
        const { workflow_id: workflow, request_id: requestId, abandon } = asked;
        const right = rightOf(asked.credential);
        return this.#act({ kind: 'delete', workflow, requestId, abandon, ...right, by: byOf(request) });
      },
      signal: request => {
        const { workflow_id: workflow, request_id: requestId, details } = judged('signal', request);
        return this.#act({ ...actionOf(details), workflow, requestId, by: byOf(request) });
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
    return problemsOf([...problems, ...inputs, ...members]);
  }

  /**
   * Makes the workflow, or finds that it is there with the same content and, if it had failed, lets it go on. With another
   * content: `Conflict`.
   */
  async #apply(asked: Parameters['apply'], by: string): Promise<JsonValue> {
    const { workflow_id: id, request_id: requestId } = asked;
    const after = await this.#lastEntry(id);
    const allowed = asked.deadline === undefined ? {} : { allowed: Math.round(asked.deadline * 1_000) };
    const right = rightOf(asked.credential);
    const { problems } = await this.#api.create({
      id,
      requestId,
      stackName: asked.stack_name,
      document: { source: asked.definition, fileName: asked.file_name, files: asked.files },
      inputs: asked.inputs,
      members: membersOf(asked.members),
      ...allowed,
      ...right,
      by,
    });
    if (problems.length > 0) return problemsOf(problems);
    const taken = await this.#goOn(id, { requestId, ...allowed, ...right, by });
    return { ...problemsOf([]), after, taken };
  }

  /**
   * What was there already goes on from a failure, and has the time that the caller has now. False: it is being called
   * back and can go on only then, so the caller asks again, by the same request.
   */
  async #goOn(
    id: string,
    asked: Pick<ActRequest, 'requestId' | 'by'> & { allowed?: number; credential?: JsonObject },
  ): Promise<boolean> {
    for (let turn = 1; turn <= TURNS; turn += 1) {
      const { record } = await this.#api.workflow(id);
      if (record.status === 'cancelling' || record.status === 'undoing') return false;
      if (!canGoOn(record, asked.allowed)) return true;
      const requestId = `${asked.requestId}-resume${turn}`.slice(-64);
      const { status } = await this.#api.act({ ...asked, kind: 'resume', workflow: id, requestId });
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

  async #status({ workflow_id: id, after }: Parameters['status']): Promise<JsonValue> {
    const { record } = await this.#api.workflow(id);
    const entries = await this.#api.events(id, after, LIMITS.toldEntries);
    const now = this.#clock.now();
    const { status, reason } = record;
    return {
      status,
      reason,
      over: isOver(status),
      held_seconds: status === 'held' ? Math.max(0, Math.floor((now - record.at) / 1_000)) : 0,
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

  async #act(request: ActRequest): Promise<JsonValue> {
    const result = await this.#api.act(request);
    if (result.status === 'applied') return {};
    throw new EngineError('not_allowed', result.message, result.next);
  }
}

/** A failed one, and one under way whose time is another now. */
function canGoOn({ status, allowed }: WorkflowRecord, asked: number | undefined): boolean {
  if (status === 'failed') return true;
  const isUnderWay = status === 'running' || status === 'held';
  return isUnderWay && asked !== undefined && asked !== allowed;
}

/** EngineError `usage` when the parameters have another shape. */
function judged<M extends keyof Parameters>(method: M, { args }: RpcRequest): Parameters[M] {
  const found = PARAMETERS[method].safeParse(args);
  if (found.success) return found.data as Parameters[M];
  const [issue] = found.error.issues;
  const place = issue?.path.join('.') ?? '';
  throw new EngineError(
    'usage',
    `${method}: ${place === '' ? '' : `${place}: `}${issue?.message ?? 'wrong parameters'}.`,
    'Use a plugin of the same version as the engine.',
  );
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

type GivenMembers = { readonly [entity: string]: readonly z.infer<typeof member>[] };

const membersOf = (given: GivenMembers) =>
  Object.fromEntries(
    Object.entries(given).map(([entity, group]) => [
      entity,
      group.map(({ agent, name, data }) => ({ agent, name, ...(data === undefined ? {} : { data }) })),
    ]),
  );
