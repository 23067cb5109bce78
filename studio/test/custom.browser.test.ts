import path from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { build } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import { describeWithChromium, launchChromium } from '../../test/chromium.ts'
import { done, item, text } from './stageAgent.ts'
import { type StudioServer, startStudioServer } from './studioServer.ts'
import { type Visitor, expectAccessible, logIn, screenshot, visit } from './visitor.ts'

/** A Studio with components of its own, as one script in the place of the stock one's. */
async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [path.join(import.meta.dirname, 'fixtures', 'shop.tsx')],
    bundle: true,
    write: false,
    format: 'esm',
    jsx: 'automatic',
    conditions: ['agentview-source'],
    // The stock Studio's styles are there already.
    loader: { '.css': 'empty' },
    define: { 'process.env.NODE_ENV': '"production"' },
  })
  return outputFiles[0]!.text
}

describeWithChromium('a Studio with components of its own', () => {
  let browser: Browser
  let server: StudioServer
  let owner: Visitor
  beforeAll(async () => {
    let script: string
    ;[server, browser, script] = await Promise.all([startStudioServer(), launchChromium(), bundle()])
    server.agent.script = () => [
      item({ type: 'product', product: 'blue jacket' }),
      item({ type: 'broken' }),
      text('Will that do?'),
      done,
    ]
    owner = await visit(browser)
    await owner.page.route(/\/studio\/assets\/index-[^/]*\.js$/, (route) =>
      route.fulfill({ contentType: 'text/javascript', body: script }),
    )
    await logIn(owner.page, `${server.url}/studio/`, server.owner)
  })
  afterAll(async () => {
    await browser.close()
    await server.stop()
  })

  const log = (page: Page) => page.getByRole('log', { name: 'Conversation' })

  test('an item is shown by its component; one that breaks breaks only itself, and the stock one stands in', async () => {
    const { page } = owner
    const { sessionId } = await server.talk('A jacket, please', { metadata: { plan: 'pro' } })
    await page.goto(`${server.url}/studio/sessions/${sessionId}`)
    await log(page).getByRole('region', { name: 'Product' }).getByText('Our "blue jacket" for you').waitFor()
    await log(page).getByRole('alert').getByText('this component is broken').waitFor()
    await log(page).getByText('"type": "broken"').waitFor()
    await log(page).getByText('Will that do?').waitFor()
    await page.getByRole('complementary', { name: 'About this session' }).getByText('{"plan":"pro"}').first().waitFor()
    await expectAccessible(page)
    await screenshot(page, 'custom-session')
  })

  test('a score is asked for by its component', async () => {
    const { page } = owner
    const { sessionId } = await server.talk('Another jacket')
    await page.goto(`${server.url}/studio/sessions/${sessionId}`)
    await log(page).getByRole('button', { name: 'Helpful' }).click()
    await page.getByRole('button', { name: 'Five stars' }).click()
    await log(page).getByRole('button', { name: 'Helpful: 5' }).waitFor()
  })

  test('pages stand in the sidebar; one that breaks leaves the rest of Studio', async () => {
    const { page } = owner
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Refunds' }).click()
    await page.getByRole('heading', { name: 'All refunds' }).waitFor()
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Broken page' }).click()
    await page.getByRole('heading', { name: 'The page “Broken page” of your config broke' }).waitFor()
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Sessions' }).click()
    await page.getByRole('heading', { name: 'Sessions' }).waitFor()
  })

  test('the theme gives the accent', async () => {
    const accent = await owner.page.evaluate(() =>
      getComputedStyle(document.documentElement).getPropertyValue('--accent'),
    )
    expect(accent.trim()).toBe('rgb(1, 128, 2)')
  })
})
