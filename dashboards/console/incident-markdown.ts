/** An incident as Markdown, for the document that the review begins with. */
import { count, percent } from './figures.ts';
import { titleOf } from './alerts-now.ts';
import { timelineOf } from './incident-page.ts';
import type { IncidentModel } from './incident-page.ts';

export function incidentMarkdown({ incident, evidence }: Omit<IncidentModel, 'reader'>): string {
  const { budget } = evidence ?? { budget: null };
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['What users felt', incident.user_impact ?? undefined],
    ['Loudest', `${incident.route}, ${incident.severity} (${incident.rung})`],
    ['Began', incident.started_at],
    ['Fired', incident.fired_at],
    ['Resolved', incident.resolved_at ?? 'still open'],
    [
      'Error budget spent',
      budget
        ? `${percent(budget.budget_spent_ratio, 2)} of ${budget.slo} (${count(budget.bad_count)} bad of ${count(budget.valid_count)} events)`
        : undefined,
    ],
    [
      'Acknowledged',
      incident.acknowledged
        ? `${incident.acknowledged.by}, ${incident.acknowledged.at}`
        : 'by nobody',
    ],
    ['Playbook', incident.playbook ?? undefined],
    ['Incident', incident.id],
  ];
  const parts = [
    `# Incident: ${escape(titleOf(incident))}`,
    facts
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `- ${name}: ${escape(value ?? '')}`)
      .join('\n'),
    '## Timeline (UTC)',
    ['| when | what |', '| --- | --- |', ...timelineOf(incident).map(row)].join('\n'),
    ...(evidence?.query ? ['## Query', `\`\`\`promql\n${evidence.query}\n\`\`\``] : []),
    '## What went well',
    '## What went badly',
    '## What we change',
  ];
  return `${parts.join('\n\n')}\n`;
}

function row({ at, text }: { readonly at: string; readonly text: string }): string {
  return `| ${at} | ${escape(text)} |`;
}

/** A text is text, whatever Markdown or HTML would make of it. */
function escape(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/[\\`*_[\]<>|&#]/g, '\\$&');
}
