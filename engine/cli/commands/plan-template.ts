// `plan STACK RESOURCE --template FILE`: what a stack update by another template would do to the workflow that is a resource of it.
// Belongs here: template → what the engine is asked, as the plugin would ask it; what only Heat can know. Does not belong here: the
// template's language (hot/), the plan (plan/), its layout (views/plan.ts).
//
// T1  Nothing is asked of Heat. What only Heat can know stands as it stands today, and the plan says so.
import type { JsonObject } from '../../base/json.ts';
import { didYouMean } from '../../definition/nearest.ts';
import { pointerTo } from '../../definition/positions.ts';
import type { Problem } from '../../definition/problems.ts';
import type { WorkflowDefinition } from '../../definition/types.ts';
import { parametersOf } from '../../hot/parameters.ts';
import { Resolver } from '../../hot/resolve.ts';
import { readWorkflow, type Taken, type WorkflowResource } from '../../hot/workflow.ts';
import type { EngineApi, PlanRequest, WorkflowView } from '../../runtime/api.ts';
import type { ExitCode } from '../exits.ts';
import { ProblemsFound, usageError } from '../failure.ts';
import { type Found, findWorkflow } from '../find-workflow.ts';
import type { Context } from '../host.ts';
import type { Document } from '../language.ts';
import { readFrom } from '../loading.ts';
import { noState, withReader } from '../sessions.ts';
import { type LoadedTemplate, loadTemplate, stopAtErrors } from '../template.ts';
import { parseValues } from '../values.ts';
import type { Sources } from '../views/problems.ts';
import type { UpdateOptions } from './change.ts';
import { endPlan, plan } from './plan.ts';
import path from 'node:path';

export interface TemplateOptions extends UpdateOptions {
  readonly template?: string;
  readonly parameter?: readonly string[];
  readonly environment?: readonly string[];
  readonly project?: string;
}

/** What `plan` is asked: of a template where one is named. EngineError `usage` for words that go with a template alone. */
export async function planOrTemplate(
  context: Context,
  name: string | undefined,
  resource: string | undefined,
  options: TemplateOptions,
): Promise<ExitCode> {
  if (options.template !== undefined && name !== undefined)
    return planTemplate(context, name, resource, options);
  if (options.template !== undefined)
    throw usageError(
      '--template needs the stack that it is to change',
      'Name it: murano-workflow plan STACK RESOURCE --template FILE.',
    );
  const alone = (['parameter', 'environment', 'project'] as const).find(key => options[key] !== undefined);
  if (resource === undefined && alone === undefined) return plan(context, name, options);
  throw usageError(
    `${alone === undefined ? `the resource ${resource}` : `--${alone}`} goes with --template alone`,
    'Name the template: --template FILE.',
  );
}

/** Exit codes as of `plan`. EngineError `usage`, `not_found`; throws ProblemsFound for a template that may not be used. */
async function planTemplate(
  context: Context,
  stack: string,
  resource: string | undefined,
  options: TemplateOptions,
): Promise<ExitCode> {
  refuseOthers(options);
  const words = parameterWords(options.parameter ?? []);
  const loaded = await loadTemplate(context.directory, {
    template: options.template ?? '',
    environments: options.environment ?? [],
    ...(resource !== undefined && { resource }),
  });
  const { project } = options;
  const meant = { stack, resource: loaded.resource, ...(project !== undefined && { project }) };
  const asked = async (api: EngineApi) => {
    const found = await findWorkflow(api, meant);
    const wanted = new Wanted(context, loaded, found);
    const request = await wanted.request(words, options);
    return { answer: await api.plan(request), request, wanted };
  };
  const done = await withReader(context, options, session => asked(session.api));
  if (done === undefined) throw noState(context, options, stack);
  const { answer, request, wanted } = done;
  wanted.stopAtProblems(answer.problems);
  const title = `${stack}, ${loaded.resource}`;
  return endPlan(context, { workflow: request.workflow, title, ...wanted.notes }, answer, options);
}

const OTHERS = ['definition', 'unset', 'members', 'cloud'] as const;

function refuseOthers(options: TemplateOptions): void {
  const given = OTHERS.find(name => options[name] !== undefined) ?? (options.abandon ? 'abandon' : undefined);
  if (given === undefined) return;
  throw usageError(
    `--${given} does not go with --template`,
    'What the template says is planned, and nothing else; --inputs may give what only Heat knows.',
  );
}

/** As Heat's own client takes them. */
function parameterWords(words: readonly string[]): { readonly [name: string]: string } {
  const pairs = words.map(word => {
    const [, name, value] = /^([^=]+)=([\s\S]*)$/.exec(word) ?? [];
    if (name !== undefined && value !== undefined) return [name, value] as const;
    throw usageError(`--parameter ${word} is no name=value`, 'Write --parameter port=5433.');
  });
  return Object.fromEntries(pairs);
}

/** What the template wants of the workflow. */
class Wanted {
  readonly #context: Context;
  readonly #loaded: LoadedTemplate;
  readonly #found: Found;
  #resource: WorkflowResource | undefined;
  #sources: Sources;
  /** A definition that stands in the template itself: its problems are shown there. */
  #inPlace = false;

  constructor(context: Context, loaded: LoadedTemplate, found: Found) {
    this.#context = context;
    this.#loaded = loaded;
    this.#found = found;
    this.#sources = loaded.sources;
  }

  async request(words: { readonly [name: string]: string }, options: TemplateOptions): Promise<PlanRequest> {
    const resource = this.#read(words);
    this.#resource = resource;
    const document = resource.document && this.#document(resource.document);
    const definition = document && this.#judged(document);
    const given = await this.#given(options, definition);
    this.#checkOpen(resource, definition, given);
    return {
      workflow: this.#view.record.id,
      ...(document && { document }),
      ...inputsOf(resource, given, this.#view),
      ...membersOf(resource, this.#view),
      ...(resource.hasCredential && { credential: SOME_RIGHT }),
    };
  }

  get #view(): WorkflowView {
    return this.#found.view;
  }

  #read(words: { readonly [name: string]: string }): WorkflowResource {
    const { text, environments, resource, properties, files, sources } = this.#loaded;
    const { stackName } = this.#view.record;
    const pseudo = {
      'OS::stack_name': stackName,
      ...(this.#found.project !== undefined && { 'OS::project_id': this.#found.project }),
    };
    const { values, unknown } = parametersOf(text, { words, environments, pseudo });
    const [stranger] = unknown;
    if (stranger !== undefined)
      throw usageError(
        `the template has no parameter ${stranger}`,
        didYouMean(stranger, values.keys()) ?? 'Look at its parameters.',
      );
    const read = readWorkflow(
      text,
      new Resolver({ template: text, parameters: values, files }),
      resource,
      properties,
    );
    stopAtErrors([text, ...environments], sources);
    return read;
  }

  #document({ source, files, file }: NonNullable<WorkflowResource['document']>): Document {
    const { text, resource } = this.#loaded;
    this.#inPlace = typeof source !== 'string';
    const folder = path.dirname(text.fileName);
    const fileName =
      file === undefined ? `${text.fileName} (${resource}.definition)` : path.join(folder, file);
    this.#sources = {
      ...files,
      ...this.#sources,
      ...(typeof source === 'string' && { [fileName]: source }),
    };
    return { source, fileName, files };
  }

  /** Throws ProblemsFound when it may not be used. */
  #judged(document: Document): WorkflowDefinition {
    const { definition, problems } = this.#context.language.parse(document);
    if (definition !== undefined) return definition;
    throw new ProblemsFound(
      problems.map(problem => this.#placed(problem)),
      this.#sources,
    );
  }

  /** What is given by hand, by the types of the definition that is to be. */
  #given(options: TemplateOptions, definition: WorkflowDefinition | undefined): Promise<JsonObject> {
    const typeOf = (name: string) =>
      definition ? definition.inputs.get(name)?.type : this.#view.inputTypes[name];
    return parseValues(options.inputs ?? [], '--inputs', typeOf, readFrom(this.#context));
  }

  /** An input that only Heat knows and the workflow does not have yet stands nowhere. */
  #checkOpen(
    { openInputs, at }: WorkflowResource,
    definition: WorkflowDefinition | undefined,
    given: JsonObject,
  ): void {
    const { text } = this.#loaded;
    for (const name of openInputs) {
      const isKnown = Object.hasOwn(given, name) || Object.hasOwn(this.#view.inputTypes, name);
      const declared = definition?.inputs.get(name);
      if (isKnown || declared === undefined || declared.default !== undefined) continue;
      const message = `Only Heat knows the value of '${name}', and the workflow has no such input yet.`;
      const hint = `Give one with --inputs ${name}=….`;
      text.say('inputs_invalid', pointerTo(pointerTo(at, 'inputs'), name), message, { hint });
    }
    stopAtErrors([text], this.#sources);
  }

  /** Throws ProblemsFound with what the engine finds wrong, each at its place in the template. */
  stopAtProblems(problems: readonly Problem[]): void {
    if (!problems.some(({ severity }) => severity === 'error')) return;
    throw new ProblemsFound(
      problems.map(problem => this.#placed(problem)),
      this.#sources,
    );
  }

  #placed(problem: Problem): Problem {
    const at = this.#resource?.at ?? '';
    const { text } = this.#loaded;
    const within = WITHIN[problem.code];
    if (within !== undefined) return text.placed(problem, `${at}/${within}${problem.pointer}`);
    if (problem.file !== undefined || !this.#inPlace) return problem;
    return text.placed(problem, `${at}/definition${problem.pointer}`);
  }

  /** What stands, and what follows the plan. */
  get notes(): { readonly taken: readonly Taken[]; readonly notes: readonly string[] } {
    const { taken = [], operations = [], openMembers = [] } = this.#resource ?? {};
    const { members, record } = this.#view;
    const done = new Set((record.operations ?? []).map(({ id }) => id));
    const counts = openMembers.flatMap(({ entity, count }) => {
      const today = members[entity]?.filter(({ leaving }) => leaving !== true).length ?? 0;
      return count === undefined || count === today
        ? []
        : [
            `The template gives ${entity} ${count} members, and it has ${today}: who joins or leaves only Heat knows, so it is not in the plan.`,
          ];
    });
    const runs = operations
      .filter(({ id }) => !done.has(id))
      .map(
        ({ name, id }) => `The operation ${name}, ${id}, is new here: it runs once all of this is complete.`,
      );
    return { taken, notes: [...counts, ...runs] };
  }
}

/** Only that there is one matters to a plan. */
const SOME_RIGHT: JsonObject = { auth_type: 'v3applicationcredential', auth: {} };

/** Properties that a problem of the engine's is about; all others are about the definition. */
const WITHIN: { readonly [code in Problem['code']]?: string } = {
  inputs_invalid: 'inputs',
  members_invalid: 'members',
};

/** As the plugin does: one that is not named has its default. */
function inputsOf(
  { inputs, openInputs }: WorkflowResource,
  given: JsonObject,
  { inputTypes }: WorkflowView,
): Pick<PlanRequest, 'inputs' | 'unset'> {
  if (inputs === undefined) return { inputs: given };
  const named = { ...inputs, ...given };
  const unset = Object.keys(inputTypes).filter(
    name => !Object.hasOwn(named, name) && !openInputs.includes(name),
  );
  return { inputs: named, unset };
}

/** As the plugin does: a group that is not named is to be empty. */
function membersOf(
  { members, openMembers }: WorkflowResource,
  view: WorkflowView,
): Pick<PlanRequest, 'members'> {
  if (members === undefined) return {};
  const open = new Set(openMembers.map(({ entity }) => entity));
  const groups = Object.keys(view.members).filter(entity => !open.has(entity));
  return { members: { ...Object.fromEntries(groups.map(entity => [entity, []])), ...members } };
}
