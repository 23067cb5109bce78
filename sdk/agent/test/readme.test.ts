import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { freePort } from '../../../test/freePort.ts'
import { SECRET, framesOf, post } from './serving.ts'

const PACKAGE = path.join(import.meta.dirname, '..')

test('the first example of the README answers', async () => {
  const readme = await readFile(path.join(PACKAGE, 'README.md'), 'utf8')
  const [, code = ''] = /```ts\n(.+?)```/s.exec(readme) ?? []
  const port = await freePort()
  const args = ['--conditions=agentview-source', '--import', 'tsx', '--input-type=module', '--eval', code]
  const env = { ...process.env, PORT: String(port), AGENTVIEW_SIGNING_SECRET: SECRET }
  const child = spawn(process.execPath, args, { cwd: PACKAGE, env, stdio: ['ignore', 'ignore', 'inherit'] })
  try {
    const url = `http://127.0.0.1:${port}/`
    const send = (init: RequestInit) => fetch(url, init)
    let response: Response | null = null
    while (!response && child.exitCode === null) {
      response = await post({ url, send }).catch(() => null)
      if (!response) await new Promise((resolve) => setTimeout(resolve, 50))
    }
    expect(response?.status).toBe(200)
    expect(await framesOf(response!)).toEqual([
      ['text', { delta: 'You said "Grüße 🎉", ' }],
      ['text', { delta: 'after 1 earlier items.' }],
      ['done', {}],
    ])
  } finally {
    child.kill('SIGKILL')
  }
})
