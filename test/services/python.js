import { findProgram, installed } from './packages.js'

/** AGENTVIEW_TEST_PYTHON, or a Python of this machine. Gives `{ path }`, or `{ missing }`: what helps. */
export function providePython() {
  const found = process.env.AGENTVIEW_TEST_PYTHON ?? findProgram(['python3'])
  if (found) return { path: found }
  const program = installed('python3') ? findProgram(['python3']) : undefined
  if (program) return { path: program }
  return { missing: 'install python3, or set AGENTVIEW_TEST_PYTHON to a Python 3.9 or newer, and run npm test again.' }
}
