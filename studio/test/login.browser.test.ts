import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Browser } from 'playwright-core'
import { describeWithChromium, launchChromium } from '../../test/chromium.ts'
import { joinAs } from './colleagues.ts'
import { type StudioServer, startStudioServer } from './studioServer.ts'
import { type Look, LOOKS, expectAccessible, expectNoSideways, logIn, screenshot, visit } from './visitor.ts'

describeWithChromium('logging in to Studio', () => {
  let browser: Browser
  let server: StudioServer
  beforeAll(async () => {
    ;[server, browser] = await Promise.all([startStudioServer(), launchChromium()])
  })
  afterAll(async () => {
    await browser.close()
    await server.stop()
  })

  test('a wrong password is told, the right one leads to the page that was asked for', async () => {
    const { page, complaints } = await visit(browser)
    await page.goto(`${server.url}/studio/settings/account`)
    await page.getByLabel('E-mail').fill(server.owner.email)
    await page.getByLabel('Password').fill('not the password')
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByRole('alert').waitFor()
    await expectAccessible(page)
    await screenshot(page, 'login-refused')
    await page.getByLabel('Password').fill(server.owner.password)
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByRole('heading', { name: 'Your name' }).waitFor()
    expect(new URL(page.url()).pathname).toBe('/studio/settings/account')
    expect(complaints).toEqual([])
  })

  test.each(Object.keys(LOOKS) as Look[])('the login is complete in %s', async (look) => {
    const { page, context } = await visit(browser, look)
    await page.goto(`${server.url}/studio/`)
    await page.getByRole('heading', { name: 'Log in to Studio' }).waitFor()
    await expectAccessible(page)
    await expectNoSideways(page)
    await screenshot(page, `login-${look}`)
    await context.close()
  })

  test('after logging out, going back shows nothing of the organization', async () => {
    const { page } = await visit(browser)
    await logIn(page, `${server.url}/studio/`, server.owner)
    await page.getByRole('link', { name: 'Agents' }).click()
    await page.getByRole('table', { name: 'Agents' }).waitFor()
    await page.getByRole('button', { name: /account and theme/ }).click()
    await page.getByRole('menuitem', { name: 'Log out' }).click()
    await page.getByRole('heading', { name: 'Log in to Studio' }).waitFor()
    await page.goBack()
    await page.getByRole('heading', { name: 'Log in to Studio' }).waitFor()
    expect(await page.getByRole('navigation').count()).toBe(0)
  })

  test('a login that ends while a comment is written loses nothing of it', async () => {
    const { sessionId } = await server.talk('Hello')
    const { page, context, complaints } = await visit(browser)
    await logIn(page, `${server.url}/studio/sessions/${sessionId}?panel=comments`, server.owner)
    const box = page.getByRole('textbox', { name: /Write a comment/ })
    await box.fill('A long thought that must not be lost.')
    await context.clearCookies()
    await page.getByRole('button', { name: 'Comment', exact: true }).click()
    const dialog = page.getByRole('dialog', { name: 'Your login has ended' })
    await dialog.waitFor()
    await expectAccessible(page)
    await screenshot(page, 'login-again')
    // The page behind is there, but out of reach.
    expect(await page.locator('textarea').inputValue()).toBe('A long thought that must not be lost.')
    await dialog.getByLabel('Password').fill(server.owner.password)
    await dialog.getByRole('button', { name: 'Log in' }).click()
    await page.getByRole('article').filter({ hasText: 'A long thought that must not be lost.' }).waitFor()
    expect(await box.inputValue()).toBe('')
    expect(complaints).toEqual([])
  })

  test('an invitation can be used once; its link tells afterwards that it is over', async () => {
    const owner = await visit(browser)
    await logIn(owner.page, `${server.url}/studio/`, server.owner)
    const joined = await joinAs(browser, owner, server, { name: 'Vera Viewer', role: 'viewer' })
    expect(await joined.page.getByRole('navigation', { name: 'Main' }).count()).toBe(1)
    const late = await visit(browser)
    await late.page.goto(`${server.url}/studio/invitation#${'x'.repeat(43)}`)
    await late.page.getByRole('heading', { name: 'This invitation can’t be used' }).waitFor()
    await expectAccessible(late.page)
    await screenshot(late.page, 'invitation-over')
  })
})
