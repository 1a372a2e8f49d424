/** A file that is made from definitions, for systems that read no TypeScript. */
export interface CompiledFile {
  /** From the project's folder. */
  readonly path: string;
  readonly content: string;
}
