// Operations with their expressions compiled, and what all of them may be given.
// Belongs here: their `of` and `to`, the inputs that states may read of them. Does not belong here: reading (read.ts).
import type { EntityDrafts } from '../draft.ts';
import type { ExpressionModel, ExpressionPlace, ValueType } from '../expressions/types.ts';
import { modelOf, valueType } from '../model.ts';
import type { Report } from '../report.ts';
import { Templates } from '../templates.ts';
import type { Parameter } from '../types.ts';
import type { OperationDraft, OperationStepDraft } from './read.ts';
import type { Operation, OperationStep } from './types.ts';

/** What was read of the definition around the operations. */
interface Around {
  readonly inputs: ReadonlyMap<string, Parameter>;
  readonly entities: EntityDrafts;
}

/** Each operation has names of its own: its inputs. Nothing is certain of what its expressions read of states. */
export function buildOperations(
  report: Report,
  drafts: readonly OperationDraft[],
  around: Around,
): Map<string, Operation> {
  return new Map(
    drafts.map(draft => {
      const { at: _, steps, ...operation } = draft;
      const model: ExpressionModel = {
        ...modelOf(around.inputs, around.entities),
        operation: { inputs: typesOf(draft), isCertain: true },
      };
      const templates = new Templates(report, model);
      const built = steps.map((step, index) =>
        buildStep(templates, step, `step ${index + 1} of operation ${draft.name}`),
      );
      return [draft.name, { ...operation, steps: built }] as const;
    }),
  );
}

const NOTHING: Pick<ExpressionPlace, 'guaranteed'> = { guaranteed: () => false };

function buildStep(templates: Templates, step: OperationStepDraft, what: string): OperationStep {
  if (step.kind === 'rerun') {
    const { of, states } = step;
    if (of === undefined) return { kind: 'rerun', states };
    const place = { ...NOTHING, use: 'operation_of' as const, entity: of.entity };
    return { kind: 'rerun', states, of: templates.rule(of, place, `'of' in ${what}`) };
  }
  if (step.kind === 'choose_again') return step;
  const place = { ...NOTHING, use: 'operation_to' as const };
  return { ...step, to: templates.member(step.to, place, what, 'to') };
}

const typesOf = ({ inputs }: Pick<OperationDraft, 'inputs'>): Map<string, ValueType> =>
  new Map([...inputs].map(([name, input]) => [name, valueType(input)]));

/**
 * What states may read of an operation: the inputs of all of them, each of which may be absent. Two operations that give
 * one name to different things would leave a reader with neither.
 */
export function operationInputs(report: Report, drafts: readonly OperationDraft[]): Map<string, ValueType> {
  const all = new Map<string, ValueType>();
  const owners = new Map<string, string>();
  for (const draft of drafts) {
    for (const [name, type] of typesOf(draft)) {
      const known = all.get(name);
      if (known === undefined) {
        all.set(name, type);
        owners.set(name, draft.name);
      } else if (known.type !== type.type || known.hidden !== type.hidden) {
        const message = `The operations ${owners.get(name)} and ${draft.name} have an input '${name}' each, of different types.`;
        report.add('wrong_value', draft.at, message, { hint: 'Give one of the two another name.' });
      }
    }
  }
  return all;
}
