// What the virtual machine goes through: a workflow whose first script asks for a reboot, and whose second is cut off with its power.
// Belongs here: the definition, and what must have happened at its end. Does not belong here: the machine (machine.ts), the
// clock (main.ts).
import type { EngineApi, WorkflowView } from '../../engine/runtime/api.ts';

export const WORKFLOW = 'reboots';

/** What the second script writes on the machine's console when it waits for its end. */
export const CUT_ME = 'the power may be cut';

/** Each line: why it runs, and the boot id that it sees. */
export const DEFINITION = `
workflow_version: 2026-11-01
entities:
  db:
    type: vm
    states:
      updated:
        action:
          script:
            bash: |
              echo "$WORKFLOW_REASON $(cat /proc/sys/kernel/random/boot_id)" >> /var/lib/updated
              [ "$WORKFLOW_REASON" = reboot ] || exit 194
              cp /var/lib/updated "\${heat_outputs_path}.boots"
            reboot: {max: 1}
        outputs: {boots: {type: string}}
        timeout: 30m
      migrated:
        requires: [updated]
        action:
          script:
            bash: |
              echo "$WORKFLOW_REASON $(cat /proc/sys/kernel/random/boot_id)" >> /var/lib/migrated
              sync
              if [ "$(wc -l < /var/lib/migrated)" = 1 ]; then
                echo "${CUT_ME}" > /dev/console
                sleep 3600
              fi
              cp /var/lib/migrated "\${heat_outputs_path}.boots"
        on_interrupted: rerun
        outputs: {boots: {type: string}}
        timeout: 30m
      checked:
        requires: [migrated]
        action: {script: {sh: "true"}}
goal: db.checked
outputs:
  updated: {value: "<% db.outputs.updated.boots %>"}
  migrated: {value: "<% db.outputs.migrated.boots %>"}
`;

/** The boot ids that it went through, in order. Throws where anything else happened than must. */
export async function judge(api: EngineApi): Promise<readonly string[]> {
  const view = await api.workflow(WORKFLOW);
  if (view.record.status !== 'complete') throw new Error(`it ended as ${JSON.stringify(view.record)}`);
  const [first = '', second = '', ...more] = linesOf(view, 'updated');
  const [cut = '', last = '', ...others] = linesOf(view, 'migrated');
  const reasons = [first, second, cut, last].map(line => line.split(' ')[0]);
  const ids = [first, second, cut, last].map(line => line.split(' ')[1] ?? '');
  const [one, two, three, four] = ids as [string, string, string, string];
  const isRight = reasons.slice(0, 3).join() === 'first,reboot,first' && more.length + others.length === 0;
  if (!isRight || new Set([one, two, four]).size !== 3 || two !== three)
    throw new Error(`the scripts saw ${JSON.stringify(view.outputs)}`);
  const log = JSON.stringify(await api.events(WORKFLOW, 0, 1_000));
  const evidence = `the machine was restarted in the middle: boot id ${two} is now ${four}`;
  if (log.split(evidence).length < 2) throw new Error(`nobody was told that ${evidence}`);
  return [one, two, four];
}

const linesOf = (view: WorkflowView, output: string): readonly string[] =>
  JSON.parse(JSON.stringify(view.outputs[output] ?? ''))
    .trim()
    .split('\n');
