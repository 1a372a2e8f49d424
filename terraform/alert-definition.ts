/** An alert policy as Terraform makes it. */

/** The value of one policy in the variable `alert_policies`. */
export interface AlertPolicyDefinition {
  readonly display_name: string;
  readonly severity: 'CRITICAL' | 'ERROR' | 'WARNING';
  readonly route: 'page' | 'ticket';
  readonly subject: string;
  readonly documentation: string;
  readonly auto_close_seconds: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly conditions: readonly {
    readonly name: string;
    readonly query: string;
    readonly duration_seconds: number;
    readonly evaluation_interval_seconds: number;
  }[];
}
