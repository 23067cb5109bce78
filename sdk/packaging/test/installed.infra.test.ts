import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { type TestServer, startTestServer } from '../../../test/server/startTestServer.ts'
import { ROOT } from '../packages.ts'
import { type Packed, pack, run } from './packed.ts'

/** As this repository has it, so that npm has it in its cache. */
const REACT = '19.3.1'

let server: TestServer
let packed: Packed
/** An empty project with the tarballs installed, as somebody who uses them has it. */
beforeAll(async () => {
  ;[server, packed] = await Promise.all([startTestServer(), pack()])
  const { 'sdk/contracts': contracts, 'sdk/client': client, 'sdk/react': react } = packed.tarballs
  const ours = {
    '@agentview/contracts': `file:${contracts}`,
    '@agentview/client': `file:${client}`,
    '@agentview/react': `file:${react}`,
  }
  const dependencies = { ...ours, react: REACT, 'react-dom': REACT }
  await writeFile(
    path.join(packed.folder, 'package.json'),
    JSON.stringify({ name: 'project', private: true, type: 'module', dependencies }),
  )
  // What the packages depend on is in npm's cache, where the installation of this repository has put it.
  const quiet = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', '--no-update-notifier']
  await run('npm', ['install', ...quiet], { cwd: packed.folder })
})
afterAll(async () => {
  await packed?.remove()
  await server?.close()
})

async function example(): Promise<string> {
  const readme = await readFile(path.join(packed.folder, 'node_modules/@agentview/client/README.md'), 'utf8')
  const [, code = ''] = /```js\n(.+?)```/s.exec(readme) ?? []
  return code
    .replace('http://localhost:4000', server.url)
    .replace('av_pk_…', server.main.publishableKey)
    .replace("'eliza'", "'echo'")
}

test.each([
  ['import', 'main.mjs', (code: string) => code],
  [
    'require',
    'main.cjs',
    (code: string) => code.replace(/import (\{.+?\}) from (.+)/, 'const $1 = require($2)').replace('await ', 'void '),
  ],
])('the README’s example runs where the packages are installed, by %s', async (_how, file, rewrite) => {
  await writeFile(path.join(packed.folder, file), rewrite(await example()))
  const { stdout, stderr } = await run(process.execPath, [file], { cwd: packed.folder })
  expect(stderr).toBe('')
  expect(stdout).toBe('user: Hello\nassistant: You said: Hello\n')
})

const RENDERED = `
  const client = { subscribe: () => () => undefined, getState: () => ({}) }
  const Chat = () => createElement('p', null, useChat().status)
  console.log(renderToString(createElement(AgentViewProvider, { client }, createElement(Chat))))
`
const NAMES: Record<string, string> = {
  react: 'createElement',
  'react-dom/server': 'renderToString',
  '@agentview/react': 'AgentViewProvider, useChat',
}
test.each([
  ['import', 'hooks.mjs', (name: string, from: string) => `import { ${name} } from '${from}'`],
  ['require', 'hooks.cjs', (name: string, from: string) => `const { ${name} } = require('${from}')`],
])('the hooks render where they are installed, by %s', async (_how, file, load) => {
  const loads = Object.entries(NAMES).map(([from, name]) => load(name, from))
  await writeFile(path.join(packed.folder, file), [...loads, RENDERED].join('\n'))
  const { stdout, stderr } = await run(process.execPath, [file], { cwd: packed.folder })
  expect(stderr).toBe('')
  expect(stdout).toBe('<p>idle</p>\n')
})

test('it is TypeScript’s as well, with nothing skipped', async () => {
  const typed = `
    import { AgentViewClient, type Message } from '@agentview/client'
    import { foldSession, type SessionEvent } from '@agentview/contracts'
    const client = new AgentViewClient({ endpoint: 'https://x', token: async () => 'token' })
    client.on('message:update', (message: Message) => message.text?.length)
    client.on('session:event', (event: SessionEvent) => void foldSession([event]).seq)
    // @ts-expect-error there is no such event
    client.on('message:nothing', () => undefined)
  `
  await writeFile(path.join(packed.folder, 'typed.ts'), typed)
  await writeFile(path.join(packed.folder, 'typed.cts'), typed)
  const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc')
  const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022', '--lib', 'es2022,dom']
  const args = [tsc, ...options, '--types', '', 'typed.ts', 'typed.cts']
  const { stdout } = await run(process.execPath, args, { cwd: packed.folder }).catch(
    (error: { stdout: string }) => error,
  )
  expect(stdout).toBe('')
})
