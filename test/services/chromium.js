import { existsSync } from 'node:fs'
import { findProgram, installed } from './packages.js'

const PROGRAMS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const ON_MACOS = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

/** AGENTVIEW_TEST_CHROMIUM, or a Chromium of this machine. Gives `{ path }`, or `{ missing }`: what helps. */
export function provideChromium() {
  const found =
    process.env.AGENTVIEW_TEST_CHROMIUM ?? findProgram(PROGRAMS) ?? ON_MACOS.find((file) => existsSync(file))
  if (found) return { path: found }
  const program = installed('chromium') ? findProgram(PROGRAMS) : undefined
  if (program) return { path: program }
  return { missing: 'install chromium, or set AGENTVIEW_TEST_CHROMIUM to a Chromium, and run npm test again.' }
}
