/** What the command line knows of the process it runs in; tests give their own. */
export interface CliEnvironment {
  /** The arguments after the program's name. */
  readonly argv: readonly string[];
  /** Variables of the environment. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  /** Notes the exit code; called once, at the end. */
  readonly exit: (code: number) => void;
}
