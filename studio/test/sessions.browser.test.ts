import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { describeWithChromium, launchChromium } from '../../test/chromium.ts'
import { eventually } from '../../test/server/eventually.ts'
import { done, text } from './stageAgent.ts'
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

/** What a first visit may load of scripts, packed, before any page was asked for. */
const FIRST_LOAD_BYTES = 250 * 1024
const SESSIONS = 130

describeWithChromium('the list of sessions', () => {
  let browser: Browser
  let server: StudioServer
  let owner: Visitor
  beforeAll(async () => {
    ;[server, browser] = await Promise.all([startStudioServer(), launchChromium()])
    server.agent.script = (input) =>
      input.startsWith('fail') ? [{ event: 'error', message: 'The stage is closed.' }] : [text('Good day.'), done]
    await server.talk('fail, please')
    for (let at = 0; at < SESSIONS; at += 10) {
      const talks = Array.from({ length: 10 }, (_, index) => server.talk(`Question ${at + index}`))
      await Promise.all(talks)
    }
    await server.talk('The newest question', { metadata: { plan: 'pro' } })
    owner = await visit(browser)
    await logIn(owner.page, `${server.url}/studio/`, server.owner)
  })
  afterAll(async () => {
    await browser.close()
    await server.stop()
  })

  const rows = (page: Page) => page.getByRole('table', { name: 'Sessions' }).locator('tbody tr[data-index]')
  const row = (page: Page, name: string) => rows(page).filter({ hasText: name })

  test('the first load is small', async () => {
    const { page, context } = await visit(browser)
    const scripts: Promise<number>[] = []
    page.on('response', (response) => {
      if (response.request().resourceType() === 'script') {
        scripts.push(response.body().then((body) => gzipSync(body).length))
      }
    })
    await logIn(page, `${server.url}/studio/sessions`, server.owner)
    await row(page, 'The newest question').waitFor()
    const sizes = await Promise.all(scripts)
    expect(sizes.length).toBeGreaterThan(3)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(FIRST_LOAD_BYTES)
    await context.close()
  })

  test.each(Object.keys(LOOKS) as Look[])('the list is complete in %s', async (look) => {
    const { page, context, complaints } = await visit(browser, look)
    await logIn(page, `${server.url}/studio/sessions`, server.owner)
    await page.getByText('The newest question').first().waitFor()
    await expectAccessible(page)
    await expectNoSideways(page)
    await screenshot(page, `sessions-${look}`)
    expect(complaints).toEqual([])
    await context.close()
  })

  test('scrolling reads further pages, and only the rows in sight exist', async () => {
    const { page } = owner
    await page.goto(`${server.url}/studio/sessions`)
    await row(page, 'The newest question').waitFor()
    await page.getByRole('table', { name: 'Sessions' }).hover()
    await eventually(async () => {
      await page.mouse.wheel(0, 4_000)
      return (await row(page, 'fail, please').count()) === 1
    })
    expect(await rows(page).count()).toBeLessThan(60)
  })

  test('filters stand in the address, and an address gives the filters', async () => {
    const { page } = owner
    await page.goto(`${server.url}/studio/sessions`)
    await page.getByRole('combobox', { name: 'Status' }).selectOption('failed')
    await row(page, 'fail, please').waitFor()
    expect(await rows(page).count()).toBe(1)
    expect(new URL(page.url()).search).toBe('?status=failed')
    await page.reload()
    await row(page, 'fail, please').waitFor()
    expect(await rows(page).count()).toBe(1)
    await page.getByRole('button', { name: 'More filters' }).click()
    await page.getByLabel('Metadata').fill('plan:pro')
    await page.getByRole('button', { name: 'Apply' }).click()
    await page.getByRole('heading', { name: 'No session fits these filters' }).waitFor()
    await expectAccessible(page)
    await screenshot(page, 'sessions-none')
    await page.getByRole('combobox', { name: 'Status' }).selectOption('')
    await row(page, 'The newest question').waitFor()
    expect(await rows(page).count()).toBe(1)
    await page.goBack()
    await page.getByRole('heading', { name: 'No session fits these filters' }).waitFor()
  })

  test('a column that is hidden stays so in the address; the order turns', async () => {
    const { page } = owner
    await page.goto(`${server.url}/studio/sessions`)
    await row(page, 'The newest question').waitFor()
    await page.getByRole('button', { name: 'Columns' }).click()
    await page.getByRole('menuitemcheckbox', { name: 'End user' }).click()
    await page.keyboard.press('Escape')
    await page.getByRole('columnheader', { name: 'End user' }).waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Created' }).click()
    await row(page, 'fail, please').waitFor()
    expect(await page.getByRole('columnheader', { name: 'Created' }).getAttribute('aria-sort')).toBe('ascending')
    await page.reload()
    await row(page, 'fail, please').waitFor()
    expect(await page.getByRole('columnheader', { name: 'End user' }).count()).toBe(0)
  })

  test('a view is kept under a name', async () => {
    const { page } = owner
    await page.goto(`${server.url}/studio/sessions?status=failed&agent=stage`)
    await page.getByRole('button', { name: 'Views' }).click()
    await page.getByLabel('Name of the view').fill('Broken on stage')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.goto(`${server.url}/studio/sessions`)
    await page.getByRole('button', { name: 'Views' }).click()
    await page.getByRole('button', { name: 'Broken on stage', exact: true }).click()
    await row(page, 'fail, please').waitFor()
    expect(new URL(page.url()).search).toBe('?agent=stage&status=failed')
  })

  test('without a mouse: to a row, star it, open it, and back', async () => {
    const { page } = owner
    await page.goto(`${server.url}/studio/sessions`)
    await row(page, 'The newest question').waitFor()
    await page.keyboard.press('j')
    await page.keyboard.press('j')
    await page.keyboard.press('k')
    await page.locator('a:focus', { hasText: 'The newest question' }).waitFor()
    await page.keyboard.press('s')
    await row(page, 'The newest question').getByRole('button', { name: 'Starred' }).waitFor()
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'The newest question' }).waitFor()
    await page.keyboard.press('u')
    await page.getByRole('button', { name: 'Starred', pressed: true }).first().waitFor()
    await page.goto(`${server.url}/studio/sessions?starred=true`)
    await row(page, 'The newest question').waitFor()
    expect(await rows(page).count()).toBe(1)
  })

  test('what was read is not unread any more', async () => {
    const { page } = owner
    const { sessionId } = await server.talk('Read me')
    await page.goto(`${server.url}/studio/sessions`)
    await row(page, 'Read me').getByText('Unread:').waitFor({ state: 'attached' })
    const noted = page.waitForResponse((response) => response.url().endsWith(`${sessionId}/mark`) && response.ok())
    await row(page, 'Read me').getByRole('link').click()
    await noted
    await page.goto(`${server.url}/studio/sessions`)
    await row(page, 'Read me').waitFor()
    expect(await row(page, 'Read me').getByText('Unread:').count()).toBe(0)
  })

  test('new sessions are told of, and shown when asked for', async () => {
    const { page } = owner
    await page.goto(`${server.url}/studio/sessions`)
    await rows(page).first().waitFor()
    await server.talk('Just begun')
    await page.getByRole('button', { name: 'New sessions' }).click()
    await row(page, 'Just begun').waitFor()
  })

  test('the command palette goes to a page, and the sheet lists the shortcuts', async () => {
    const { page, complaints } = owner
    await page.goto(`${server.url}/studio/sessions`)
    await rows(page).first().waitFor()
    await page.keyboard.press('Control+k')
    await page.getByRole('combobox', { name: 'Search and commands' }).fill('age')
    await expectAccessible(page)
    await screenshot(page, 'palette')
    await page.keyboard.press('Enter')
    await page.getByRole('table', { name: 'Agents' }).waitFor()
    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
    await expectAccessible(page)
    await screenshot(page, 'shortcuts')
    await page.keyboard.press('Escape')
    await page.keyboard.press('g')
    await page.keyboard.press('s')
    await rows(page).first().waitFor()
    expect(complaints).toEqual([])
  })
})
