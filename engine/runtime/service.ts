// EngineApi over a running engine: every request is judged here, before anything of it is stored.
// Belongs here: checks at the door, sealing of hidden values, pages. Does not belong here: decisions (machine/), how a
// request reaches us (control/).
import { EngineError } from '../base/errors.ts';
import type { JsonObject } from '../base/json.ts';
import { missingCredential } from '../definition/checks/credential.ts';
import { checkInputs, checkMembers, checkParameters } from '../definition/inputs.ts';
import type { Problem } from '../definition/problems.ts';
import type { State, WorkflowDefinition } from '../definition/types.ts';
import { encodeUserValue } from '../definition/values.ts';
import type { Outline } from '../drawing/outline.ts';
import { analyseMembers } from '../graph/analyse.ts';
import { mermaid } from '../graph/describe.ts';
import type { ParentLink, WorkflowRecord } from '../machine/types.ts';
import { planUpdate } from '../plan/plan.ts';
import type { Explanation, WorkflowExplanation } from '../machine/why/types.ts';
import { notFound, otherContent } from './absorb.ts';
import { discarding } from './audit.ts';
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
import type { DeadLetterFilter, DeadLetterPage, DeadLettersKept, Discard } from './dead-letters.ts';
import type { Engine } from './engine.ts';
import { partsOf, type WorkflowParts } from './parts-view.ts';
import { checkId, expected, numbered, refusalOf, rejected, takes } from './door.ts';
import { explainFor, type Known } from './explain.ts';
import type {
  DefinitionDocument,
  InboxRow,
  LogEntry,
  NewSecret,
  RequestResult,
  WorkflowSource,
} from './ports.ts';
import { type Timeline, Timelines } from './timeline.ts';
import { type Rehearsal, rehearse } from './rehearsal.ts';
import type { WorkflowSummary } from './operator-api.ts';
import { recordsOf, summariesOf } from './pages.ts';
import { outlineOf, workflowView } from './views.ts';
import type { LiveWorkflow } from './live.ts';
import { type JudgedUpdate, judgeUpdate, type UpdateRequest } from './updates.ts';
import { sameSource } from './same-source.ts';
import { NO_RIGHT, sealCredential, sealValues } from './sealing.ts';
import { membership } from './workflows.ts';

export class EngineService implements EngineApi {
  readonly #engine: Engine;
  readonly #known: Known;
  readonly #agents: () => AgentsView;
  readonly #registrar: AgentsApi | undefined;
  readonly #letters: DeadLettersKept | undefined;
  readonly #timelines = new Timelines();

  /**
   * `known`, `agents`: what is known of one and of the way to it, and of all; without them nothing is, as where no engine runs.
   * `registrar`: who makes agents and members; absent where there is no broker for them. `letters`: what is kept of dead letters.
   */
  constructor(
    engine: Engine,
    known: Known = { presence: () => ({ kind: 'unknown' }) },
    agents: () => AgentsView = () => ({ agents: [], bus: { state: 'none' } }),
    registrar?: AgentsApi,
    letters?: DeadLettersKept,
  ) {
    this.#engine = engine;
    this.#known = known;
    this.#agents = agents;
    this.#registrar = registrar;
    this.#letters = letters;
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
    const right = sealCredential(this.#engine.vault, request.id, request.credential);
    const payload = {
      source: judged.source as unknown as JsonObject,
      ...(allowed !== undefined && { allowed }),
      ...right.payload,
    };
    const row = this.#row({ ...request, workflow: request.id, kind: 'create' }, payload);
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
    const sealed = sealValues(
      this.#engine.vault,
      `${request.id}/input`,
      inputs,
      name => definition.inputs.get(name)?.hidden === true,
    );
    const { id: _, requestId: __, ...rest } = request;
    const source = {
      stackName: rest.stackName,
      ...(rest.resource !== undefined && { resource: rest.resource }),
      ...(rest.project !== undefined && { project: rest.project }),
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
    const prepared = await this.#prepared(request, found);
    if ('status' in prepared) return prepared;
    return this.#engine.submit(prepared.row, prepared.document, prepared.secrets);
  }

  /**
   * What would follow from the request at once; nothing is stored or begun. Of an update that is a plan's business. EngineErrors as
   * of `act`.
   */
  async rehearse(request: ActRequest): Promise<Rehearsal> {
    checkId('workflow', request.workflow);
    const stored = await this.#engine.store.load(request.workflow);
    if (stored === undefined) throw notFound(request.workflow);
    const copy = await this.#engine.workflows.revive(stored);
    const prepared = await this.#prepared(request, copy);
    const { status } = copy.state.workflow;
    if ('status' in prepared)
      return { result: prepared, from: status, to: status, steps: [], starts: [], stops: [] };
    return rehearse(this.#engine.machine, copy, prepared.row, this.#engine.clock.now());
  }

  /** What is to be stored, or why it is refused at the door. */
  async #prepared(request: ActRequest, found: LiveWorkflow | undefined): Promise<Submission | RequestResult> {
    if (request.kind === 'delete' && found !== undefined) await this.#mayDelete(found);
    if (request.kind === 'update' && found !== undefined) return this.#update(request, found);
    if (request.kind === 'operate' && found !== undefined) return this.#operate(request, found);
    const { requestId: _, workflow, by: __, actor: ___, kind: ____, ...given } = request;
    const { payload, secrets } = this.#payload(request, given as JsonObject, found);
    const right =
      'credential' in request ? sealCredential(this.#engine.vault, workflow, request.credential) : NO_RIGHT;
    const row = this.#row(request, { ...payload, ...right.payload });
    return { row, secrets: [...secrets, ...right.secrets] };
  }

  #judgeUpdate(request: PlanRequest, found: LiveWorkflow): Promise<JudgedUpdate> {
    return judgeUpdate(request, found, {
      machine: this.#engine.machine,
      seal: (values, hidden) => sealValues(this.#engine.vault, `${request.workflow}/input`, values, hidden),
      open: ref => this.#engine.secret(ref),
    });
  }

  async plan(request: PlanRequest): Promise<PlanAnswer> {
    const found = await this.#found(request.workflow);
    const { change, definition, problems } = await this.#judgeUpdate(request, found);
    if (problems.some(({ severity }) => severity === 'error')) return { problems };
    return { plan: planUpdate(found.graph, found.state, change, definition), problems };
  }

  async #update(request: UpdateRequest, found: LiveWorkflow): Promise<Submission | RequestResult> {
    const { workflow, allowed, resource } = request;
    const judged = await this.#judgeUpdate(request, found);
    const refused = refusalOf(judged.problems);
    if (refused !== undefined) return refused;
    const { change, document, secrets } = judged;
    const right = sealCredential(this.#engine.vault, workflow, request.credential);
    const asked = change as unknown as JsonObject;
    const rest = {
      ...(allowed !== undefined && { allowed }),
      ...(resource !== undefined && { resource }),
      ...expected(request),
      ...right.payload,
    };
    const payload = { change: asked, ...rest };
    const row = this.#row(request, payload);
    return { row, ...(document && { document }), secrets: [...secrets, ...right.secrets] };
  }

  /** Its inputs are judged and sealed as those of the workflow. */
  #operate(
    request: ActRequest & { readonly kind: 'operate' },
    found: LiveWorkflow,
  ): Submission | RequestResult {
    const { workflow, operation: name, id, inputs: given, allowed } = request;
    checkId('operation', id);
    const { definition } = found.shape;
    const operation = definition.operations?.get(name);
    const declared = operation?.inputs ?? new Map();
    const judged = operation ? checkParameters(operation.inputs, given) : NO_INPUTS;
    const refused = refusalOf(judged.problems);
    if (refused !== undefined) return refused;
    const place = `${workflow}/operation/${id}`;
    const sealed = sealValues(
      this.#engine.vault,
      place,
      judged.inputs,
      key => declared.get(key)?.hidden === true,
    );
    const rest = { ...(allowed !== undefined && { allowed }), ...expected(request) };
    const asked = { operation: name, id, inputs: sealed.values, ...rest };
    return { row: this.#row(request, asked), secrets: sealed.secrets };
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
      sealValues(
        this.#engine.vault,
        `${request.workflow}/${place}`,
        encodeUserValue(values) as JsonObject,
        name => states.some(state => state.outputs.get(name)?.hidden === true),
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

  list(options: ListOptions = {}): Promise<readonly WorkflowRecord[]> {
    return recordsOf(this.#engine, options);
  }

  ofStack(name: string): Promise<readonly WorkflowSummary[]> {
    return summariesOf(this.#engine, name);
  }

  async workflow(id: string): Promise<WorkflowView> {
    return workflowView(await this.#found(id), this.#engine.setAside(id));
  }

  explain(id: string, step?: string): Promise<Explanation | WorkflowExplanation> {
    return explainFor(this.#engine, this.#known, id, step);
  }

  async graph(id: string): Promise<string> {
    return mermaid((await this.#found(id)).graph.definition);
  }

  async outline(id: string): Promise<Outline> {
    return outlineOf((await this.#found(id)).graph);
  }

  async timeline(id: string): Promise<Timeline> {
    const { graph, state } = await this.#found(id);
    const course = await this.#timelines.course(id, this.#engine.store);
    return course.timeline(graph, state.workflow.createdAt);
  }

  /** Who takes part, and what can be run on it. Errors as of `workflow`. */
  async parts(id: string): Promise<WorkflowParts> {
    const found = await this.#found(id);
    return partsOf(found, this.#known, await this.#timelines.course(id, this.#engine.store));
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

  async deadLetters(filter: DeadLetterFilter): Promise<DeadLetterPage> {
    return this.#letters?.page(filter) ?? { letters: [], kept: 0 };
  }

  /** Noted before it is done. */
  async discardDeadLetters(request: Discard): Promise<{ readonly discarded: number }> {
    const letters = this.#letters;
    if (letters === undefined) return { discarded: 0 };
    await this.#engine.store.keep([], [discarding(request, this.#engine.clock.now())]);
    return { discarded: await letters.discard(request) };
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
    {
      requestId,
      workflow,
      kind,
      by,
      actor,
    }: Pick<InboxRow, 'requestId' | 'workflow' | 'kind' | 'by' | 'actor'>,
    payload: JsonObject,
  ): InboxRow {
    const who = { by, ...(actor !== undefined && { actor }) };
    return { requestId, workflow, kind, payload, ...who, at: this.#engine.clock.now() };
  }
}

/** What `submit` takes. */
interface Submission {
  readonly row: InboxRow;
  readonly document?: DefinitionDocument;
  readonly secrets: readonly NewSecret[];
}

const NO_INPUTS = { inputs: {}, problems: [] } as const;
