const program = process.env.AGENTVIEW_TEST_PYTHON

/** `describe`, skipped where test/run.js found no Python. */
export const describeWithPython: jest.Describe = program ? describe : describe.skip

/** The program that runs Python's sources. */
export function python(): string {
  if (!program) throw new Error('AGENTVIEW_TEST_PYTHON is not set: run the tests with npm test.')
  return program
}
