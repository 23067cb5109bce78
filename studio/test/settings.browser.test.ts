import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Browser } from 'playwright-core'
import { describeWithChromium, launchChromium } from '../../test/chromium.ts'
import { joinAs } from './colleagues.ts'
import { type StudioServer, startStudioServer } from './studioServer.ts'
import { type Look, type Visitor, expectAccessible, expectNoSideways, logIn, screenshot, visit } from './visitor.ts'

const PAGES = [
  'settings/members',
  'settings/api-keys',
  'settings/organization',
  'settings/audit-log',
  'settings/account',
  'agents',
  'agents/stage',
  'inbox',
  'nowhere',
]

describeWithChromium('settings and agents', () => {
  let browser: Browser
  let server: StudioServer
  let owner: Visitor
  beforeAll(async () => {
    ;[server, browser] = await Promise.all([startStudioServer(), launchChromium()])
    owner = await visit(browser)
    await logIn(owner.page, `${server.url}/studio/`, server.owner)
  })
  afterAll(async () => {
    await browser.close()
    await server.stop()
  })

  test.each(['light', 'dark', 'phone'] as Look[])('every page is complete in %s', async (look) => {
    const { page, context, complaints } = await visit(browser, look)
    await logIn(page, `${server.url}/studio/`, server.owner)
    for (const path of PAGES) {
      await page.goto(`${server.url}/studio/${path}`)
      await page.getByRole('heading').first().waitFor()
      await page.getByRole('status', { name: /^Loading/ }).waitFor({ state: 'detached' })
      await expectAccessible(page)
      await expectNoSideways(page)
      await screenshot(page, `${path.replace('/', '-')}-${look}`)
    }
    expect(complaints).toEqual([])
    await context.close()
  })

  test('on a phone the menu is a drawer, which closes when one has gone somewhere', async () => {
    const { page, context, complaints } = await visit(browser, 'phone')
    await logIn(page, `${server.url}/studio/agents`, server.owner)
    await page.getByRole('button', { name: 'Menu', exact: true }).click()
    const drawer = page.getByRole('dialog', { name: 'Menu' })
    await drawer.waitFor()
    await expectAccessible(page)
    await screenshot(page, 'menu-phone')
    await drawer.getByRole('link', { name: 'Settings' }).click()
    await page.getByRole('table', { name: 'Members' }).waitFor()
    await drawer.waitFor({ state: 'detached' })
    expect(complaints).toEqual([])
    await context.close()
  })

  test('a member gets another role, and is removed: his page ends with the login', async () => {
    const { page } = owner
    const adam = await joinAs(browser, owner, server, { name: 'Adam Ant', role: 'viewer' })
    await page.goto(`${server.url}/studio/settings/members`)
    await page.getByRole('combobox', { name: 'Role of Adam Ant' }).selectOption('admin')
    await adam.page.goto(`${server.url}/studio/settings/members`)
    await adam.page.getByRole('button', { name: 'Invite' }).waitFor()
    await page
      .getByRole('row', { name: /Adam Ant/ })
      .getByRole('button', { name: 'Remove' })
      .click()
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
    await page.getByRole('row', { name: /Adam Ant/ }).waitFor({ state: 'detached' })
    await adam.page.reload()
    await adam.page.getByRole('heading', { name: /You belong to no organization|Log in to Studio/ }).waitFor()
  })

  test('the last owner can not step down, and is told why', async () => {
    const { page } = owner
    await page.goto(`${server.url}/studio/settings/members`)
    await page.getByRole('combobox', { name: 'Role of Owner' }).selectOption('viewer')
    await page.getByText('The role was not changed').first().waitFor()
    await expectAccessible(page)
    await screenshot(page, 'settings-last-owner')
    expect(await page.getByRole('combobox', { name: 'Role of Owner' }).inputValue()).toBe('owner')
  })

  test('a key is shown once, works, and is refused after it was revoked', async () => {
    const { page } = owner
    await page.goto(`${server.url}/studio/settings/api-keys`)
    await page.getByRole('button', { name: 'New key' }).click()
    await page.getByLabel('Name').fill('shop backend')
    await page.getByRole('button', { name: 'Make the key' }).click()
    const key = (await page.getByRole('dialog').locator('code').textContent())!
    await expectAccessible(page)
    await page.getByRole('button', { name: 'I have kept it' }).click()
    const ask = () => fetch(`${server.url}/v1/agents`, { headers: { authorization: `Bearer ${key}` } })
    expect((await ask()).status).toBe(200)
    expect(await page.getByText(key).count()).toBe(0)
    const row = page.getByRole('row', { name: /shop backend/ })
    await row.getByRole('button', { name: 'Revoke' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
    await row.getByText('revoked').waitFor()
    expect((await ask()).status).toBe(401)
  })

  test('what was changed stands in the audit log', async () => {
    const { page } = owner
    await page.goto(`${server.url}/studio/settings/organization`)
    await page.getByLabel('Name').fill('Blue Parrot')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.locator('aside').getByText('Blue Parrot').waitFor()
    await page.goto(`${server.url}/studio/settings/audit-log`)
    await page.getByRole('table', { name: 'Audit log' }).getByText('organization.change').first().waitFor()
  })

  test('the versions of an agent, and what one of them is', async () => {
    const { page } = owner
    await page.goto(`${server.url}/studio/agents`)
    await page.getByRole('link', { name: 'Stage' }).click()
    await page
      .getByRole('row', { name: /1\.0\.0/ })
      .getByText('active')
      .waitFor()
    await page.getByRole('button', { name: 'Definition' }).click()
    await page.getByRole('dialog').getByText(server.agent.url).waitFor()
    await expectAccessible(page)
    await screenshot(page, 'agent-definition')
    expect(owner.complaints).toEqual([])
  })
})
