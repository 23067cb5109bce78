import type { Browser } from 'playwright-core'
import type { StudioServer } from './studioServer.ts'
import { type Look, type Visitor, visit } from './visitor.ts'

/** Invites somebody as a person would, and joins by the link in a browser of its own. */
export async function joinAs(
  browser: Browser,
  owner: Visitor,
  server: StudioServer,
  { name, role, look = 'light' }: { name: string; role: 'admin' | 'reviewer' | 'viewer'; look?: Look },
): Promise<Visitor> {
  const { page } = owner
  await page.goto(`${server.url}/studio/settings/members`)
  await page.getByRole('button', { name: 'Invite' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('E-mail').fill(`${name.toLowerCase().replace(/\W+/g, '.')}@example.com`)
  await dialog.getByLabel('Role').selectOption(role)
  await dialog.getByRole('button', { name: 'Invite' }).click()
  const link = await dialog.locator('code').textContent()
  await dialog.getByRole('button', { name: 'Done' }).click()

  const joined = await visit(browser, look)
  const { pathname, hash } = new URL(link!)
  await joined.page.goto(server.url + pathname + hash)
  await joined.page.getByLabel('Your name').fill(name)
  await joined.page.getByLabel('Password').fill('a long enough password')
  await joined.page.getByRole('button', { name: 'Join' }).click()
  await joined.page.locator('main#main').waitFor()
  return joined
}
