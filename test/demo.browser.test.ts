import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { AgentviewProcess, cleanUp, makeDataFolder } from '../cli/test/agentviewProcess.ts'
import { describeWithChromium, launchChromium } from './chromium.ts'
import { freePort } from './freePort.ts'

const SCREENSHOTS = path.join(import.meta.dirname, '..', 'artifacts')

describeWithChromium('the demo chat page', () => {
  let browser: Browser
  let server: AgentviewProcess
  let environment: Record<string, string>
  let url: string

  beforeAll(async () => {
    const port = await freePort()
    url = `http://127.0.0.1:${port}/demo/`
    environment = { PORT: String(port), AGENTVIEW_DATA: await makeDataFolder(), ELIZA_DELAY_MS: '150' }
    server = await startServer()
    browser = await launchChromium()
    await mkdir(SCREENSHOTS, { recursive: true })
  })

  afterAll(async () => {
    await browser.close()
    await cleanUp()
  })

  async function startServer(): Promise<AgentviewProcess> {
    const running = new AgentviewProcess(['start', '--examples'], environment)
    await running.says('AgentView is ready')
    return running
  }

  /** A visitor of his own, and whatever his page complains about. */
  async function visit(width: number, height: number): Promise<{ page: Page; complaints: string[] }> {
    const context = await browser.newContext({ viewport: { width, height } })
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(error.message))
    await page.goto(url)
    return { page, complaints }
  }

  async function say(page: Page, text: string): Promise<void> {
    await page.getByRole('textbox').fill(text)
    await page.getByRole('textbox').press('Enter')
  }

  /** Messages of the conversation, not their echo for screen readers. */
  function messages(page: Page, role: 'user' | 'assistant', text: string | RegExp) {
    return page.locator(`.message[data-role="${role}"]`).filter({ hasText: text })
  }
  const FAMILY = 'Tell me more about your family.'

  test('an answer comes in, and conversation and session outlive a reload', async () => {
    const { page, complaints } = await visit(1280, 800)
    await say(page, 'My brother is visiting me')
    await messages(page, 'assistant', FAMILY).waitFor()
    await page.screenshot({ path: path.join(SCREENSHOTS, 'demo-desktop.png') })
    await page.reload()
    await messages(page, 'assistant', FAMILY).waitFor()
    expect(await messages(page, 'user', 'My brother is visiting me').count()).toBe(1)
    await say(page, 'I am happy')
    await messages(page, 'assistant', /\w/).nth(1).waitFor()
    expect(complaints).toEqual([])
  })

  test('it goes on by itself after the server was killed in the middle of an answer', async () => {
    const { page, complaints } = await visit(390, 844)
    await say(page, 'My mother and my father and my sister are all very kind to me')
    // Some words are there, not all of them.
    await messages(page, 'assistant', /\w/).first().waitFor()
    await server.stop('SIGKILL')
    server = await startServer()
    await messages(page, 'assistant', /[.?]\s*$/)
      .first()
      .waitFor()
    await say(page, 'My brother is visiting me')
    await messages(page, 'assistant', FAMILY).last().waitFor()
    await page.screenshot({ path: path.join(SCREENSHOTS, 'demo-phone.png') })
    expect(await messages(page, 'user', 'My brother is visiting me').count()).toBe(1)
    expect(complaints).toEqual([])
  })

  test('a message that was written while the server was away is sent once, when it is back', async () => {
    const { page } = await visit(1280, 800)
    await say(page, 'I am happy')
    await messages(page, 'assistant', /[.?]\s*$/).waitFor()
    await server.stop('SIGTERM')
    await say(page, 'My brother is visiting me')
    server = await startServer()
    await messages(page, 'assistant', FAMILY).waitFor()
    expect(await messages(page, 'user', 'My brother is visiting me').count()).toBe(1)
  })

  test('what people type is shown as text, never run', async () => {
    const { page, complaints } = await visit(1280, 800)
    const hostile = '<img src=x onerror="document.title=1"><script>document.title=2</script>'
    await say(page, hostile)
    await messages(page, 'user', hostile).waitFor()
    await page.locator('img[src="x"]').waitFor({ state: 'detached' })
    expect(await page.title()).not.toMatch(/^[12]$/)
    expect(complaints).toEqual([])
  })
})
