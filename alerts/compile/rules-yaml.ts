/** Rule groups as the YAML that Prometheus reads. */
import { Alias, Document, Scalar } from 'yaml';
import type { RuleGroup } from './prometheus-rules.ts';

const HEAD = ` Made by "highwater compile" from slo/*.yaml and alerts/policies.yaml; changes belong there.
 For any Prometheus from 2.42 on: rule_files: [rules.yaml]`;

/** A playbook stands once a group; the other alerts of the group refer to it. */
export function rulesYaml(groups: readonly RuleGroup[]): string {
  const document = new Document({ groups: groups.map(withSharedPlaybooks) });
  document.commentBefore = HEAD;
  return document.toString({ lineWidth: 0 });
}

function withSharedPlaybooks(group: RuleGroup): unknown {
  const known = new Map<string, string>();
  const rules = group.rules.map((rule) => {
    if (!('alert' in rule)) return rule;
    const text = rule.annotations['playbook_text'] ?? '';
    const anchor = known.get(text);
    if (anchor !== undefined) {
      return { ...rule, annotations: { ...rule.annotations, playbook_text: new Alias(anchor) } };
    }
    const scalar = new Scalar(text);
    scalar.anchor = `${group.name}-playbook`.replaceAll('-', '_');
    known.set(text, scalar.anchor);
    return { ...rule, annotations: { ...rule.annotations, playbook_text: scalar } };
  });
  return { ...group, rules };
}
