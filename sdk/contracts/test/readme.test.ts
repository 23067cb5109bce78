import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'

const PACKAGE = path.join(import.meta.dirname, '..')

test('the first example of the README says what its comment says', async () => {
  const readme = await readFile(path.join(PACKAGE, 'README.md'), 'utf8')
  const [, code = ''] = /```js\n(.+?)```/s.exec(readme) ?? []
  const [, said] = /console\.log\(.*\) \/\/ (.+)\n/.exec(code) ?? []
  expect(said).toBeTruthy()
  const args = ['--conditions=agentview-source', '--import', 'tsx', '--input-type=module', '--eval', code]
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: PACKAGE })
  expect(stdout).toBe(`${said}\n`)
})
