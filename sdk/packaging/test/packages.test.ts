import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { publint } from 'publint'
import { PUBLISHED, ROOT } from '../packages.ts'
import { type Packed, pack, run } from './packed.ts'

let packed: Packed
beforeAll(async () => {
  packed = await pack()
})
afterAll(() => packed.remove())

describe.each(PUBLISHED)('%s', (workspace) => {
  test('has what its package.json says, for import and for require', async () => {
    const { messages } = await publint({
      pkgDir: packed.stageOf(workspace),
      level: 'suggestion',
      strict: true,
      pack: false,
    })
    expect(messages).toEqual([])
  })

  test('has right types wherever TypeScript looks for them', async () => {
    const attw = path.join(ROOT, 'node_modules/@arethetypeswrong/cli/dist/index.js')
    const { stdout } = await run(process.execPath, [attw, packed.tarballs[workspace], '--format', 'json'])
    const { analysis, problems } = JSON.parse(stdout) as {
      analysis: { entrypoints: object }
      problems?: Record<string, unknown>
    }
    expect(problems ?? {}).toEqual({})
    expect(Object.keys(analysis.entrypoints)).toContain('.')
  })

  test('holds nothing but itself', async () => {
    const { stdout } = await run('tar', ['-tzf', packed.tarballs[workspace]])
    const files = stdout.trim().split('\n')
    const allowed = /^package\/(package\.json|README\.md|LICENSE|index\.(js|cjs)(\.map)?|types\/.+\.d\.c?ts)$/
    expect(files.filter((file) => !allowed.test(file))).toEqual([])
    const texts = await run('tar', ['-xzOf', packed.tarballs[workspace]], { maxBuffer: 2 ** 26 })
    expect(texts.stdout).not.toMatch(/from ['"]@shared|agentview-source|typebox|ajv/)
  })
})

/** Bytes of what a page with this module loads. */
async function gzipped(code: string): Promise<number> {
  const { stdout } = await run(process.execPath, ['sdk/packaging/dist/pageSize.js', code], { cwd: ROOT })
  return Number(stdout)
}

test('a page that folds loads at most 2 KB, and one that takes only a constant nearly nothing', async () => {
  const contracts = JSON.stringify(path.join(packed.stageOf('sdk/contracts'), 'index.js'))
  expect(await gzipped(`import { foldSession } from ${contracts}; globalThis.fold = foldSession`)).toBeLessThan(2_000)
  expect(await gzipped(`import { isEnded } from ${contracts}; globalThis.ended = isEnded`)).toBeLessThan(150)
})

test('a page with the client loads at most 30 KB, of which Socket.IO is half', async () => {
  const client = JSON.stringify(path.join(packed.stageOf('sdk/client'), 'index.js'))
  const whole = await gzipped(`import { AgentViewClient } from ${client}; globalThis.client = AgentViewClient`)
  expect(whole).toBeLessThan(30_000)
})

test('the hooks add at most 5 KB to a page that has the client and React', async () => {
  const hooks = await readFile(path.join(packed.stageOf('sdk/react'), 'index.js'))
  expect(gzipSync(hooks).length).toBeLessThan(5_000)
})

test('what is published says which of our versions it stands on', async () => {
  const manifest = JSON.parse(await readFile(path.join(packed.stageOf('sdk/client'), 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>
  }
  expect(manifest.dependencies['@agentview/contracts']).toMatch(/^\^\d/)
})
