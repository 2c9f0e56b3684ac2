// EngineApi over a running engine: every request is judged here, before anything of it is stored.
// Belongs here: checks at the door, sealing of hidden values, pages. Does not belong here: decisions (machine/), how a
// request reaches us (control/).
import { readCredential } from '../base/credential.ts';
import { EngineError } from '../base/errors.ts';
import { ID } from '../base/ids.ts';
import type { JsonObject, JsonValue } from '../base/json.ts';
import { missingCredential } from '../definition/checks/credential.ts';
import { checkInputs, checkMembers, checkParameters } from '../definition/inputs.ts';
import type { Problem } from '../definition/problems.ts';
import type { State, WorkflowDefinition } from '../definition/types.ts';
import { encodeUserValue } from '../definition/values.ts';
import { analyseMembers } from '../graph/analyse.ts';
import { mermaid } from '../graph/describe.ts';
import type { Member } from '../graph/types.ts';
import type { ParentLink, WorkflowRecord } from '../machine/types.ts';
import { planUpdate } from '../plan/plan.ts';
import type { Explanation, Presence, Surroundings, WorkflowExplanation } from '../machine/why/types.ts';
import { notFound, otherContent } from './absorb.ts';
import type {
  ActRequest,
  AgentsView,
  CreateRequest,
  EngineApi,
  Happening,
  ListOptions,
  PlanAnswer,
  PlanRequest,
  WorkflowView,
} from './api.ts';
import type { AgentRequest, AgentsApi } from './agents-api.ts';
import type { Engine } from './engine.ts';
import { explanation, withChildren } from './explain.ts';
import type { InboxRow, LogEntry, NewSecret, RequestResult, WorkflowSource } from './ports.ts';
import { withReason, workflowView } from './views.ts';
import type { LiveWorkflow } from './live.ts';
import { type JudgedUpdate, judgeUpdate, type UpdateRequest } from './updates.ts';
import { sameSource } from './same-source.ts';
import { membership } from './workflows.ts';

/** Records read at a time by `list`. */
const PAGE = 1_000;

export class EngineService implements EngineApi {
  readonly #engine: Engine;
  readonly #presence: (agent: string) => Presence;
  readonly #agents: () => AgentsView;
  readonly #registrar: AgentsApi | undefined;

  /**
   * `presence`, `agents`: what is known of one, and of all; without them nothing is, as where no engine runs.
   * `registrar`: who makes agents and members; absent where there is no broker for them.
   */
  constructor(
    engine: Engine,
    presence: (agent: string) => Presence = () => ({ kind: 'unknown' }),
    agents: () => AgentsView = () => ({ agents: [], bus: { state: 'none' } }),
    registrar?: AgentsApi,
  ) {
    this.#engine = engine;
    this.#presence = presence;
    this.#agents = agents;
    this.#registrar = registrar;
  }

  /** `parent`: the step that runs it as its child. */
  async create(
    request: CreateRequest,
    parent?: ParentLink,
  ): Promise<{ readonly problems: readonly Problem[] }> {
    checkId('workflow', request.id);
    checkId('request', request.requestId);
    const { source, fileName, files } = request.document;
    const { definition, problems } = this.#engine.machine.parseDefinition(source, { fileName, files });
    if (definition === undefined) return { problems };
    const lacking = request.credential === undefined ? missingCredential(definition) : undefined;
    if (lacking !== undefined) return { problems: [lacking] };
    const judged = this.#judge(definition, request, parent);
    if (judged.problems.some(problem => problem.severity === 'error')) return { problems: judged.problems };
    const document = { digest: definition.digest, ...request.document };
    const { allowed } = request;
    const right = this.#sealCredential(request.id, request.credential);
    const payload = {
      source: judged.source as unknown as JsonObject,
      ...(allowed !== undefined && { allowed }),
      ...right.payload,
    };
    const row = this.#row(request.requestId, request.id, 'create', payload, request.by);
    const result = await this.#engine.submit(row, document, [...judged.secrets, ...right.secrets]);
    await this.#confirm(request.id, judged.source, result);
    return { problems: [] };
  }

  /** Inputs, members and graph; the source to store, with hidden inputs by reference. */
  #judge(
    definition: WorkflowDefinition,
    request: CreateRequest,
    parent: ParentLink | undefined,
  ): {
    readonly source: WorkflowSource;
    readonly secrets: readonly NewSecret[];
    readonly problems: readonly Problem[];
  } {
    const { inputs, problems } = checkInputs(definition, request.inputs);
    const members = numbered(request.members);
    const early = [...problems, ...checkMembers(definition, request.members)];
    const sealed = this.#seal(
      `${request.id}/input`,
      inputs,
      name => definition.inputs.get(name)?.hidden === true,
    );
    const { id: _, requestId: __, ...rest } = request;
    const source = {
      stackName: rest.stackName,
      definition: definition.digest,
      inputs: sealed.values,
      members,
      ...(parent && { parent }),
    };
    if (early.some(problem => problem.severity === 'error')) return { source, secrets: [], problems: early };
    return {
      source,
      secrets: sealed.secrets,
      problems: [...early, ...analyseMembers(definition, membership(members))],
    };
  }

  /** A row that was known already may have been another content's: then its answer is not this request's. */
  async #confirm(id: string, source: WorkflowSource, result: RequestResult): Promise<void> {
    if (result.status === 'rejected') throw rejected(result);
    const found = await this.#engine.find(id);
    if (found === undefined) return;
    if (!sameSource(found.source, source)) throw otherContent(id);
  }

  async act(request: ActRequest): Promise<RequestResult> {
    checkId('workflow', request.workflow);
    checkId('request', request.requestId);
    const known = await this.#engine.store.result(request.requestId);
    if (known !== undefined && known !== 'accepted') return known;
    const found = await this.#engine.find(request.workflow);
    if (found === undefined && request.kind !== 'delete') throw notFound(request.workflow);
    if (request.kind === 'delete' && found !== undefined) await this.#mayDelete(found);
    if (request.kind === 'update' && found !== undefined) return this.#update(request, found);
    if (request.kind === 'operate' && found !== undefined) return this.#operate(request, found);
    const { requestId, workflow, by, kind, ...given } = request;
    const { payload, secrets } = this.#payload(request, given as JsonObject, found);
    const right = 'credential' in request ? this.#sealCredential(workflow, request.credential) : NO_RIGHT;
    const row = this.#row(requestId, workflow, kind, { ...payload, ...right.payload }, by);
    return this.#engine.submit(row, undefined, [...secrets, ...right.secrets]);
  }

  #judgeUpdate(request: PlanRequest, found: LiveWorkflow): Promise<JudgedUpdate> {
    return judgeUpdate(request, found, {
      machine: this.#engine.machine,
      seal: (values, hidden) => this.#seal(`${request.workflow}/input`, values, hidden),
      open: ref => this.#engine.secret(ref),
    });
  }

  async plan(request: PlanRequest): Promise<PlanAnswer> {
    const found = await this.#found(request.workflow);
    const { change, definition, problems } = await this.#judgeUpdate(request, found);
    if (problems.some(({ severity }) => severity === 'error')) return { problems };
    return { plan: planUpdate(found.graph, found.state, change, definition), problems };
  }

  async #update(request: UpdateRequest, found: LiveWorkflow): Promise<RequestResult> {
    const { requestId, workflow, by, allowed } = request;
    const judged = await this.#judgeUpdate(request, found);
    const refused = refusalOf(judged.problems);
    if (refused !== undefined) return refused;
    const { change, document, secrets } = judged;
    const right = this.#sealCredential(workflow, request.credential);
    const asked = change as unknown as JsonObject;
    const payload = { change: asked, ...(allowed !== undefined && { allowed }), ...right.payload };
    const row = this.#row(requestId, workflow, 'update', payload, by);
    return this.#engine.submit(row, document, [...secrets, ...right.secrets]);
  }

  /** Its inputs are judged and sealed as those of the workflow. */
  async #operate(
    request: ActRequest & { readonly kind: 'operate' },
    found: LiveWorkflow,
  ): Promise<RequestResult> {
    const { requestId, workflow, by, operation: name, id, inputs: given, allowed } = request;
    checkId('operation', id);
    const { definition } = found.shape;
    const operation = definition.operations?.get(name);
    const declared = operation?.inputs ?? new Map();
    const judged = operation ? checkParameters(operation.inputs, given) : NO_INPUTS;
    const refused = refusalOf(judged.problems);
    if (refused !== undefined) return refused;
    const place = `${workflow}/operation/${id}`;
    const sealed = this.#seal(place, judged.inputs, key => declared.get(key)?.hidden === true);
    const asked = { operation: name, id, inputs: sealed.values, ...(allowed !== undefined && { allowed }) };
    const row = this.#row(requestId, workflow, 'operate', asked, by);
    return this.#engine.submit(row, undefined, sealed.secrets);
  }

  /** A child goes with the step that runs it. One whose parent is gone is anybody's. */
  async #mayDelete({ id, source: { parent } }: LiveWorkflow): Promise<void> {
    if (parent === undefined || (await this.#engine.find(parent.workflow)) === undefined) return;
    throw new EngineError(
      'not_allowed',
      `Workflow '${id}' is the child of ${parent.step} of workflow '${parent.workflow}', and is deleted with it.`,
      `Delete '${parent.workflow}', or cancel '${id}'.`,
    );
  }

  /** Outputs that an operator or a signal brings are sealed where the state declares them hidden. */
  #payload(
    request: ActRequest,
    given: JsonObject,
    found: LiveWorkflow | undefined,
  ): { readonly payload: JsonObject; readonly secrets: readonly NewSecret[] } {
    if (found === undefined) return { payload: given, secrets: [] };
    const sealFor = (place: string, states: readonly State[], values: JsonObject) =>
      this.#seal(`${request.workflow}/${place}`, encodeUserValue(values) as JsonObject, name =>
        states.some(state => state.outputs.get(name)?.hidden === true),
      );
    if (request.kind === 'skip') {
      const state = found.graph.steps[found.graph.stepById.get(request.step) ?? -1]?.state;
      const { values, secrets } = sealFor(`${request.step}/skip`, state ? [state] : [], request.outputs);
      return { payload: { ...given, outputs: values }, secrets };
    }
    if (request.kind !== 'signal') return { payload: given, secrets: [] };
    const states = found.graph.steps.map(step => step.state).filter(state => takes(state, request.name));
    const { values, secrets } = sealFor(`signal/${request.name}`, states, request.data);
    return { payload: { ...given, data: values }, secrets };
  }

  /** Judged again, for it may have come from outside. EngineError `usage`. */
  #sealCredential(
    workflow: string,
    given: JsonObject | undefined,
  ): {
    readonly payload: { readonly credential?: string };
    readonly secrets: readonly NewSecret[];
  } {
    if (given === undefined) return NO_RIGHT;
    const credential = readCredential(given) as JsonObject;
    const place = `${workflow}/credential`;
    const ref = `${place}/${this.#engine.vault.fingerprint(place, credential)}`;
    return { payload: { credential: ref }, secrets: [this.#engine.vault.seal(ref, credential)] };
  }

  /** The reference holds a keyed fingerprint of the value: equal requests stay equal, and nothing can be read from it. */
  #seal(
    place: string,
    values: JsonObject,
    hidden: (name: string) => boolean,
  ): { readonly values: JsonObject; readonly secrets: readonly NewSecret[] } {
    const secrets: NewSecret[] = [];
    const sealed = Object.entries(values).map(([name, value]): [string, JsonValue] => {
      if (!hidden(name)) return [name, value];
      const ref = `${place}/${name}/${this.#engine.vault.fingerprint(place, value)}`;
      secrets.push(this.#engine.vault.seal(ref, value));
      return [name, { $secret: ref }];
    });
    return { values: Object.fromEntries(sealed), secrets };
  }

  async list({ children = false }: ListOptions = {}): Promise<readonly WorkflowRecord[]> {
    const records: WorkflowRecord[] = [];
    for (let after: string | undefined; ; after = records.at(-1)?.id) {
      const page = await this.#engine.store.list({ limit: PAGE, ...(after === undefined ? {} : { after }) });
      records.push(...page.map(record => withReason(record, this.#engine.setAside(record.id))));
      if (page.length < PAGE) return children ? records : records.filter(record => !record.parent);
    }
  }

  async workflow(id: string): Promise<WorkflowView> {
    return workflowView(await this.#found(id), this.#engine.setAside(id));
  }

  async explain(id: string, step?: string): Promise<Explanation | WorkflowExplanation> {
    const answer = explanation(await this.#found(id), step, this.#around(id));
    return withChildren(answer, async child => {
      const found = await this.#engine.find(child);
      return found && explanation(found, undefined, this.#around(child));
    });
  }

  #around(id: string): Surroundings {
    const setAside = this.#engine.setAside(id);
    const now = this.#engine.clock.now();
    return { now, presence: this.#presence, ...(setAside !== undefined && { setAside }) };
  }

  async graph(id: string): Promise<string> {
    return mermaid((await this.#found(id)).graph.definition);
  }

  async administer(request: AgentRequest): Promise<JsonObject> {
    if (this.#registrar !== undefined) return this.#registrar.administer(request);
    throw new EngineError(
      'not_allowed',
      'This engine has no broker over which it could reach agents in VMs.',
      'Set `agents` in the settings of `murano-workflow engine`, and start it.',
    );
  }

  async agents(): Promise<AgentsView> {
    return this.#agents();
  }

  async events(id: string, after: number, limit: number): Promise<readonly LogEntry[]> {
    const entries = await this.#engine.store.events(id, after, limit);
    if (entries.length === 0 && (await this.#engine.store.load(id)) === undefined) throw notFound(id);
    return entries;
  }

  follow(id: string, signal: AbortSignal): AsyncIterable<Happening> {
    const happenings = this.#engine.followers.follow(id, signal);
    const found = this.#found(id);
    found.catch(() => {});
    return (async function* checked() {
      await found;
      yield* happenings;
    })();
  }

  async #found(id: string): Promise<LiveWorkflow> {
    const found = await this.#engine.find(id);
    if (found === undefined) throw notFound(id);
    return found;
  }

  #row(
    requestId: string,
    workflow: string,
    kind: InboxRow['kind'],
    payload: JsonObject,
    by: string,
  ): InboxRow {
    return { requestId, workflow, kind, payload, by, at: this.#engine.clock.now() };
  }
}

const NO_INPUTS = { inputs: {}, problems: [] } as const;

/** What was given cannot be used; undefined: it can. */
function refusalOf(problems: readonly Problem[]): RequestResult | undefined {
  const errors = problems.filter(({ severity }) => severity === 'error');
  const [first] = errors;
  if (first === undefined) return undefined;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  const next = first.hint ?? 'Correct it, then ask again.';
  return { status: 'rejected', code: codeOf(first), message: `${first.message}${more}`, next, problems };
}

const codeOf = ({ code }: Problem): string =>
  code === 'inputs_invalid' || code === 'members_invalid' ? code : 'definition_invalid';

const NO_RIGHT = { payload: {}, secrets: [] } as const;

/** Index in the order given: for a new workflow that is the lowest free one. */
function numbered(members: CreateRequest['members']): WorkflowSource['members'] {
  return Object.fromEntries(
    Object.entries(members).map(([entity, group]) => [
      entity,
      group.map(
        ({ agent, name, data }, index): Member => ({ agent, name, index, data: encodeUserValue(data ?? {}) }),
      ),
    ]),
  );
}

function checkId(what: string, id: string): void {
  if (ID.test(id)) return;
  throw new EngineError(
    'usage',
    `'${id.slice(0, 80)}' cannot be the id of ${what === 'operation' ? 'an' : 'a'} ${what}.`,
    'Use 1 to 64 letters, digits, - and _, beginning with a letter or digit.',
  );
}

const takes = ({ action }: State, signal: string): boolean =>
  action?.kind === 'signal' && action.name === signal;

function rejected(result: RequestResult & { readonly status: 'rejected' }): EngineError {
  const code = result.code === 'not_found' || result.code === 'not_allowed' ? result.code : 'conflict';
  return new EngineError(code, result.message, result.next);
}
