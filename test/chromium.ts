import { type Browser, chromium } from 'playwright-core'

const executablePath = process.env.AGENTVIEW_TEST_CHROMIUM

/** `describe`, skipped where test/run.js found no Chromium. */
export const describeWithChromium: jest.Describe = executablePath ? describe : describe.skip

/** Without a sandbox, which root can't have, and without anything that calls out to the network by itself. */
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** A browser for one test file; close it in afterAll. */
export async function launchChromium(): Promise<Browser> {
  if (!executablePath) throw new Error('AGENTVIEW_TEST_CHROMIUM is not set: run the tests with npm test.')
  return chromium.launch({ executablePath, args: FLAGS })
}
