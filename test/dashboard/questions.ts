import type { Dashboard, Panel, Target } from './model.ts';

/** One question of a panel, as Prometheus is asked it. */
export interface Question {
  readonly panel: Panel;
  readonly target: Target;
  readonly query: string;
}

/**
 * Every question of a dashboard with its variables filled in: all there is to choose, as it is opened.
 *
 * @param rateSeconds what Grafana puts for `$__rate_interval`: four times the time between two scrapes
 * @throws {Error} when a variable is left
 */
export function questionsOf({ panels, templating }: Dashboard, rateSeconds: number): readonly Question[] {
  const values = new Map(templating.list.map(({ name, allValue }) => [name, allValue]));
  values.set('__rate_interval', `${rateSeconds}s`);
  const fill = (expr: string) =>
    expr.replaceAll(/\$\{?(\w+)\}?/g, (_, name: string) => {
      const value = values.get(name);
      if (value === undefined) throw new Error(`the variable $${name} has no value: ${expr}`);
      return value;
    });
  return panels.flatMap((panel) =>
    (panel.targets ?? []).map((target) => ({ panel, target, query: fill(target.expr) })),
  );
}
