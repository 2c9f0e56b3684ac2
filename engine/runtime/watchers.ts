// Who wants to know that a workflow has changed: for those in this process that wait for another workflow.
// Belongs here: callbacks by workflow. Does not belong here: what changed (they look), followers with their backlog.

type Told = (workflow: string, project: string | undefined) => void;

export class Watchers {
  readonly #told = new Map<string, Set<() => void>>();
  readonly #ofAll = new Set<Told>();

  /** Calls back after each commit that changes the workflow's own record, or erases it; returns how to take it back. */
  watch(workflow: string, told: () => void): () => void {
    const all = this.#told.get(workflow) ?? new Set();
    this.#told.set(workflow, all.add(told));
    return () => {
      all.delete(told);
      if (all.size === 0 && this.#told.get(workflow) === all) this.#told.delete(workflow);
    };
  }

  /** The same for every workflow. */
  watchAll(told: Told): () => void {
    this.#ofAll.add(told);
    return () => this.#ofAll.delete(told);
  }

  /** `project`: of its owner, where that is known. */
  tell(workflow: string, project?: string): void {
    for (const told of this.#ofAll) told(workflow, project);
    for (const told of this.#told.get(workflow) ?? []) told();
  }
}
