import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { describeWithChromium, launchChromium } from '../../test/chromium.ts'
import { eventually, settleable } from '../../test/server/eventually.ts'
import { done, item, text } from './stageAgent.ts'
import { type StudioServer, startStudioServer } from './studioServer.ts'
import {
  type Look,
  LOOKS,
  type Visitor,
  expectAccessible,
  expectNoSideways,
  logIn,
  screenshot,
  visit,
} from './visitor.ts'

const ANSWER = 'The parcel is **here**.\n\n| Item | Count |\n|---|---|\n| Socks | 3 |\n'

describeWithChromium('a session', () => {
  let browser: Browser
  let server: StudioServer
  let owner: Visitor
  beforeAll(async () => {
    ;[server, browser] = await Promise.all([startStudioServer(), launchChromium()])
    server.agent.script = () => [
      item({ type: 'reasoning', content: 'I should look it up.' }),
      item({ type: 'tool_call', callId: 'a', name: 'find_parcel', arguments: { order: 17 } }),
      item({ type: 'tool_result', callId: 'a', result: { status: 'delivered' } }),
      item({ type: 'bill', total: 480 }),
      { event: 'usage', inputTokens: 1203, outputTokens: 40, costUsd: 0.0021, model: 'stage-1' },
      text(ANSWER),
      done,
    ]
    owner = await visit(browser)
    await logIn(owner.page, `${server.url}/studio/`, server.owner)
  })
  afterAll(async () => {
    await browser.close()
    await server.stop()
  })

  const log = (page: Page) => page.getByRole('log', { name: 'Conversation' })
  const open = (page: Page, sessionId: string, search = '') =>
    page.goto(`${server.url}/studio/sessions/${sessionId}${search}`)

  test.each(Object.keys(LOOKS) as Look[])('the conversation is complete in %s', async (look) => {
    const { sessionId } = await server.talk('Where is my parcel?')
    const { page, context, complaints } = await visit(browser, look)
    await logIn(page, `${server.url}/studio/sessions/${sessionId}`, server.owner)
    await log(page).getByRole('table').getByText('Socks').waitFor()
    await log(page).getByText('Reasoning', { exact: true }).waitFor()
    await log(page).getByText('find_parcel').click()
    await log(page).getByText('"status": "delivered"').waitFor()
    await log(page).getByText('"total": 480').waitFor()
    await log(page)
      .getByText(/1,243 tokens · \$0.0021/)
      .waitFor()
    await expectAccessible(page)
    await expectNoSideways(page)
    await screenshot(page, `session-${look}`)
    expect(complaints).toEqual([])
    await context.close()
  })

  test('an answer that streams is shown as it comes, once', async () => {
    const { page } = owner
    const { sessionId } = await server.talk('Hello')
    await open(page, sessionId)
    await log(page).getByText('Socks').waitFor()
    const halt = settleable()
    server.agent.script = async function* () {
      yield text('First words, ')
      await halt.promise
      yield text('and the last.')
      yield done
    }
    const turn = server.client('POST', `/v1/sessions/${sessionId}/messages`, { input: 'And now?' })
    await log(page).getByText('And now?').waitFor()
    await log(page).getByText('First words,').waitFor()
    expect(await log(page).getByText('and the last.').count()).toBe(0)
    await page.getByRole('heading', { name: 'Hello' }).waitFor()
    halt.resolve()
    await turn
    await log(page).getByText('First words, and the last.').waitFor()
    await page.locator('header').getByText('completed').waitFor()
    expect(await log(page).getByText('First words').count()).toBe(1)
  })

  test('a failed turn says what happened and what to do, and shows what was sent and answered', async () => {
    const { page } = owner
    server.agent.script = () => [{ event: 'error', message: 'The stage is closed.', code: 'stage_closed' }]
    const { sessionId } = await server.talk('Please fail')
    await open(page, sessionId)
    await log(page).getByText('The stage is closed.').waitFor()
    await expectAccessible(page)
    await screenshot(page, 'session-failed')
    await log(page).getByRole('button', { name: 'Attempts' }).click()
    await page.getByRole('table', { name: 'Times of attempt 1' }).waitFor()
    await page.getByRole('button', { name: 'Request and response' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Request body').getByText('"Please fail"').first().waitFor()
    await dialog.getByText('exact', { exact: true }).waitFor()
    await dialog.getByLabel('Response body').getByText('The stage is closed.').waitFor()
    await expectAccessible(page)
    await screenshot(page, 'session-attempt')
  })

  test('a link leads to an item, also far back in a long session, of which few rows exist', async () => {
    const { page } = owner
    server.agent.script = (input) => [text(`Answer to ${input}`), done]
    const { sessionId, items } = await server.talk('Message 0')
    for (let at = 1; at < 130; at += 1) {
      await server.client('POST', `/v1/sessions/${sessionId}/messages`, { input: `Message ${at}` })
    }
    const first = items.find(({ kind }) => kind === 'output')!
    await open(page, sessionId)
    await log(page).getByText('Answer to Message 129').waitFor()
    expect(await log(page).locator('[data-row]').count()).toBeLessThan(120)
    await log(page).evaluate((element) => element.scrollTo({ top: 0 }))
    await log(page).getByRole('button', { name: 'Show earlier items' }).click()
    await eventually(async () => {
      await log(page).evaluate((element) => element.scrollTo({ top: 0 }))
      return log(page).getByText('Message 0', { exact: true }).isVisible()
    })
    await open(page, sessionId, `?item=${first.id}`)
    const selected = log(page).locator(`[data-item="${first.id}"][aria-current="true"]`)
    await selected.getByText('Answer to Message 0').waitFor()
    await eventually(async () => {
      const box = await selected.boundingBox()
      return box !== null && box.y > 0 && box.y < 900
    })
    expect(await log(page).locator('[data-row]').count()).toBeLessThan(120)
    await page.keyboard.press('j')
    await log(page).locator('[aria-current="true"]').getByText('Message 1', { exact: true }).waitFor()
    expect(new URL(page.url()).searchParams.get('item')).not.toBe(first.id)
  })

  test('raw JSON, link and text of an item can be had', async () => {
    const { page } = owner
    server.agent.script = () => [text('Copy me'), done]
    const { sessionId, items } = await server.talk('Hello')
    const answer = items.find(({ kind }) => kind === 'output')!
    await open(page, sessionId)
    const article = log(page).locator(`[data-item="${answer.id}"]`)
    await article.hover()
    await article.getByRole('button', { name: 'More about this item' }).click()
    await page.getByRole('menuitem', { name: 'Copy link' }).click()
    await page.getByText('Link copied').first().waitFor()
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(
      `${server.url}/studio/sessions/${sessionId}?item=${answer.id}`,
    )
    await article.hover()
    await article.getByRole('button', { name: 'More about this item' }).click()
    await page.getByRole('menuitem', { name: 'Raw JSON' }).click()
    await page.getByRole('dialog', { name: 'Raw JSON' }).getByText(`"id": "${answer.id}"`).waitFor()
    await expectAccessible(page)
  })

  test('one’s own scores are given as the version defines them, kept, shown in the list, and taken away', async () => {
    const { page } = owner
    server.agent.script = () => [text('Judge me'), done]
    const { sessionId } = await server.talk('Judged')
    await open(page, sessionId)
    await log(page).getByRole('button', { name: 'like: good' }).click()
    await log(page).getByRole('button', { name: 'like: good', pressed: true }).waitFor()
    await log(page).getByRole('button', { name: 'Helpful' }).click()
    await page.getByRole('button', { name: '4', exact: true }).click()
    await log(page).getByRole('button', { name: 'Helpful: 4' }).waitFor()
    await log(page).getByRole('button', { name: 'Faults' }).click()
    await page.getByRole('checkbox', { name: 'rude' }).check()
    await expectAccessible(page)
    await screenshot(page, 'session-score')
    await page.getByRole('button', { name: 'Save' }).click()
    await log(page).getByRole('button', { name: 'Faults: rude' }).waitFor()
    await page.reload()
    await log(page).getByRole('button', { name: 'Helpful: 4' }).waitFor()
    await page.goto(`${server.url}/studio/sessions?score=helpful>3`)
    await page.getByRole('link', { name: 'Judged' }).click()
    await log(page).getByRole('button', { name: 'like: good', pressed: true }).click()
    await log(page).getByRole('button', { name: 'like: good', pressed: false }).waitFor()
    await page.reload()
    await log(page).getByRole('button', { name: 'Helpful: 4' }).waitFor()
    expect(await log(page).getByRole('button', { name: 'like: good', pressed: true }).count()).toBe(0)
  })

  test('a session that is deleted meanwhile says so; one that is not there too', async () => {
    const { page } = owner
    const { sessionId } = await server.talk('Hello')
    await open(page, sessionId)
    await log(page).waitFor()
    await server.client('DELETE', `/v1/sessions/${sessionId}`)
    await page.getByRole('status').getByText('This session was deleted').waitFor()
    await page.reload()
    await page.getByRole('heading', { name: 'There is no such session' }).waitFor()
    await expectAccessible(page)
    await screenshot(page, 'session-gone')
    expect(owner.complaints).toEqual([])
  })
})
