import { mkdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { expect } from '@jest/globals'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'

const SCREENSHOTS = path.join(import.meta.dirname, '..', '..', 'artifacts', 'studio')

export const LOOKS = {
  light: { viewport: { width: 1440, height: 900 }, colorScheme: 'light' },
  dark: { viewport: { width: 1440, height: 900 }, colorScheme: 'dark' },
  phone: { viewport: { width: 390, height: 844 }, colorScheme: 'light', hasTouch: true, isMobile: true },
  wide: { viewport: { width: 2560, height: 1200 }, colorScheme: 'light' },
} as const satisfies Record<string, BrowserContextOptions>
export type Look = keyof typeof LOOKS

/** Somebody in a browser of his own, and whatever his page complains about. */
export interface Visitor {
  context: BrowserContext
  page: Page
  complaints: string[]
}

export async function visit(browser: Browser, look: Look = 'light'): Promise<Visitor> {
  const context = await browser.newContext({ ...LOOKS[look], permissions: ['clipboard-read', 'clipboard-write'] })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    // That a call was refused is shown by the page itself; that the page's policy was broken must not be.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      complaints.push(message.text())
  })
  return { context, page, complaints }
}

export async function logIn(page: Page, url: string, who: { email: string; password: string }): Promise<void> {
  await page.goto(url)
  await page.getByLabel('E-mail').fill(who.email)
  await page.getByLabel('Password').fill(who.password)
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.locator('main#main').waitFor()
}

const axePath = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

/** Fails when axe finds anything serious or critical on the page as it is. */
export async function expectAccessible(page: Page): Promise<void> {
  const source = await readFile(axePath, 'utf8')
  // What fades in has no contrast yet.
  await page.evaluate(async () => {
    const passing = document.getAnimations().filter((each) => each.effect?.getComputedTiming().iterations !== Infinity)
    await Promise.allSettled(passing.map((each) => each.finished))
  })
  // By the debugger: the page's policy refuses scripts that are put into it.
  const session = await page.context().newCDPSession(page)
  await session.send('Runtime.evaluate', { expression: source })
  const expression =
    "axe.run(document, { resultTypes: ['violations'] }).then((found) => JSON.stringify(found.violations))"
  const { result } = await session.send('Runtime.evaluate', { expression, awaitPromise: true })
  await session.detach()
  const violations = JSON.parse(String(result.value)) as { id: string; impact: string; nodes: { html: string }[] }[]
  const bad = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
  expect(bad.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' | ')}`)).toEqual([])
}

export async function screenshot(page: Page, name: string): Promise<void> {
  await mkdir(SCREENSHOTS, { recursive: true })
  await page.screenshot({ path: path.join(SCREENSHOTS, `${name}.png`) })
}

/** Nothing reaches over the side of the window. */
export async function expectNoSideways(page: Page): Promise<void> {
  const { content, window } = await page.evaluate(() => ({
    content: document.documentElement.scrollWidth,
    window: document.documentElement.clientWidth,
  }))
  expect(content).toBeLessThanOrEqual(window)
}
