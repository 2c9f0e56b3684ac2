// What to say of a key that has no meaning where it stands: the key that was meant, or the place where it belongs.
// Belongs here: words that authors bring from HOT and other tools. Does not belong here: the keys themselves (keys.ts).
import { KEYS, type KeyPlace } from './keys.ts';
import { nearest } from './nearest.ts';
import type { Report } from './report.ts';
import { shown } from './yaml-scalars.ts';

/** Place → word of another language → our key for it. */
const ELSEWHERE: { readonly [place in KeyPlace]?: { readonly [word: string]: string } } = {
  workflow: {
    heat_template_version: 'workflow_version',
    version: 'workflow_version',
    parameters: 'inputs',
    resources: 'entities',
  },
  state: {
    depends_on: 'requires',
    needs: 'requires',
    when: 'condition',
    if: 'condition',
    retries: 'retry',
  },
  script: { environment: 'inputs', env: 'inputs', user: 'run_as', shell: 'sh' },
  'script text': { get_file: 'file' },
  file: { get_file: 'file' },
};

/** Place → word that belongs to a state → what says the like of the whole. */
const OF_THE_WHOLE: { readonly [place in KeyPlace]?: { readonly [word: string]: string } } = {
  workflow: {
    timeout: "A time for the whole is written 'deadline'.",
    on_failure: "What a failure does to the whole is said by 'failure_mode' and 'on_workflow_failure'.",
  },
};

/** The key that was meant, if that can be guessed. */
export function keyMeant(
  word: string,
  place: KeyPlace | undefined,
  known: readonly string[],
): string | undefined {
  const words = place === undefined ? undefined : ELSEWHERE[place];
  const said = words !== undefined && Object.hasOwn(words, word) ? words[word] : undefined;
  return said ?? nearest(word, known);
}

/** Notes the unknown key; `what` begins the sentence, `known` are the keys that may stand there. */
export function unknownKey(
  report: Report,
  at: string,
  word: string,
  {
    what,
    place,
    known,
  }: { readonly what: string; readonly place?: KeyPlace; readonly known: readonly string[] },
): void {
  if (report.has('reserved_name', at)) return;
  const meant = keyMeant(word, place, known);
  const words = place && OF_THE_WHOLE[place];
  const whole = words && Object.hasOwn(words, word) ? words[word] : undefined;
  const within = meant === undefined ? placeOf(word, known) : undefined;
  report.add('unknown_key', at, `${what} has unknown key '${shown(word)}'.`, {
    near: { name: word, known },
    ...(meant === undefined ? {} : { hint: `Did you mean '${meant}'?` }),
    ...(within === undefined ? {} : { hint: `Write it under '${within}'.` }),
    ...(whole === undefined ? {} : { hint: whole }),
    key: true,
  });
}

/** The one key here under which the word may stand: `script` under `action`. */
function placeOf(word: string, known: readonly string[]): string | undefined {
  return known.find(key => isPlace(key) && (KEYS[key] as readonly string[]).includes(word));
}

function isPlace(key: string): key is KeyPlace {
  return Object.hasOwn(KEYS, key);
}
