// Why a step waits, as people read it: its causes, the chain to each root, who can act and with which commands.
// Belongs here: that layout. Does not belong here: causes and their words (machine/why), other views.
import type {
  Answer,
  Cause,
  ChildExplanation,
  Explanation,
  Link,
  RootPath,
  WorkflowExplanation,
} from '../../machine/why/types.ts';
import { ACTS, adviceOn } from '../../machine/why/advice.ts';
import { ended } from '../../machine/why/words.ts';
import type { CommandLine } from './ending.ts';
import type { Line, Style } from './style.ts';
import { markOf, markPiece, piece, plain } from './style.ts';
import { durationText, plural, sanitiseLine, wrap } from './text.ts';

export interface ExplanationOptions {
  readonly width: number;
  readonly style: Style;
  readonly command: CommandLine;
  /** Name of the workflow. */
  readonly workflow: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** False: no engine runs, so nothing moves by itself. */
  readonly engineRuns: boolean;
}

export function explanationLines(
  answer: Explanation | WorkflowExplanation,
  options: ExplanationOptions,
): Line[] {
  const head = 'step' in answer ? stepHead(answer, options) : workflowHead(answer, options);
  const roots = treeLines(answer.roots, 'step' in answer ? answer.step : undefined, options);
  const { workflow, command, engineRuns } = options;
  const more = answer.moreRoots > 0 ? [[], plain(`  … and ${plural(answer.moreRoots, 'more root')}.`)] : [];
  const idle = [
    [],
    [piece('No engine runs here, so nothing moves.', 'warn')],
    [piece(`  ${command('resume', workflow)}`, 'strong')],
  ];
  return [...head, ...roots, ...more, ...(engineRuns ? [] : idle)];
}

function stepHead(answer: Explanation, { now, style, width }: ExplanationOptions): Line[] {
  const { step, machine, status, since, causes } = answer;
  const where = machine === undefined ? '' : ` on ${sanitiseLine(machine)}`;
  return [
    [
      markPiece(markOf(answer), style),
      piece(` ${sanitiseLine(step)}`, 'strong'),
      piece(`${where} is ${status.replaceAll('_', ' ')}, for ${durationText(now - since)}.`),
    ],
    ...causes.flatMap(({ says }) => hanging('  ', `It ${ended(sanitiseLine(says))}`, width)),
  ];
}

function workflowHead(answer: WorkflowExplanation, options: ExplanationOptions): Line[] {
  const { status, reason, since, roots, deadline } = answer;
  const state = `is ${status.replaceAll('_', ' ')}, the last change ${durationText(options.now - since)} ago.`;
  const { suspended } = answer;
  const stands =
    suspended === undefined
      ? []
      : [
          [
            piece(
              `  It is suspended by ${sanitiseLine(suspended.by)} since ${durationText(options.now - suspended.at)}: nothing begins. `,
              'warn',
            ),
            piece(options.command('resume', options.workflow), 'strong'),
          ],
        ];
  const said = reason === '' ? [] : hanging('  ', sanitiseLine(reason), options.width);
  const late =
    deadline === undefined
      ? []
      : [plain(`  It is to be complete within ${durationText(Math.max(0, deadline - options.now))}.`)];
  const rest = roots.length > 0 ? '  What it lacks comes down to:' : '  It waits for nothing.';
  return [
    [piece(sanitiseLine(options.workflow), 'strong'), piece(` ${state}`)],
    ...said,
    ...stands,
    ...late,
    plain(rest),
  ];
}

/** Chains that begin alike are one tree: what was said of the last root is not said again. */
function treeLines(roots: readonly RootPath[], own: string | undefined, options: ExplanationOptions): Line[] {
  const said = new Set<string>(own === undefined ? [] : [own]);
  return roots.flatMap(root => {
    const first = root.path.findIndex(link => !said.has(link.step));
    const fresh = first < 0 ? [] : root.path.slice(first);
    for (const { step } of fresh) said.add(step);
    return [...(first <= 1 ? [[]] : []), ...rootLines(root, root.path.length - fresh.length, options)];
  });
}

/** Hops shown of a long chain: its beginning and its end. */
const FIRST_HOPS = 3;
const LAST_HOPS = 6;

/** `known`: as many hops are told already. */
function rootLines(
  { path, who, answers, child, omitted }: RootPath,
  known: number,
  options: ExplanationOptions,
): Line[] {
  const gap = path.length - FIRST_HOPS - LAST_HOPS;
  const cut = gap > 1 && known <= FIRST_HOPS ? gap : 0;
  const lines = path.flatMap((link, hop) => {
    if (hop < known || (cut > 0 && hop > FIRST_HOPS && hop < FIRST_HOPS + cut)) return [];
    if (cut > 0 && hop === FIRST_HOPS)
      return betweenLines(cut + (omitted?.links ?? 0), link.step, hop, options);
    const untold = omitted?.after === hop ? betweenLines(omitted.links, omitted.next, hop, options) : [];
    return [...untold, ...linkLines(link, hop - (hop > FIRST_HOPS && cut > 0 ? cut - 1 : 0), options)];
  });
  const depth = path.length - (cut > 0 ? cut - 1 : 0);
  const root = path.at(-1) as Link;
  // Without an engine nothing is at work, whatever the records say; that is said once, below.
  const says = options.engineRuns || answers.length > 0 || who === 'nobody';
  const advice = says ? hanging(`${indent(depth)}→ `, adviceOn(root.told.cause, who), options.width) : [];
  const acts = answers.flatMap(answer => answerLines(answer, root.told.cause, depth, options));
  return [...lines, ...(child === undefined ? advice : childLines(child, depth, options)), ...acts];
}

/** `next`: the first of those that are not told; asked about, it tells them. */
function betweenLines(
  count: number,
  next: string,
  depth: number,
  { command, workflow }: ExplanationOptions,
): Line[] {
  return [
    plain(`${indent(depth)}… ${plural(count, 'step')} between:`),
    [piece(`${indent(depth)}  `), piece(command('explain', workflow, next), 'strong')],
  ];
}

/** What a child waits for, by its own id, further to the right. */
function childLines(
  { id, explanation }: ChildExplanation,
  depth: number,
  options: ExplanationOptions,
): Line[] {
  const lead = indent(depth);
  const width = options.width - lead.length;
  const { roots, moreRoots } = explanation;
  const inner = treeLines(roots, undefined, { ...options, workflow: id, width });
  const more = moreRoots > 0 ? [plain(`  … and ${plural(moreRoots, 'more root')}.`)] : [];
  return [...inner, ...more].map(line => (line.length === 0 ? line : [piece(lead), ...line]));
}

const indent = (depth: number): string => '  '.repeat(depth + 1);

function linkLines(link: Link, depth: number, { now, style, width }: ExplanationOptions): Line[] {
  const { machine, told } = link;
  const where = machine === undefined || told.says.includes(machine) ? '' : ` on ${sanitiseLine(machine)}`;
  const lead = `${indent(depth)}  `;
  const text = `${sanitiseLine(link.step)}${where} ${sanitiseLine(told.says)}; for ${durationText(now - link.since)}`;
  return wrap(text, width - lead.length).map((said, row) =>
    row === 0
      ? [piece(indent(depth)), markPiece(markOf(link), style), piece(` ${said}`)]
      : plain(`${lead}${said}`),
  );
}

function hanging(lead: string, text: string, width: number): Line[] {
  return wrap(text, width - lead.length).map((said, row) =>
    plain(`${row === 0 ? lead : ' '.repeat(lead.length)}${said}`),
  );
}

function answerLines(
  answer: Answer,
  cause: Cause,
  depth: number,
  { command, workflow }: ExplanationOptions,
): Line[] {
  const lead = `${indent(depth)}  `;
  const what = cause.kind === 'suspended' ? 'Go on' : ACTS[answer.act];
  return [[piece(`${lead}${what}: `), piece(command(...wordsOf(answer, workflow)), 'strong')]];
}

function wordsOf(answer: Answer, workflow: string): readonly string[] {
  switch (answer.act) {
    case 'signal':
      return ['signal', workflow, answer.name];
    case 'resume':
    case 'delete':
      return [answer.act, workflow];
    case 'abandon':
      return ['delete', workflow, '--abandon'];
    case 'retry':
    case 'skip':
    case 'fail':
    case 'approve':
    case 'reject':
      return [answer.act, workflow, answer.step];
    default:
      return answer satisfies never;
  }
}
