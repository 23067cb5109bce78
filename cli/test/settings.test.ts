import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from '@jest/globals'
import { SETTINGS } from '../settings.ts'

const root = path.join(import.meta.dirname, '..', '..')

test.each(['.env.example', 'docs/configuration.md'])('%s names every setting with its meaning', async (file) => {
  const text = (await readFile(path.join(root, file), 'utf8')).replaceAll(/\s+/g, ' ')
  for (const { name, meaning, fallback } of SETTINGS) {
    expect(text).toContain(name)
    expect(text).toContain(meaning)
    expect(text).toContain(fallback)
  }
})
