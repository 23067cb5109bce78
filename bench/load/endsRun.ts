const ENDS = ['completed', 'failed', 'cancelled'].map((how) => Buffer.from(`"type":"run.${how}"`))

/** Whether an unparsed event ends a run: quotation marks in a text are escaped, so no text looks like it. */
export function endsRun(json: Buffer): boolean {
  return ENDS.some((end) => json.includes(end))
}
