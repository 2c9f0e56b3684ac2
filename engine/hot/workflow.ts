// A resource `Murano::Workflow` of a template: what its properties come to, and what of them only Heat can know.
// Belongs here: the properties that an update brings. Does not belong here: reading files, asking the engine (cli/).
//
// W1  What is open stands as it stands live: it is left out, and said. One that a template does not have at all has its default.
// W2  Definition and files are one document: where something of it is open, all of it stands.
import { isObject, type JsonObject, type JsonValue } from '../base/json.ts';
import { pointerTo } from '../definition/positions.ts';
import { Open } from './open.ts';
import { wordOf } from './calls.ts';
import { isMade, type Resolver } from './resolve.ts';
import { type HotText, section } from './text.ts';

export const TYPE = 'Murano::Workflow';
/** As heat-resource/ declares them. */
const PROPERTIES = [
  'definition',
  'files',
  'inputs',
  'members',
  'operations',
  'credential',
  'hold_in_heat',
  'on_delete',
];

/** A property, or an entry of it, that stands as it is; and why. */
export interface Taken {
  readonly what: string;
  readonly whys: readonly string[];
}

export interface MemberOf {
  readonly agent: string;
  readonly name: string;
  readonly data?: JsonValue;
}

export interface Operation {
  readonly name: string;
  readonly id: string;
}

export interface WorkflowResource {
  /** Its pointer in the template. */
  readonly at: string;
  /** Absent: it stands. */
  readonly document?: {
    readonly source: JsonValue;
    readonly files: { readonly [name: string]: string };
    /** The file that the definition is, whole; absent: the template makes it. */
    readonly file?: string;
  };
  /** Absent: they stand, all of them. */
  readonly inputs?: JsonObject;
  /** Names of inputs that are given, but stand. */
  readonly openInputs: readonly string[];
  /** Absent: they stand, all of them. */
  readonly members?: { readonly [entity: string]: readonly MemberOf[] };
  /** Entities whose members are given, but stand; with how many, where that can be told. */
  readonly openMembers: readonly { readonly entity: string; readonly count?: number }[];
  /** With those alone whose ids are known. */
  readonly operations: readonly Operation[];
  readonly hasCredential: boolean;
  readonly taken: readonly Taken[];
}

/** Names of the template's workflows. */
export const workflowsIn = (template: HotText): readonly string[] =>
  Object.entries(section(template, 'resources'))
    .filter(([, resource]) => isObject(resource) && resource['type'] === TYPE)
    .map(([name]) => name);

/** The properties of the resource as they are written; undefined, and said, where it is no workflow. */
export function propertiesOf(template: HotText, name: string): JsonObject | undefined {
  const resources = section(template, 'resources');
  const at = pointerTo('/resources', name);
  const resource = resources[name];
  if (resource === undefined) {
    const near = { name, known: Object.keys(resources) };
    template.say('unknown_name', '/resources', `The template has no resource '${name}'.`, {
      near,
      key: true,
    });
    return undefined;
  }
  template.ask(at);
  if (!isObject(resource) || resource['type'] !== TYPE) {
    const type = (isObject(resource) && wordOf(resource['type'])) || 'nothing';
    const hint = hintOf(workflowsIn(template));
    const message = `'${name}' is of type ${type.slice(0, 100)}, not ${TYPE}.`;
    template.say('wrong_value', pointerTo(at, 'type'), message, hint === undefined ? {} : { hint });
    return undefined;
  }
  const { properties } = resource;
  if (isObject(properties)) return properties;
  template.say('missing_key', at, `'${name}' has no properties.`, { hint: 'It needs a definition.' });
  return undefined;
}

const hintOf = (names: readonly string[]): string | undefined =>
  names.length === 0 ? undefined : `Of that type are: ${names.join(', ')}.`;

/** What is wrong is said in the template; then the answer is of no use. */
export function readWorkflow(
  template: HotText,
  resolver: Resolver,
  name: string,
  properties: JsonObject,
): WorkflowResource {
  const at = pointerTo(pointerTo('/resources', name), 'properties');
  checkKeys(template, properties, at);
  checkCondition(template, resolver, name);
  return new Reading(template, resolver, properties, at).read();
}

function checkKeys(template: HotText, properties: JsonObject, at: string): void {
  for (const key of Object.keys(properties))
    if (!PROPERTIES.includes(key))
      template.say('unknown_key', pointerTo(at, key), `${TYPE} has no property '${key}'.`, {
        near: { name: key, known: PROPERTIES },
        key: true,
      });
  if (properties['definition'] === undefined)
    template.say('missing_key', at, 'The definition is missing.', {
      hint: 'Give it by get_file, or write it here.',
    });
}

/** A resource whose condition does not hold is none: Heat deletes it. */
function checkCondition(template: HotText, resolver: Resolver, name: string): void {
  const at = pointerTo('/resources', name);
  const resource = section(template, 'resources')[name];
  const condition = isObject(resource) ? resource['condition'] : undefined;
  if (condition === undefined || resolver.condition(condition, pointerTo(at, 'condition')) !== false) return;
  const hint = 'Then an update of the stack deletes it, and with it what the workflow has done.';
  template.say('wrong_value', pointerTo(at, 'condition'), `'${name}' is left out by its condition.`, {
    hint,
  });
}

interface Entries {
  readonly known: JsonObject;
  readonly open: readonly string[];
}

class Reading {
  readonly #template: HotText;
  readonly #resolver: Resolver;
  readonly #properties: JsonObject;
  readonly #at: string;
  readonly #taken: Taken[] = [];

  constructor(template: HotText, resolver: Resolver, properties: JsonObject, at: string) {
    this.#template = template;
    this.#resolver = resolver;
    this.#properties = properties;
    this.#at = at;
  }

  read(): WorkflowResource {
    const document = this.#document();
    const inputs = this.#entries('inputs');
    const members = this.#members();
    return {
      at: this.#at,
      ...(document && { document }),
      ...(inputs && { inputs: inputs.known }),
      openInputs: inputs?.open ?? [],
      ...members,
      operations: this.#operations(),
      hasCredential: (this.#properties['credential'] ?? null) !== null,
      taken: this.#taken,
    };
  }

  #take(what: string, open: Open): void {
    this.#taken.push({ what, whys: open.whys });
  }

  #document(): WorkflowResource['document'] {
    const written = this.#properties['definition'] ?? null;
    const source = this.#resolver.resolve(written, pointerTo(this.#at, 'definition'));
    const files = this.#resolver.resolve(this.#properties['files'] ?? {}, pointerTo(this.#at, 'files'));
    if (source instanceof Open || files instanceof Open) {
      const whys = [source, files].flatMap(one => (one instanceof Open ? one.whys : []));
      this.#take('definition and files', new Open(whys));
      return undefined;
    }
    const file = isObject(written) ? written['get_file'] : undefined;
    return { source, files: this.#texts(files), ...(typeof file === 'string' && { file }) };
  }

  /** As the plugin sends them: what has no content is left out, all else is text. */
  #texts(files: JsonValue): { readonly [name: string]: string } {
    if (!isObject(files)) {
      this.#template.say('wrong_type', pointerTo(this.#at, 'files'), `'files' must be a map.`);
      return {};
    }
    const filled = Object.entries(files).filter(([, content]) => content !== null);
    return Object.fromEntries(
      filled.map(([name, content]) => [
        name,
        typeof content === 'string' ? content : JSON.stringify(content),
      ]),
    );
  }

  /** Entries of a map that are known, null ones left out, and the names of those that are open; undefined where all of it is. */
  #entries(property: 'inputs' | 'members'): Entries | undefined {
    const at = pointerTo(this.#at, property);
    const written = this.#properties[property] ?? {};
    const whole = isMade(written) ? this.#resolver.resolve(written, at) : written;
    if (whole instanceof Open) {
      this.#take(property, whole);
      return undefined;
    }
    if (!isObject(whole)) {
      this.#template.say('wrong_type', at, `'${property}' must be a map.`);
      return { known: {}, open: [] };
    }
    return this.#eachOf(property, whole, at);
  }

  #eachOf(property: string, map: JsonObject, at: string): Entries {
    const found = Object.entries(map).map(([name, value]) => ({
      name,
      value: this.#resolver.resolve(value, pointerTo(at, name)),
    }));
    for (const { name, value } of found) if (value instanceof Open) this.#take(`${property}.${name}`, value);
    const known = found.flatMap(({ name, value }) =>
      value instanceof Open || value === null ? [] : [[name, value] as const],
    );
    return {
      known: Object.fromEntries(known),
      open: found.filter(({ value }) => value instanceof Open).map(({ name }) => name),
    };
  }

  #members(): Pick<WorkflowResource, 'members' | 'openMembers'> {
    const entries = this.#entries('members');
    if (entries === undefined) return { openMembers: [] };
    const { known, open } = entries;
    const written = this.#properties['members'];
    const counted = open.map(entity => {
      const listed = isObject(written) ? written[entity] : undefined;
      return { entity, ...(Array.isArray(listed) && { count: listed.length }) };
    });
    const groups = Object.entries(known).filter(([entity, group]) => this.#areMembers(entity, group));
    return {
      members: Object.fromEntries(groups) as unknown as NonNullable<WorkflowResource['members']>,
      openMembers: counted,
    };
  }

  #areMembers(entity: string, group: JsonValue): boolean {
    const isMember = (one: JsonValue): boolean =>
      isObject(one) && typeof one['agent'] === 'string' && typeof one['name'] === 'string';
    if (Array.isArray(group) && (group as readonly JsonValue[]).every(isMember)) return true;
    const at = pointerTo(pointerTo(this.#at, 'members'), entity);
    const hint = 'Each member is a map of agent and name, such as the attribute member of Murano::Member.';
    this.#template.say('wrong_type', at, `The members of ${entity} must be a list of members.`, { hint });
    return false;
  }

  #operations(): readonly Operation[] {
    const found = this.#resolver.resolve(
      this.#properties['operations'] ?? [],
      pointerTo(this.#at, 'operations'),
    );
    if (found instanceof Open || !Array.isArray(found)) return [];
    return (found as readonly JsonValue[]).flatMap(one => {
      if (!isObject(one)) return [];
      const { operation: name, id } = one;
      return typeof name === 'string' && typeof id === 'string' ? [{ name, id }] : [];
    });
  }
}
