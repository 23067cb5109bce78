import { appendFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { ToldMemory } from './keptMemory.ts'

// Loaded into a process of Node before its program (keptMemory.ts): on SIGUSR2 it collects its garbage and appends to a
// file what it had before and has after that.

const file = new URL(import.meta.url).searchParams.get('file')
if (file === null) throw new Error('tellMemory.js?file=… says where memory is told')

process.on('SIGUSR2', () => {
  setFlagsFromString('--expose-gc')
  const collectGarbage: () => void = runInNewContext('gc')
  const { rss, heapTotal } = process.memoryUsage()
  collectGarbage()
  const told: ToldMemory = { rss, heapTotal, heapUsed: process.memoryUsage().heapUsed }
  appendFileSync(file, `${JSON.stringify(told)}\n`)
})
