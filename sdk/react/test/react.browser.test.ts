import { mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { describeWithChromium, launchChromium } from '../../../test/chromium.ts'
import { uuidOf } from '@shared/domain/ids'
import { eventually } from '../../../test/server/eventually.ts'
import { type TestServer, startTestServer } from '../../../test/server/startTestServer.ts'
import type { Tenant } from '../../../test/server/tenant.ts'
import { type PageServer, type ReactVersion, bundlePage, servePages } from './pages.ts'

const VERSIONS: ReactVersion[] = [19, 18]
const SCREENSHOTS = path.join(import.meta.dirname, '..', '..', '..', 'artifacts', 'react')

describeWithChromium('the hooks, on a page of another origin', () => {
  let server: TestServer
  let browser: Browser
  let pages: PageServer
  let tenant: Tenant

  beforeAll(async () => {
    server = await startTestServer()
    tenant = await server.newTenant()
    const bundles = VERSIONS.map(
      async (react) =>
        [
          `react${react}`,
          await bundlePage(react, { entryPoints: [path.join(import.meta.dirname, 'page.tsx')] }),
        ] as const,
    )
    const readme = bundlePage(19, {
      stdin: { contents: await example(), loader: 'tsx', resolveDir: import.meta.dirname },
    })
    pages = await servePages({ ...Object.fromEntries(await Promise.all(bundles)), readme: await readme })
    await server.rows(
      `update organizations set settings = jsonb_set(settings, '{allowedOrigins}', to_jsonb(array[$2::text])) where id = $1`,
      uuidOf('organization', tenant.organizationId),
      pages.url,
    )
    browser = await launchChromium()
  })

  afterAll(async () => {
    await browser?.close()
    await pages?.close()
    await server?.close()
  })

  async function example(): Promise<string> {
    const readme = await readFile(path.join(import.meta.dirname, '..', 'README.md'), 'utf8')
    const [, code = ''] = /```tsx\n(.+?)```/s.exec(readme) ?? []
    return code
      .replace("'@agentview/react'", "'../index.ts'")
      .replace('http://localhost:4000', server.url)
      .replace('av_pk_…', tenant.publishableKey)
      .replace("'eliza'", "'echo'")
  }

  /** A new visitor's page, and what it complains about. */
  async function visit(page: string, agent: string): Promise<{ page: Page; complaints: string[] }> {
    const context = await browser.newContext()
    const opened = await context.newPage()
    opened.setDefaultTimeout(30_000)
    const complaints: string[] = []
    opened.on('pageerror', ({ message }) => complaints.push(message))
    opened.on('console', (line) => line.type() === 'error' && complaints.push(line.text()))
    const query = new URLSearchParams({ endpoint: server.url, key: tenant.publishableKey, agent })
    await opened.goto(`${pages.url}/${page}?${query.toString()}`)
    return { page: opened, complaints }
  }

  async function say(page: Page, text: string): Promise<void> {
    await page.getByRole('textbox').fill(text)
    await page.getByRole('button', { name: 'Send' }).click()
  }

  const shown = (page: Page, role: string, text: string) =>
    page.locator(`li[data-role="${role}"]`).getByText(text, { exact: true }).waitFor()
  const rendersOf = (page: Page) => page.evaluate(() => ({ ...window.renders }))

  describe.each(VERSIONS)('React %d', (react) => {
    test('a delta renders the message that grows, and no other', async () => {
      const { page, complaints } = await visit(`react${react}`, 'staged')
      await say(page, 'count')
      const turn = await server.stage.turn(await eventually(() => server.stage.held()[0]))
      const words = Array.from({ length: 12 }, (_, index) => `${index}`)
      turn.frame('text', { delta: 'begun ' })
      await shown(page, 'assistant', 'begun')
      const before = await rendersOf(page)
      for (const [index, word] of words.entries()) {
        turn.frame('text', { delta: `${word} ` })
        await shown(page, 'assistant', `begun ${words.slice(0, index + 1).join(' ')}`)
      }
      const after = await rendersOf(page)
      turn.frame('done')
      turn.end()
      await page.locator('#status', { hasText: 'idle' }).waitFor()
      expect(after['message 0']).toBe(before['message 0'])
      expect(after['form']).toBe(before['form'])
      // StrictMode renders everything twice.
      expect(after['message 1']! - before['message 1']!).toBe(2 * words.length)
      expect(complaints).toEqual([])
      await page.context().close()
    })

    test('a tool waits for approval, outlives a reload, and is carried out once', async () => {
      const { page, complaints } = await visit(`react${react}`, 'asking')
      await say(page, 'please')
      await page.getByRole('button', { name: 'Allow ask' }).waitFor()
      const sessionId = await page.locator('#session').innerText()
      await page.goto(`${page.url()}&session=${sessionId}`)
      await page.getByRole('button', { name: 'Allow ask' }).click()
      await page.locator('li[data-role="assistant"]').getByText('tea').waitFor()
      await page.locator('#status', { hasText: 'idle' }).waitFor()
      expect(await page.evaluate(() => window.carriedOut)).toBe(1)

      await page.getByRole('button', { name: `Delete ${sessionId}` }).click()
      await page.getByRole('button', { name: `Delete ${sessionId}` }).waitFor({ state: 'detached' })
      await page.locator('#session:empty').waitFor({ state: 'attached' })
      expect(await page.locator('li').count()).toBe(0)
      expect(complaints).toEqual([])
      await page.context().close()
    })
  })

  test('what is remembered of the visitor is shown, and forgotten', async () => {
    const { page, complaints } = await visit('react19', 'echo')
    await page.getByRole('button', { name: 'Remember' }).click()
    const forget = page.getByRole('button', { name: 'Forget: likes tea' })
    await forget.waitFor()
    await page.reload()
    await forget.click()
    await forget.waitFor({ state: 'detached' })
    const listed = page.waitForResponse((response) => response.url().includes('/v1/memories?') && response.ok())
    await page.reload()
    expect(await (await listed).json()).toMatchObject({ data: [] })
    expect(complaints).toEqual([])
    await page.context().close()
  })

  test('what is refused is told: a session that is not there, a run that failed', async () => {
    const { page } = await visit('react19', 'staged')
    await say(page, 'fail')
    const turn = await server.stage.turn(await eventually(() => server.stage.held()[0]))
    turn.frame('error', { message: 'out of stock', code: 'sold_out', retryable: false })
    turn.end()
    await page.locator('#error', { hasText: 'sold_out' }).waitFor()
    await page.goto(`${page.url()}&session=ses_01hzzzzzzzzzzzzzzzzzzzzzzz`)
    await page.locator('#error', { hasText: 'not_found' }).waitFor()
    await page.context().close()
  })

  test('the first example of the README is a chat', async () => {
    const { page, complaints } = await visit('readme', 'echo')
    await say(page, 'Hello')
    await page.getByText('assistant: You said: Hello').waitFor()
    await mkdir(SCREENSHOTS, { recursive: true })
    await page.screenshot({ path: path.join(SCREENSHOTS, 'example.png') })
    expect(complaints).toEqual([])
    await page.context().close()
  })
})
