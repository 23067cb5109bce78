import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Browser } from 'playwright-core'
import { describeWithChromium, launchChromium } from '../../test/chromium.ts'
import { joinAs } from './colleagues.ts'
import { done, item, text } from './stageAgent.ts'
import { type StudioServer, startStudioServer } from './studioServer.ts'
import { type Visitor, logIn, visit } from './visitor.ts'

/** Each would set `window.taken`, or ask another server, if it were taken for more than text. */
const HOSTILE = [
  '<img src=x onerror="window.taken=1">',
  '<script>window.taken=2</script>',
  '[click](javascript:window.taken=3)',
  '[click](data:text/html,<script>window.taken=4</script>)',
  '![seen](https://tracker.invalid/pixel.png)',
  '<svg onload="window.taken=5"><a href="javascript:window.taken=6">x</a></svg>',
  '<iframe srcdoc="<script>parent.taken=7</script>"></iframe>',
  '[x]: javascript:window.taken=8\n\n[x]',
  '<style>body{display:none}</style>',
  '"><details open ontoggle="window.taken=9">',
].join('\n\n')

describeWithChromium('what strangers write', () => {
  let browser: Browser
  let server: StudioServer
  let owner: Visitor
  const asked: string[] = []
  beforeAll(async () => {
    ;[server, browser] = await Promise.all([startStudioServer(), launchChromium()])
    owner = await visit(browser)
    owner.page.on('request', (request) => asked.push(request.url()))
    await logIn(owner.page, `${server.url}/studio/`, server.owner)
  })
  afterAll(async () => {
    await browser.close()
    await server.stop()
  })

  /** Nothing ran, no other server was asked, and nothing that could run stands in the page. */
  async function expectUntouched(): Promise<void> {
    const { page } = owner
    expect(await page.evaluate(() => 'taken' in window)).toBe(false)
    expect(asked.filter((url) => !url.startsWith(server.url))).toEqual([])
    const main = page.locator('body')
    expect(await main.locator('img, iframe, script:not([src]), svg a, [onerror], [onload], [ontoggle]').count()).toBe(0)
    const links = await main.locator('a').evaluateAll((all) => all.map((link) => link.getAttribute('href') ?? ''))
    expect(links.filter((href) => /^\s*(javascript|data|vbscript):/i.test(href))).toEqual([])
    expect(await page.locator('body').isVisible()).toBe(true)
  }

  test('is text in messages, reasoning, tool output, names of tools, JSON, metadata and titles', async () => {
    server.agent.script = () => [
      item({ type: 'reasoning', content: HOSTILE }),
      item({
        type: 'tool_call',
        callId: 'a',
        name: HOSTILE.slice(0, 200),
        arguments: { [HOSTILE.slice(0, 36)]: HOSTILE },
      }),
      item({ type: 'tool_result', callId: 'a', result: HOSTILE }),
      item({ type: HOSTILE.slice(0, 36), html: HOSTILE }),
      { event: 'state', state: { html: HOSTILE } },
      text(HOSTILE),
      done,
    ]
    const { page } = owner
    const { endUserId, sessionId } = await hostileSession()
    await page.goto(`${server.url}/studio/sessions`)
    await page.getByText('onerror').first().waitFor()
    await expectUntouched()
    await page.goto(`${server.url}/studio/sessions/${sessionId}`)
    const log = page.getByRole('log', { name: 'Conversation' })
    await log.locator('.markdown').first().waitFor()
    // The end is shown first; open all that is closed, on the way up.
    for (const position of ['end', 'start'] as const) {
      await log.evaluate((element, to) => element.scrollTo({ top: to === 'end' ? element.scrollHeight : 0 }), position)
      await log
        .locator('details')
        .evaluateAll((all) => all.forEach((each) => ((each as HTMLDetailsElement).open = true)))
      await log.locator('.markdown').first().waitFor()
      await expectUntouched()
    }
    for (const link of await log.getByRole('link', { name: 'Picture: seen' }).all()) {
      expect(await link.getAttribute('rel')).toBe('noopener noreferrer nofollow')
    }
    await page.goto(`${server.url}/studio/sessions/${sessionId}?panel=runs`)
    await page.getByRole('button', { name: 'Request and response' }).click()
    await page.getByRole('dialog').getByLabel('Response body', { exact: true }).waitFor()
    await expectUntouched()
    await page.goto(`${server.url}/studio/sessions?endUserId=${endUserId}`)
    await page.getByText('onerror').first().waitFor()
    await expectUntouched()
    // A policy that was broken would complain here.
    expect(owner.complaints).toEqual([])
  })

  async function hostileSession(): Promise<{ endUserId: string; sessionId: string }> {
    const endUser = await server.client<{ id: string }>('POST', '/v1/end-users', {
      externalId: HOSTILE.slice(0, 36),
      metadata: { html: HOSTILE.slice(0, 200) },
    })
    const session = await server.client<{ id: string }>('POST', '/v1/sessions', {
      agent: 'stage',
      endUserId: endUser.id,
      title: HOSTILE.slice(0, 100),
      metadata: { html: HOSTILE },
    })
    await server.client('POST', `/v1/sessions/${session.id}/messages`, { input: HOSTILE })
    return { endUserId: endUser.id, sessionId: session.id }
  }

  test('is text in names of members and in comments', async () => {
    server.agent.script = () => [text('Hello'), done]
    const { sessionId } = await server.talk('Hello')
    const mallory = await joinAs(browser, owner, server, { name: 'Mallory', role: 'reviewer' })
    await mallory.page.goto(`${server.url}/studio/settings/account`)
    await mallory.page.getByRole('textbox', { name: 'Name' }).fill('<img src=x onerror=window.taken=1>')
    await mallory.page.getByRole('button', { name: 'Change the name' }).click()
    await mallory.page.getByText('Name changed').first().waitFor()
    await mallory.page.goto(`${server.url}/studio/sessions/${sessionId}?panel=comments`)
    await mallory.page.getByRole('textbox', { name: /Write a comment/ }).fill(HOSTILE)
    await mallory.page.keyboard.press('Control+Enter')
    await mallory.page.getByRole('article').filter({ hasText: 'onerror' }).first().waitFor()
    const { page } = owner
    await page.goto(`${server.url}/studio/sessions/${sessionId}?panel=comments`)
    await page.getByText('javascript:window.taken=3').waitFor()
    await expectUntouched()
    await page.goto(`${server.url}/studio/settings/members`)
    await page.getByText('<img src=x onerror=window.taken=1>').waitFor()
    await expectUntouched()
    expect(owner.complaints).toEqual([])
  })

  test('every address below /studio is the page under its policy; a file that is not there is none', async () => {
    const page = await fetch(`${server.url}/studio/sessions/anything`)
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'")
    expect(page.headers.get('cache-control')).toBe('no-cache')
    const [, script] = /src="([^"]+\.js)"/.exec(await page.text()) ?? []
    const asset = await fetch(server.url + script)
    expect(asset.headers.get('cache-control')).toContain('immutable')
    for (const path of ['assets/none.js', '.vite/manifest.json', '..%2fpackage.json']) {
      expect([path, (await fetch(`${server.url}/studio/${path}`)).headers.get('content-type')]).toEqual([
        path,
        'application/json; charset=utf-8',
      ])
    }
    expect((await fetch(`${server.url}/studio/assets/none.js`)).status).toBe(404)
  })

  test('the page’s policy refuses what is put into it by force', async () => {
    const { page } = await visit(browser)
    await page.goto(`${server.url}/studio/`)
    await page.getByRole('heading', { name: 'Log in to Studio' }).waitFor()
    await page.evaluate(() => {
      const script = document.createElement('script')
      script.textContent = 'window.taken = 1'
      document.body.append(script)
    })
    expect(await page.evaluate(() => 'taken' in window)).toBe(false)
  })
})
