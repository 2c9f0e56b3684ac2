// The names of a definition as static types: one class per kind of thing, whose fields are read on demand.
// Belongs here: from ExpressionModel to type declarations, from DataView to their instances.
// Does not belong here: the library (compile.ts registers what stands here), guarantees (walker.ts).
//
// S1 Instances read their source only when a field is asked for: a view over 1,000 members costs what is used.
// S2 Types are named by number, in order: the library keeps type names for ever, so they must be few.
import type { JsonValue } from '../../base/json.ts';
import { toCel } from './values.ts';
import type {
  CauseView,
  DataView,
  EntityModel,
  ErrorView,
  ExpressionModel,
  MemberView,
  OperationView,
  Outputs,
  ResponseView,
  StateModel,
  ValueType,
} from './types.ts';

/** Reads one field of an instance's source; undefined is absent. */
type Getter = (source: never) => unknown;

interface Field {
  readonly cel: string;
  readonly get: Getter;
}

/** The library looks fields up by `get` on subclasses of Map, so no field can clash with a property. */
abstract class View extends Map<string, unknown> {
  abstract readonly describe: string;
}
type ViewClass = new (source: unknown) => View;

export interface ViewType {
  readonly name: string;
  readonly ctor: ViewClass;
  readonly fields: { readonly [field: string]: string };
  /** As messages name it, such as `a member of sql`. */
  readonly describe: string;
  /** Set on members, which can be compared. */
  readonly member: boolean;
}

export interface Schema {
  readonly types: readonly ViewType[];
  readonly variables: ReadonlyMap<string, string>;
  /** The variables' values; lazy. */
  context(data: DataView): { readonly [name: string]: unknown };
}

/** CEL's name of a declared type. */
export function celType(type: ValueType): string {
  if (type.hidden) return 'Secret';
  switch (type.type) {
    case 'string':
      return 'string';
    case 'number':
      return 'double';
    case 'integer':
      return 'int';
    case 'boolean':
      return 'bool';
    case 'list':
      return type.items ? `list<${celType(type.items)}>` : 'list<dyn>';
    case 'map':
      return 'map<string, dyn>';
  }
}

/** Types and variables of the inputs and of the named entities. */
export function schemaOf(model: ExpressionModel, entities: readonly string[]): Schema {
  const builder = new SchemaBuilder(model);
  const variables = new Map<string, string>();
  const makers = new Map<string, (data: DataView) => unknown>();
  const add = (name: string, cel: string, make: (data: DataView) => unknown): void => {
    variables.set(name, cel);
    makers.set(name, make);
  };
  const inputs = builder.inputs();
  add('inputs', inputs.name, data => new inputs.ctor(data.inputs));
  const workflow = builder.workflow();
  add('workflow', workflow.name, data => new workflow.ctor(data.workflow));
  const error = builder.error();
  add('error', error.name, data => data.error && new error.ctor(data.error));
  const response = builder.response();
  add('response', response.name, data => data.response && new response.ctor(data.response));
  const operation = builder.operation();
  add('operation', operation.name, data => new operation.ctor(data.operation ?? { inputs: {} }));
  add('previous', 'map<string, dyn>', ({ previous }) => previous && toCel({ ...previous }));
  add('attempt', 'int', data => (data.attempt === undefined ? undefined : BigInt(data.attempt)));
  for (const name of entities) {
    const type = builder.entity(name);
    add(name, type.name, data => new type.ctor(data));
  }
  for (const name of entities) {
    const type = builder.members.get(name);
    if (type) add(memberVariable(name), type.name, data => ownMember(data, name, type));
  }
  return { types: builder.types, variables, context: contextMaker(makers) };
}

/** `member` differs in type by the entity around it, so each entity has its own variable, which no source can name. */
export function memberVariable(entity: string): string {
  return `member@${entity}`;
}

function ownMember(data: DataView, entity: string, type: ViewType): View | undefined {
  const member = data.member ?? (data.members(entity).length === 1 ? data.members(entity)[0] : undefined);
  return member && new type.ctor(member);
}

function contextMaker(makers: ReadonlyMap<string, (data: DataView) => unknown>): Schema['context'] {
  const prototype: object = Object.create(null);
  for (const [name, make] of makers) {
    Object.defineProperty(prototype, name, {
      get(this: { data: DataView; made: Map<string, unknown> }): unknown {
        if (!this.made.has(name)) this.made.set(name, make(this.data));
        return this.made.get(name);
      },
    });
  }
  return data => {
    const context: object = Object.create(prototype);
    Object.defineProperty(context, 'data', { value: data });
    Object.defineProperty(context, 'made', { value: new Map() });
    return context as { [name: string]: unknown };
  };
}

class SchemaBuilder {
  readonly types: ViewType[] = [];
  /** Type of the members of each entity that has any. */
  readonly members = new Map<string, ViewType>();
  readonly #model: ExpressionModel;
  readonly #outputTypes = new Map<string, ViewType>();

  constructor(model: ExpressionModel) {
    this.#model = model;
  }

  inputs(): ViewType {
    const fields = new Map<string, Field>();
    for (const [name, type] of this.#model.inputs) {
      fields.set(name, { cel: celType(type), get: (source: Outputs) => value(source, name, type) });
    }
    return this.#type('the inputs', fields);
  }

  workflow(): ViewType {
    return this.#type(
      'the workflow',
      new Map<string, Field>([
        ['id', { cel: 'string', get: (source: DataView['workflow']) => source.id }],
        ['stack_name', { cel: 'string', get: (source: DataView['workflow']) => source.stackName }],
      ]),
    );
  }

  error(): ViewType {
    const failure: readonly (readonly [string, Field])[] = [
      ['kind', { cel: 'string', get: (source: ErrorView) => source.kind }],
      ['message', { cel: 'string', get: (source: ErrorView) => source.message }],
      ['exit_code', { cel: 'int', get: exitCodeOf }],
      ['tail', { cel: 'string', get: (source: ErrorView) => source.tail }],
    ];
    const cause = this.#type(
      'the cause of the error',
      new Map<string, Field>([
        ...failure,
        ['workflow', { cel: 'string', get: (source: CauseView) => source.workflow }],
        ['step', { cel: 'string', get: (source: CauseView) => source.step }],
        ['member', { cel: 'string', get: (source: CauseView) => source.member }],
      ]),
    );
    const causeOf = (source: ErrorView): View | undefined => source.cause && new cause.ctor(source.cause);
    return this.#type(
      'the error',
      new Map([...failure, STATUS, ['cause', { cel: cause.name, get: causeOf }]]),
    );
  }

  response(): ViewType {
    return this.#type(
      'the response',
      new Map<string, Field>([
        ['status', { cel: 'int', get: (source: ResponseView) => BigInt(source.status) }],
        ['headers', { cel: 'map<string, string>', get: (source: ResponseView) => toCel(source.headers) }],
        ['body', { cel: 'string', get: (source: ResponseView) => source.body }],
        [
          'json',
          { cel: 'dyn', get: ({ json }: ResponseView) => (json === undefined ? undefined : toCel(json)) },
        ],
      ]),
    );
  }

  operation(): ViewType {
    const fields = new Map<string, Field>();
    for (const [name, type] of this.#model.operation?.inputs ?? [])
      fields.set(name, { cel: celType(type), get: (source: Outputs) => value(source, name, type) });
    const inputs = this.#type('the inputs of the operation', fields);
    return this.#type(
      'the operation',
      new Map<string, Field>([
        ['name', { cel: 'string', get: (source: Partial<OperationView>) => source.name }],
        ['id', { cel: 'string', get: (source: Partial<OperationView>) => source.id }],
        ['inputs', { cel: inputs.name, get: (source: OperationView) => new inputs.ctor(source.inputs) }],
      ]),
    );
  }

  entity(name: string): ViewType {
    const entity = this.#model.entities.get(name) as EntityModel;
    const fields = new Map<string, Field>();
    if (entity.type !== 'service') this.#memberFields(name, entity, fields);
    if (entity.type !== 'vm_group') {
      const type = this.#outputsOf(`the outputs of ${name}`, entity, (data: DataView, state) =>
        data.outputs(name, state),
      );
      fields.set('outputs', { cel: type.name, get: data => new type.ctor(data) });
    }
    return this.#type(name, fields);
  }

  #memberFields(name: string, entity: EntityModel, fields: Map<string, Field>): void {
    const member = this.#member(name, entity);
    const all = (views: readonly MemberView[]): View[] => views.map(view => new member.ctor(view));
    fields.set('members', {
      cel: `list<${member.name}>`,
      get: (data: DataView) => all(data.members(name)),
    });
    for (const role of entity.roles) {
      if (entity.counted?.has(role)) {
        const list = (data: DataView): View[] | undefined => {
          const holders = data.holders(name, role);
          return holders && all(holders);
        };
        fields.set(role, { cel: `list<${member.name}>`, get: list });
        continue;
      }
      const get = (data: DataView): View | undefined => {
        const holder = data.role(name, role);
        return holder && new member.ctor(holder);
      };
      fields.set(role, { cel: member.name, get });
    }
    const reached = this.#perState(
      `${name}.reached`,
      entity,
      `list<${member.name}>`,
      state => (data: DataView) => all(data.reached(name, state)),
    );
    fields.set('reached', { cel: reached.name, get: data => new reached.ctor(data) });
    const once = this.#outputsOf(
      `${name}.once`,
      entity,
      (data: DataView, state) => data.once(name, state),
      true,
    );
    fields.set('once', { cel: once.name, get: data => new once.ctor(data) });
  }

  #member(name: string, entity: EntityModel): ViewType {
    const outputs = this.#outputsOf(
      `the outputs of a member of ${name}`,
      entity,
      (source: MemberView, state) => source.outputs(state),
    );
    const status = this.#perState(
      'the status of a member',
      entity,
      'string',
      state => (source: MemberView) => source.status(state),
    );
    const fields = new Map<string, Field>([
      ['name', { cel: 'string', get: (source: MemberView) => source.name }],
      ['index', { cel: 'int', get: (source: MemberView) => BigInt(source.index) }],
      ['agent', { cel: 'string', get: (source: MemberView) => source.agent }],
      ['data', { cel: 'map<string, dyn>', get: (source: MemberView) => toCel(source.data) }],
      ['facts', { cel: 'map<string, dyn>', get: (source: MemberView) => toCel(source.facts) }],
      ['outputs', { cel: outputs.name, get: source => new outputs.ctor(source) }],
      ['status', { cel: status.name, get: source => new status.ctor(source) }],
    ]);
    const type = this.#type(`a member of ${name}`, fields, true);
    this.members.set(name, type);
    return type;
  }

  #perState(describe: string, entity: EntityModel, cel: string, get: (state: string) => Getter): ViewType {
    const fields = new Map<string, Field>();
    for (const state of entity.states.keys()) fields.set(state, { cel, get: get(state) });
    return this.#type(describe, fields);
  }

  #outputsOf<Source>(
    describe: string,
    entity: EntityModel,
    read: (source: Source, state: string) => Outputs | undefined,
    once = false,
  ): ViewType {
    const fields = new Map<string, Field>();
    for (const [state, model] of entity.states) {
      if (model.once !== once && entity.type === 'vm_group') continue;
      const type = this.#stateOutputs(model);
      const get = (source: Source): View | undefined => {
        const outputs = read(source, state);
        return outputs && new type.ctor(outputs);
      };
      fields.set(state, { cel: type.name, get });
    }
    return this.#type(describe, fields);
  }

  /** States with equal outputs share a type. */
  #stateOutputs(state: StateModel): ViewType {
    const key = JSON.stringify([...state.outputs], (_, item) =>
      item instanceof Map ? [...item] : (item as unknown),
    );
    const known = this.#outputTypes.get(key);
    if (known) return known;
    const fields = new Map<string, Field>();
    for (const [name, type] of state.outputs) {
      fields.set(name, { cel: celType(type), get: (source: Outputs) => value(source, name, type) });
    }
    const made = this.#type("a state's outputs", fields);
    this.#outputTypes.set(key, made);
    return made;
  }

  #type(describe: string, fields: ReadonlyMap<string, Field>, member = false): ViewType {
    const name = `View${this.types.length}`;
    const type: ViewType = {
      name,
      ctor: viewClass(describe, fields),
      fields: Object.fromEntries([...fields].map(([field, { cel }]) => [field, cel])),
      describe,
      member,
    };
    this.types.push(type);
    return type;
  }
}

const exitCodeOf = (source: ErrorView): unknown =>
  source.exit_code === undefined ? undefined : BigInt(source.exit_code);

/** Of an answer, where one came. */
const STATUS: readonly [string, Field] = [
  'status',
  { cel: 'int', get: ({ status }: ErrorView) => (status === undefined ? undefined : BigInt(status)) },
];

function value(source: Outputs, name: string, type: ValueType): unknown {
  const item: JsonValue | undefined = Object.hasOwn(source, name) ? source[name] : undefined;
  return item === undefined || item === null ? undefined : toCel(item, type);
}

function viewClass(describe: string, fields: ReadonlyMap<string, Field>): ViewClass {
  return class extends View {
    readonly describe = describe;
    readonly source: unknown;

    constructor(source: unknown) {
      super();
      this.source = source;
    }

    /** Fields are read once per instance. */
    override get(field: string): unknown {
      const known = super.get(field);
      if (known !== undefined) return known;
      const made = fields.get(field)?.get(this.source as never);
      if (made !== undefined) super.set(field, made);
      return made;
    }
  };
}

/** The agent of a member; undefined for every other value. */
export function agentOf(value: unknown): string | undefined {
  const agent = value instanceof View ? value.get('agent') : undefined;
  return typeof agent === 'string' ? agent : undefined;
}

/** Entity and agent of a member; undefined for every other value. */
export function placeOf(value: unknown): { readonly entity: string; readonly agent: string } | undefined {
  if (agentOf(value) === undefined) return undefined;
  const { entity, agent } = (value as { readonly source: MemberView }).source;
  return { entity, agent };
}

/** Members are equal when their agents are. */
export function sameMember(left: unknown, right: unknown): boolean {
  return (left as View).get('agent') === (right as View).get('agent');
}
