/** What a command leaves behind for the process. */
export interface ProgramOutcome {
  exitCode: number;
}
