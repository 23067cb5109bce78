import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { type TestServer, startTestServer } from '../../../test/server/startTestServer.ts'

const PACKAGE = path.join(import.meta.dirname, '..')

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server?.close())

test('the first example of the README talks to an agent, and ends', async () => {
  const readme = await readFile(path.join(PACKAGE, 'README.md'), 'utf8')
  const [, example = ''] = /```js\n(.+?)```/s.exec(readme) ?? []
  const code = example
    .replace('http://localhost:4000', server.url)
    .replace('av_pk_…', server.main.publishableKey)
    .replace("'eliza'", "'echo'")
  const args = ['--conditions=agentview-source', '--import', 'tsx', '--input-type=module', '--eval', code]
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: PACKAGE })
  expect(stderr).toBe('')
  expect(stdout).toBe('user: Hello\nassistant: You said: Hello\n')
})
