import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { unless } from 'agentview/embedded/startRefused'
import { repository } from '../cluster/repository.ts'

/**
 * What a process of Node keeps. Its resident size says little of that: V8 lets garbage lie for minutes while a machine has
 * memory, so that it rises and falls by half.
 */

/** Of one process at one moment, in bytes: resident size and V8's heap before a full collection, what is used after it. */
export interface ToldMemory {
  rss: number
  heapTotal: number
  heapUsed: number
}

const MIB = 1_024 ** 2
const ANSWERED_MS = 20_000
const LOOK_MS = 50

/** What it would have resident, in MB, if V8 held no room beside what is used: memory outside of V8 counts as well. */
export function keptMegabytes({ rss, heapTotal, heapUsed }: ToldMemory): number {
  return (rss - heapTotal + heapUsed) / MIB
}

/** Arguments of Node with which a process tells what it keeps, each time it is asked, in this file. */
export function tellingArguments(file: string): string[] {
  const url = pathToFileURL(path.join(repository, 'bench', 'dist', 'measure', 'tellMemory.js'))
  url.searchParams.set('file', file)
  return ['--import', url.href]
}

/** Asks such a process; it collects its garbage for that, which takes some 0.1 s. Megabytes. */
export async function askKeptMemory(pid: number, file: string): Promise<number> {
  const before = (await toldIn(file)).length
  process.kill(pid, 'SIGUSR2')
  const until = performance.now() + ANSWERED_MS
  while (performance.now() < until) {
    const told = (await toldIn(file))[before]
    if (told) return keptMegabytes(told)
    await sleep(LOOK_MS)
  }
  throw new Error(`process ${pid} did not tell its memory: was it started with ${tellingArguments(file).join(' ')}?`)
}

/** Whole lines only: the last one may still be being written. */
async function toldIn(file: string): Promise<ToldMemory[]> {
  const text = (await unless(readFile(file, 'utf8'), 'ENOENT')) ?? ''
  return text
    .split('\n')
    .slice(0, -1)
    .map((line): ToldMemory => JSON.parse(line))
}
