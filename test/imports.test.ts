import path from 'node:path'
import { type Package, findViolations } from './imports/findViolations.ts'
import { readSource } from './imports/readSource.ts'
import { readPackages, readSources } from './imports/readWorkspaces.ts'

const root = path.resolve(import.meta.dirname, '..')

test('imports of the workspaces follow the arrows', () => {
  const packages = readPackages(root)
  expect(findViolations(packages, readSources(root, packages))).toEqual([])
})

test('the sources of every workspace are read', () => {
  const packages = readPackages(root)
  const read = readSources(root, packages).map(({ file }) => file)
  expect(read).toContain('cli/embedded/postgres.ts')
  expect(packages.map(({ name }) => name)).toContain('@shared/domain')
})

describe('the checker', () => {
  const everything = ['@shared/domain', '@shared/contracts', '@shared/store', '@shared/broker', '@services/api', 'pg']
  const packages: Package[] = [
    { name: '@shared/domain', folder: 'shared/domain', dependencies: everything },
    { name: '@shared/contracts', folder: 'shared/contracts', dependencies: ['@shared/domain'] },
    { name: '@shared/store', folder: 'shared/store', dependencies: everything },
    { name: '@shared/broker', folder: 'shared/broker', dependencies: everything },
    { name: '@services/api', folder: 'services/api', dependencies: everything },
    { name: '@services/realtime', folder: 'services/realtime', dependencies: everything },
    { name: '@workers/jobs', folder: 'workers/jobs', dependencies: everything },
    { name: '@agentview/client', folder: 'sdk/client', dependencies: everything },
    { name: 'agentview', folder: 'cli', dependencies: everything },
    { name: '@new/package', folder: 'new', dependencies: everything },
  ]

  test.each([
    ['shared/contracts/a.ts', `import { id } from '@shared/domain/ids'`, null],
    ['shared/domain/a.ts', `import type { A } from '@shared/contracts/a'`, 'must not import @shared/contracts'],
    ['shared/store/a.ts', `export * from '@shared/broker/port'`, 'must not import @shared/broker'],
    ['shared/broker/a.ts', `export { a } from '@shared/store/a'`, 'must not import @shared/store'],
    ['services/realtime/a.ts', `import '@services/api/app'`, 'must not import @services/api'],
    ['workers/jobs/a.ts', `const app = await import('@services/api/app')`, 'must not import @services/api'],
    ['sdk/client/a.ts', `let pool: import('@shared/store/pool').Pool`, 'must not import @shared/store'],
    ['cli/a.ts', `import app from '@services/api/app'; console.log(app, process.env.PORT)`, null],
    ['new/a.ts', `import { id } from '@shared/domain/ids'`, 'must not import @shared/domain'],
    ['shared/contracts/a.ts', `import pg from 'pg'`, 'pg is not in its package.json'],
    ['shared/store/a.ts', `import { readFile } from 'node:fs/promises'; import pg from 'pg'`, null],
    ['shared/store/deep/a.ts', `import { b } from '../b.ts'`, null],
    ['shared/store/deep/a.ts', `import { b } from '../../broker/b.ts'`, '../../broker/b.ts leaves its package'],
    ['shared/store/a.ts', `require.resolve('../../package.json')`, '../../package.json leaves its package'],
    ['shared/contracts/a.ts', `createRequire(import.meta.url).resolve('pg')`, 'pg is not in its package.json'],
    ['shared/contracts/a.ts', `import.meta.resolve('pg')`, 'pg is not in its package.json'],
    ['shared/contracts/a.ts', `Promise.resolve('refused')`, null],
    ['shared/store/a.ts', `const url = process.env.DATABASE_URL`, 'reads process.env'],
    ['shared/store/a.ts', `const { env } = process`, 'reads process.env'],
    ['shared/store/a.ts', `import { env } from 'node:process'`, 'reads process.env'],
    ['shared/store/a.ts', `// import '@shared/broker/port'\nconst text = "from '@services/api'"`, null],
    ['elsewhere/a.ts', `export {}`, 'belongs to no workspace'],
  ])('%s with %s: %s', (file, text, reason) => {
    expect(findViolations(packages, [readSource(file, text)])).toEqual(reason === null ? [] : [`${file}: ${reason}`])
  })
})
