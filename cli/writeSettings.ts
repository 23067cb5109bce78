import { readFile, writeFile } from 'node:fs/promises'
import { envExample, withTable } from './settingsTexts.ts'

/** `npm run settings`, from the root of the repository: writes what people read of the table of settings. */
const PAGE = 'docs/configuration.md'
await writeFile('.env.example', envExample())
await writeFile(PAGE, withTable(await readFile(PAGE, 'utf8')))
