import { execFile } from 'node:child_process'
import path from 'node:path'
import { expect, test } from '@jest/globals'

const BIN = path.join(import.meta.dirname, '..', 'bin', 'agentview.js')

test.each(['18.20.8', '20.18.3'])('a Node that is too old (%s) is told in one line', async (version) => {
  const pretend = `data:text/javascript,Object.defineProperty(process.versions,'node',{value:'${version}'})`
  const { code, output } = await new Promise<{ code: unknown; output: string }>((resolve) => {
    execFile(process.execPath, ['--import', pretend, BIN, '--version'], (error, stdout, stderr) =>
      resolve({ code: error?.code, output: stdout + stderr }),
    )
  })
  expect(code).toBe(1)
  expect(output.trim().split('\n')).toEqual([
    expect.stringContaining(`needs Node 20.19 or newer; this is Node ${version}`),
  ])
})
