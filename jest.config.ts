/** @jest-config-loader esbuild-register */
import type { Config } from 'jest'

/** Tests that need Postgres and Redis; run by test/run.js, which starts them. */
const INFRASTRUCTURE = '\\.infra\\.test\\.tsx?$'
/** Tests that need a browser as well. */
const BROWSER = '\\.browser\\.test\\.tsx?$'

const common = {
  testEnvironment: 'node',
  // Tests read the sources of sibling workspaces, so that they need no build. Without 'import': packages that ship both
  // would then be loaded as ES modules by some importers and as CommonJS by others.
  testEnvironmentOptions: { customExportConditions: ['agentview-source', 'node', 'node-addons'] },
  extensionsToTreatAsEsm: ['.ts', '.tsx'],
  transform: {
    '\\.tsx?$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', tsx: true },
          transform: { react: { runtime: 'automatic' } },
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  // Workspaces are links in node_modules; Jest follows them first, so only real packages stay untransformed.
  transformIgnorePatterns: ['/node_modules/'],
  modulePathIgnorePatterns: ['<rootDir>/(?!node_modules/).*/dist/'],
}

function project(displayName: string, testMatch: string, ignored: string[] = []) {
  const testPathIgnorePatterns = ['/node_modules/', '/dist/', ...ignored]
  return { ...common, displayName, testMatch: [`<rootDir>/**/${testMatch}`], testPathIgnorePatterns }
}

const config: Config = {
  // For tests that hang. What a busy machine makes slow must not be taken for one.
  testTimeout: 180_000,
  // Most tests wait (for a lease to end, for a process to start), so that more files than cores run at once.
  maxWorkers: 3,
  // Sources and packages are loaded anew for each file, and V8 keeps what a file has left.
  workerIdleMemoryLimit: '1.5GB',
  projects: [
    project('pure', 'test/**/*.test.{ts,tsx}', [INFRASTRUCTURE, BROWSER]),
    project('infrastructure', '*.infra.test.{ts,tsx}'),
    project('browser', '*.browser.test.{ts,tsx}'),
  ],
}

export default config
