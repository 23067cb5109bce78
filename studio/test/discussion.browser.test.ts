import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { describeWithChromium, launchChromium } from '../../test/chromium.ts'
import { joinAs } from './colleagues.ts'
import { done, text } from './stageAgent.ts'
import { type StudioServer, startStudioServer } from './studioServer.ts'
import { type Visitor, expectAccessible, logIn, screenshot, visit } from './visitor.ts'

describeWithChromium('members who talk about a session', () => {
  let browser: Browser
  let server: StudioServer
  let owner: Visitor
  let rita: Visitor
  let vera: Visitor
  beforeAll(async () => {
    ;[server, browser] = await Promise.all([startStudioServer(), launchChromium()])
    server.agent.script = () => [text('An answer to talk about.'), done]
    owner = await visit(browser)
    await logIn(owner.page, `${server.url}/studio/`, server.owner)
    rita = await joinAs(browser, owner, server, { name: 'Rita Reviewer', role: 'reviewer' })
    vera = await joinAs(browser, owner, server, { name: 'Vera Viewer', role: 'viewer' })
  })
  afterAll(async () => {
    await browser.close()
    await server.stop()
  })

  const open = (page: Page, sessionId: string, search: string) =>
    page.goto(`${server.url}/studio/sessions/${sessionId}${search}`)
  const thread = (page: Page, said: string) => page.getByRole('group', { name: /^Thread of/ }).filter({ hasText: said })

  test('a mention reaches the inbox at once, an answer comes back live, and the thread is resolved for both', async () => {
    const { sessionId, items } = await server.talk('Is this right?')
    const answer = items.find(({ kind }) => kind === 'output')!
    await rita.page.goto(`${server.url}/studio/inbox`)
    await rita.page.getByRole('heading', { name: 'Nothing here yet' }).waitFor()

    await open(owner.page, sessionId, `?item=${answer.id}&panel=comments`)
    const box = owner.page.getByRole('textbox', { name: /Write a comment/ })
    await box.fill('Please look, @ri')
    await owner.page.getByRole('option', { name: /Rita Reviewer/ }).waitFor()
    await expectAccessible(owner.page)
    await screenshot(owner.page, 'comment-mention')
    await owner.page.keyboard.press('Enter')
    expect(await box.inputValue()).toBe('Please look, @Rita Reviewer ')
    await owner.page.keyboard.press('Control+Enter')
    await thread(owner.page, 'Please look').waitFor()

    const entry = rita.page.getByRole('list', { name: 'Inbox' }).getByRole('link', { name: /Please look/ })
    await entry.getByText('Unread:').waitFor({ state: 'attached' })
    await rita.page.getByRole('navigation', { name: 'Main' }).getByText('1 unread').waitFor()
    await expectAccessible(rita.page)
    await screenshot(rita.page, 'inbox-mention')
    await entry.click()
    await rita.page.locator(`[data-item="${answer.id}"][aria-current="true"]`).waitFor()
    await thread(rita.page, 'Please look').getByRole('button', { name: 'Answer' }).click()
    await rita.page.getByRole('textbox', { name: 'Write an answer' }).fill('It is right.')
    await rita.page.keyboard.press('Control+Enter')

    await thread(owner.page, 'It is right.').waitFor()
    await rita.page.getByRole('navigation', { name: 'Main' }).getByText('1 unread').waitFor({ state: 'detached' })
    await thread(owner.page, 'It is right.').getByRole('button', { name: 'Resolve' }).click()
    await thread(rita.page, 'It is right.').waitFor({ state: 'detached' })
    await rita.page.getByRole('button', { name: 'Show 1 resolved' }).click()
    await thread(rita.page, 'It is right.').getByRole('button', { name: 'Open again' }).click()
    await thread(owner.page, 'It is right.').getByRole('button', { name: 'Resolve' }).waitFor()
    expect([...owner.complaints, ...rita.complaints]).toEqual([])
  })

  test('one’s own comment is changed with its history kept, and deleted', async () => {
    const { sessionId } = await server.talk('Hello')
    const { page } = rita
    await open(page, sessionId, '?panel=comments')
    await page.getByRole('textbox', { name: /Write a comment/ }).fill('First thought')
    await page.keyboard.press('Control+Enter')
    const menu = thread(page, 'First thought').getByRole('button', { name: 'Change or delete' })
    await thread(page, 'First thought').hover()
    await menu.click()
    await page.getByRole('menuitem', { name: 'Edit' }).click()
    await page.getByRole('textbox', { name: 'Change the comment' }).fill('Second thought')
    await page.getByRole('button', { name: 'Save' }).click()
    await thread(page, 'Second thought').getByRole('button', { name: 'edited' }).click()
    await page.getByRole('dialog').getByText('First thought').waitFor()
    await page.keyboard.press('Escape')
    await thread(page, 'Second thought').hover()
    await thread(page, 'Second thought').getByRole('button', { name: 'Change or delete' }).click()
    await page.getByRole('menuitem', { name: 'Delete' }).click()
    await thread(page, 'Second thought').waitFor({ state: 'detached' })
  })

  test('a draft outlives leaving the page', async () => {
    const { sessionId } = await server.talk('Hello')
    const { page } = rita
    await open(page, sessionId, '?panel=comments')
    await page.getByRole('textbox', { name: /Write a comment/ }).fill('Not sent yet')
    await page.getByRole('link', { name: 'Agents' }).click()
    await page.getByRole('table', { name: 'Agents' }).waitFor()
    await open(page, sessionId, '?panel=comments')
    expect(await page.getByRole('textbox', { name: /Write a comment/ }).inputValue()).toBe('Not sent yet')
  })

  test('a viewer reads everything and is offered nothing that he may not do', async () => {
    const { sessionId } = await server.talk('Hello')
    await open(owner.page, sessionId, '?panel=comments')
    await owner.page.getByRole('textbox', { name: /Write a comment/ }).fill('For all to read')
    await owner.page.keyboard.press('Control+Enter')
    await thread(owner.page, 'For all to read').waitFor()
    const { page } = vera
    await open(page, sessionId, '?panel=comments')
    await thread(page, 'For all to read').waitFor()
    await page.getByRole('log', { name: 'Conversation' }).getByText('An answer to talk about.').waitFor()
    for (const name of ['Answer', 'Resolve', 'Comment on this item', 'like: good', 'Helpful', 'Change or delete']) {
      expect([name, await page.getByRole('button', { name, exact: true }).count()]).toEqual([name, 0])
    }
    expect(await page.getByRole('textbox').count()).toBe(0)
    await screenshot(page, 'session-viewer')
    await page.goto(`${server.url}/studio/settings`)
    await page.getByRole('table', { name: 'Members' }).waitFor()
    expect(await page.getByRole('button', { name: 'Invite' }).count()).toBe(0)
    expect(await page.getByRole('link', { name: 'API keys' }).count()).toBe(0)
    await page.goto(`${server.url}/studio/settings/api-keys`)
    await page.getByRole('heading', { name: 'There is no such page' }).waitFor()
    expect(vera.complaints).toEqual([])
  })
})
