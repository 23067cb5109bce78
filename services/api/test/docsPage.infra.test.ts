import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type TestServer, startTestServer } from '../../../test/server/startTestServer.ts'

let server: TestServer

beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server?.close())

test('the page of the API needs nothing from elsewhere, and all that it names is there', async () => {
  const page = await fetch(`${server.url}/docs`)
  expect(page.status).toBe(200)
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self';")
  const html = await page.text()
  expect(html).not.toMatch(/https?:\/\//)
  const named = [...html.matchAll(/(?:src|href)="(\/[^"]*)"/g)].map(([, path]) => path!)
  expect(named).toHaveLength(3)
  for (const path of [...named, '/openapi.json']) {
    const asset = await fetch(server.url + path)
    await asset.arrayBuffer()
    expect([path, asset.status]).toEqual([path, 200])
  }
})

test('nothing else of the folder is served', async () => {
  for (const path of ['/docs/package.json', '/docs/index.html', '/docs/..%2fpackage.json'])
    expect((await fetch(server.url + path)).status).toBe(404)
})
