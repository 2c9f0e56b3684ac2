// Conditions of a template: whether they hold, as far as that needs nobody but the template.
// Belongs here: named conditions and those written in place. Does not belong here: values (resolve.ts).
import { isObject, type JsonObject, type JsonValue } from '../base/json.ts';
import { pointerTo } from '../definition/positions.ts';
import { type Call, listOf, onlyKey } from './calls.ts';
import { Open, opened, type Resolved } from './open.ts';
import { type HotText, section } from './text.ts';

type Holds = boolean | Open;

export class Conditions {
  readonly #template: HotText;
  readonly #resolve: (value: JsonValue, at: string) => Resolved;
  readonly #named: JsonObject;
  /** Those that are being looked at: one that needs itself is open. */
  readonly #asked = new Set<string>();

  constructor(template: HotText, resolve: (value: JsonValue, at: string) => Resolved) {
    this.#template = template;
    this.#resolve = resolve;
    this.#named = section(template, 'conditions');
  }

  /** By its name, or as it is written. What is wrong is said, and open. */
  holds(value: JsonValue, at: string): Holds {
    if (typeof value === 'boolean') return value;
    if (typeof value === 'string') return this.#byName(value, at);
    const call = isObject(value) ? onlyKey(value) : undefined;
    return call === undefined ? this.#none(at) : this.#called(call, value, at);
  }

  #called(call: Call, value: JsonValue, at: string): Holds {
    const inner = pointerTo(at, call.name);
    switch (call.name) {
      case 'equals':
        return this.#equal(call.args, inner);
      case 'not': {
        const found = this.holds(call.args, inner);
        return found instanceof Open ? found : !found;
      }
      case 'and':
        return this.#each(call.args, inner, all => all.every(one => one === true));
      case 'or':
        return this.#each(call.args, inner, all => all.includes(true));
      case 'get_param': {
        const found = this.#resolve(value, at);
        return typeof found === 'boolean' || found instanceof Open ? found : this.#none(at);
      }
      default:
        return new Open([`if ${call.name}`]);
    }
  }

  #equal(args: JsonValue, at: string): Holds {
    const sides = this.#resolve(args, at);
    if (sides instanceof Open) return sides;
    const [one, other] = listOf(sides) ?? [];
    return JSON.stringify(one) === JSON.stringify(other);
  }

  #each(args: JsonValue, at: string, judge: (all: readonly Holds[]) => boolean): Holds {
    const all = (listOf(args) ?? []).map((one, index) => this.holds(one, pointerTo(at, index)));
    return opened(all) ?? judge(all);
  }

  #byName(name: string, at: string): Holds {
    const found = this.#named[name];
    if (found === undefined) return this.#none(at, name);
    if (this.#asked.has(name)) return new Open([`if ${name}`]);
    this.#asked.add(name);
    const holds = this.holds(found, pointerTo('/conditions', name));
    this.#asked.delete(name);
    return holds;
  }

  #none(at: string, name?: string): Open {
    if (name === undefined) this.#template.say('wrong_value', at, 'This is no condition.');
    else
      this.#template.say('unknown_name', at, `The template has no condition '${name}'.`, {
        near: { name, known: Object.keys(this.#named) },
      });
    return new Open(['if']);
  }
}
