// `agents dead-letters`: a table, the newest first, and below each what is wrong with it.
// Belongs here: that layout. Does not belong here: what is known of a letter (engine/agents/letters/).
import type { DeadLetter, DeadLetterPage } from '../../runtime/dead-letters.ts';
import type { Line } from './style.ts';
import { piece, plain } from './style.ts';
import { durationText, pad, plural, sanitiseLine, truncate, widest, wrap } from './text.ts';

/** `now`: ms since the epoch. */
export function deadLetterLines(page: DeadLetterPage, now: number, width: number): Line[] {
  const { letters, dropped = 0 } = page;
  const counts =
    dropped === 0
      ? []
      : [`${plural(dropped, 'older one')} made room for others and ${dropped === 1 ? 'is' : 'are'} gone.`];
  const told = counts.flatMap(text => wrap(text, width).map(plain));
  if (letters.length === 0) return [plain('No dead letters.'), ...told];
  const queue = Math.min(44, widest(letters.map(one => sanitiseLine(one.queue)))) + 2;
  const head = `${pad('NUMBER', 8)}${pad('SEEN', 8)}${pad('TIMES', 7)}${pad('QUEUE', queue)}${pad('WHY', 16)}BYTES`;
  return [[piece(head, 'faint')], ...letters.flatMap(one => linesOf(one, queue, now, width)), ...told];
}

function linesOf(letter: DeadLetter, columns: number, now: number, width: number): Line[] {
  const { number, lastAt, times, queue, why, bytes } = letter;
  const cell = (text: string, most: number): string => pad(truncate(sanitiseLine(text), most - 2), most);
  const row: Line = [
    piece(pad(String(number), 8), 'strong'),
    piece(`${cell(durationText(Math.max(0, now - lastAt)), 8)}${cell(String(times), 7)}`),
    piece(`${cell(queue, columns)}${cell(why, 16)}`),
    piece(String(bytes), 'faint'),
  ];
  return [
    row,
    ...wrap(sanitiseLine(aboutOf(letter)), width - 4).map(text => [piece(`    ${text}`, 'faint')]),
  ];
}

/** What is wrong with it, and what it is, as far as a signature holds. */
function aboutOf({ agent, direction, kind, workflow, step, reason, signer }: DeadLetter): string {
  const way = agent === undefined ? '' : `${direction === 'to_agent' ? 'to' : 'from'} ${agent}: `;
  const command = workflow === undefined ? '' : ` about ${step} of ${workflow}`;
  const what =
    kind === undefined
      ? 'signed by nobody whom the engine knows'
      : `${kind}${command}, signed by the ${signer}`;
  return `${way}${reason === undefined ? what : `${reason}; ${what}`}`;
}
