// Compiles every value that may hold expressions, and sees that nothing hidden flows where it would show.
// Belongs here: calling the compiler, taking over its problems. Does not belong here: CEL (expressions/).
import type { JsonValue } from '../base/json.ts';
import type { Compile, OutputDraft, Placed, TemplateUse } from './draft.ts';
import { compileTemplate } from './expressions/index.ts';
import type { ExpressionModel, ExpressionPlace, Template } from './expressions/types.ts';
import type { Report } from './report.ts';
import type { StateOutput, WorkflowOutput } from './types.ts';

export class Templates {
  readonly #report: Report;
  readonly #model: ExpressionModel;

  constructor(report: Report, model: ExpressionModel) {
    this.#report = report;
    this.#model = model;
  }

  /** A compiler for one place of one state; every template it makes is added to `made`. */
  compiler(
    place: Omit<ExpressionPlace, 'at'>,
    outputs: ReadonlyMap<string, StateOutput>,
    made: Template[],
  ): Compile {
    return (value, at, use = {}) => {
      const { file, response } = use;
      const here = {
        ...place,
        at,
        ...(file !== undefined && { file }),
        ...(use.members && { use: 'members' as const }),
        ...(response && { use: response === 'test' ? ('response_test' as const) : ('response' as const) }),
      };
      const { template, problems } = compileTemplate(value, here, this.#model);
      this.#report.addAll(problems);
      made.push(template);
      const what = `${place.entity ?? ''}.${place.state ?? ''}`;
      if (template.secret) this.#checkShown(at, use, outputs, what);
      else if (problems.length === 0) this.#checkPlain(at, use, outputs, what);
      return template;
    };
  }

  /** `run_on`, and what `key` says: one expression that names a member. */
  member(
    { value, at }: Placed,
    place: Omit<ExpressionPlace, 'at'>,
    what: string,
    key: 'run_on' | 'to' = 'run_on',
  ): Template {
    const { template, problems } = compileTemplate(value, { ...place, at }, this.#model);
    this.#report.addAll(problems);
    if (template.root.kind !== 'expression' && problems.length === 0) {
      this.#report.add('wrong_type', at, `${key} of ${what} is no expression.`, {
        hint: 'Write one that names a member, such as "<% sql.members[0] %>" or "<% sql.master %>".',
      });
    }
    return template;
  }

  /** The rule of a role: one expression, which nothing hidden decides. */
  rule(
    { value, at }: { readonly value: JsonValue; readonly at: string },
    place: Omit<ExpressionPlace, 'at'>,
    what: string,
  ): Template {
    const { template, problems } = compileTemplate(value, { ...place, at }, this.#model);
    this.#report.addAll(problems);
    if (template.root.kind !== 'expression' && problems.length === 0) {
      this.#report.add('wrong_type', at, `${what} is no expression.`, {
        hint: 'Write one over member, such as "<% member.data.zone == \'a\' %>".',
      });
    }
    return template;
  }

  /** Row 50 of the rules: a hidden value in a workflow's output must be declared hidden. */
  workflowOutput(draft: OutputDraft, guaranteed: ExpressionPlace['guaranteed']): WorkflowOutput {
    const { name, description, hidden, value } = draft;
    const place: ExpressionPlace = { use: 'output', at: value.at, guaranteed };
    const { template, problems } = compileTemplate(value.value, place, this.#model);
    this.#report.addAll(problems);
    if (template.secret && !hidden) {
      const message = `The output '${name}' would show a hidden value to everybody who can see the stack.`;
      this.#report.add('secret_exposed', value.at, message, {
        hint: "Write 'hidden: true', or leave the value out.",
      });
    }
    return { name, description, hidden, value: template };
  }

  /** What is computed of plain values alone is stored in clear, whatever is declared. */
  #checkPlain(at: string, use: TemplateUse, outputs: ReadonlyMap<string, StateOutput>, what: string): void {
    const output = use.output === undefined ? undefined : outputs.get(use.output);
    if (output?.hidden !== true) return;
    const message = `The output '${output.name}' of ${what} is declared hidden, but nothing that it is made of is: it would be stored in clear.`;
    this.#report.add('secret_exposed', at, message, {
      hint: "Declare the inputs or outputs that it is made of hidden, or leave 'hidden' out.",
    });
  }

  #checkShown(at: string, use: TemplateUse, outputs: ReadonlyMap<string, StateOutput>, what: string): void {
    if (use.showsSecrets !== undefined && !this.#report.has('secret_exposed', at)) {
      const message = `${use.showsSecrets} of ${what} would show a hidden value.`;
      this.#report.add('secret_exposed', at, message, {
        hint: "Pass hidden values through a script's inputs only.",
      });
    }
    const output = use.output === undefined ? undefined : outputs.get(use.output);
    if (output === undefined || output.hidden) return;
    const message = `The output '${output.name}' of ${what} is made of a hidden value.`;
    this.#report.add('secret_exposed', at, message, {
      hint: `Declare it: outputs: {${output.name}: {type: ${output.type}, hidden: true}}.`,
    });
  }
}
